"""The beam search of the paper, by what it asks of the models."""

from __future__ import annotations

from collections import Counter

import pytest

from apo_ci.lm.model import Purpose
from apo_ci.search.selection.rationed import PAPER
from tests.unit.search.optimizers.places import kind, made, place, search, trials


@pytest.mark.parametrize("optimizer", ["protegi", "monte_carlo", "reinforce"])
def test_a_parent_has_at_most_so_many_successors(optimizer: str) -> None:
    result, reports = search(place(optimizer, None, max_expansion_factor=5, rounds=3))
    assert [report.round for report in reports] == [0, 1, 2, 3]
    assert max(made(result).values()) <= 5
    assert result.finish_reason == "complete"


def reviewed(text: str) -> str:
    """The case of a request."""
    return text.rsplit("Review: ", 1)[1].split("\n")[0]


def test_protegi_and_monte_carlo_fill_the_papers_numbers() -> None:
    for optimizer in ("protegi", "monte_carlo"):
        result, _ = search(place(optimizer, None, rounds=2))
        by_parent = made(result)
        assert by_parent[1, 0] == 8
        assert sorted(by_parent[key] for key in by_parent if key[0] == 2)[-1] == 8
        assert 1 < sum(key[0] == 2 for key in by_parent) <= 4


def test_protegi_asks_for_four_gradients_an_edit_each_and_two_paraphrases_of_each_edit() -> None:
    where = place("protegi", None, rounds=1)
    result, _ = search(where)
    assert Counter(map(kind, where.scribe.requests)) == {"reasons": 4, "parts": 4 + 8}
    gradients = [request.messages[-1].content for request in where.scribe.requests if kind(request) == "reasons"]
    assert [text.count("Right answer:") for text in gradients] == [4] * 4
    drawn = [trial for trial in result.history if trial.round == 1 and trial.dev_n]
    left = [trial for trial in result.history if trial.fate.startswith("not tried: not among")]
    assert (len(drawn), len(left)) == (8, 4)


def test_successors_are_drawn_at_random() -> None:
    drawn = set()
    for seed in range(3):
        result, _ = search(place("protegi", None, rounds=1, seed=seed))
        drawn.add(tuple(trial.candidate.id for trial in result.history if trial.round == 1 and trial.dev_n))
    assert len(drawn) == 3


def test_a_parent_meets_a_minibatch_of_64_train_cases() -> None:
    where = place("protegi", None, rounds=1)
    search(where)
    train = {case.inputs["review"] for case in where.task.splits.train}
    assert sum(reviewed(text) in train for text, _ in where.model.asked) == 64


def test_a_round_has_25_dev_cases_for_each_prompt() -> None:
    where = place("monte_carlo", None, rounds=1)
    _, reports = search(where)
    asked = [purpose for _, purpose in where.model.asked].count(Purpose.SEARCH) - 60  # less the start's dev score
    best = 60  # whose dev cases are completed at the end
    assert 8 * PAPER <= asked <= 8 * PAPER + best
    assert len(reports) == 2


def test_without_failures_the_parent_is_paraphrased() -> None:
    where = place("protegi", None, rounds=1)
    train = {case.inputs["review"] for case in where.task.splits.train}
    where.model.accuracy = lambda text: float(reviewed(text) in train)
    search(where)
    assert Counter(map(kind, where.scribe.requests)) == {"parts": 8}


def test_when_the_budget_is_short_the_best_parents_are_expanded() -> None:
    one_parent = 8 * (1 + PAPER)
    where = place("monte_carlo", 60 + 80 + one_parent + 2 * one_parent + 3 * PAPER)
    result, _ = search(where)
    second = {key: number for key, number in made(result).items() if key[0] == 2}
    assert len(second) == 2
    scores = {trial.candidate.id: trial.dev_score or 0.0 for trial in result.history}
    first = sorted((trial.candidate.id for trial in trials(result) if trial.round == 1), key=scores.__getitem__)
    assert {parent for _, parent in second} <= {0, *first[-4:]}


def test_the_last_of_the_budget_buys_fewer_successors() -> None:
    where = place("monte_carlo", 60 + 80 + 3 * (1 + PAPER))
    result, _ = search(where)
    assert made(result)[1, 0] == 3


def test_monte_carlo_shows_no_case() -> None:
    where = place("monte_carlo", None, rounds=2)
    search(where)
    assert where.scribe.requests
    for request in where.scribe.requests:
        assert not any("Right answer" in message.content for message in request.messages)
