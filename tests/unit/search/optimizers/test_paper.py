"""What holds for all optimizers of arXiv 2305.03495: whole searches in small worlds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from apo_ci.config import PROTEGI, SearchSettings
from apo_ci.lm.model import Purpose, Request
from tests.unit.search.optimizers.places import LONG, PAPER, place, search


@pytest.mark.parametrize("optimizer", PAPER)
def test_it_brings_the_papers_settings_and_what_is_set_beside_it_goes_before(optimizer: str) -> None:
    settings = SearchSettings.model_validate({"optimizer": optimizer, "rounds": 2})
    expected = {**PROTEGI, "optimizer": optimizer, "rounds": 2}
    assert {name: getattr(settings, name) for name in expected} == expected


def test_the_default_optimizer_keeps_its_own_settings() -> None:
    assert SearchSettings.model_validate({"optimizer": "apo"}) == SearchSettings()


@pytest.mark.parametrize("optimizer", PAPER)
@pytest.mark.parametrize("calls", [170, 233, 400, 901])
def test_no_cap_is_exceeded(optimizer: str, calls: int) -> None:
    where = place(optimizer, calls)
    result, _ = search(where)
    assert where.ledger.total.calls <= calls
    assert result.confirmation is None or result.confirmation.unevaluated == 0


@pytest.mark.parametrize("optimizer", PAPER)
def test_the_same_seed_gives_the_same_search(optimizer: str) -> None:
    first, second = (search(place(optimizer))[0] for _ in range(2))
    assert [(trial.candidate.prompt.source, trial.dev_score, trial.fate) for trial in first.history] == [
        (trial.candidate.prompt.source, trial.dev_score, trial.fate) for trial in second.history
    ]


@pytest.mark.parametrize("optimizer", PAPER)
@pytest.mark.parametrize(
    "answer",
    [
        lambda request: "",
        lambda request: "the same text",
        lambda request: json.dumps({"parts": [{"id": 1, "text": LONG}], "reasons": ["x"], "criticism": "x"}),
        lambda request: json.dumps({"parts": [{"id": 1, "text": "word " * 10_000}], "reasons": ["r"], "criticism": 3}),
        lambda request: json.dumps({"parts": [{"id": 1, "text": "{{ review }}"}], "reasons": ["r"], "criticism": ""}),
    ],
)
def test_a_useless_optimizer_model_ends_well(optimizer: str, answer: Callable[[Request], str]) -> None:
    result, _ = search(place(optimizer, answer=answer, accuracy=lambda text: 0.6))
    assert result.finish_reason in ("no usable proposals", "complete", "budget: calls")
    assert all(trial.dev_n == 0 for trial in result.history if trial.fate.startswith("refused"))
    assert result.status != "better"


@pytest.mark.parametrize("optimizer", PAPER)
def test_a_better_prompt_is_found_and_confirmed(optimizer: str) -> None:
    words = {"protegi": "rule 7", "monte_carlo": "rule 7", "autogpt": "rule 7", "reinforce": "Do not explain"}
    helps = optimizer != "reinforce"  # which has to take something away

    def worth(text: str) -> float:
        return 0.9 if (words[optimizer] in text) == helps else 0.4

    result, _ = search(place(optimizer, 1200, worth, exploration=0.5))
    assert result.status == "better"
    assert (words[optimizer] in result.winner.prompt.body) == helps


@pytest.mark.parametrize("optimizer", PAPER)
def test_test_cases_are_met_in_the_confirmation_alone(optimizer: str) -> None:
    where = place(optimizer)
    search(where)
    test = {case.inputs["review"] for case in where.task.splits.test}
    for text, purpose in where.model.asked:
        assert (text.rsplit("Review: ", 1)[1].rsplit("\n", 1)[0] in test) == (purpose == Purpose.CONFIRM)


@pytest.mark.parametrize("optimizer", PAPER)
def test_a_prompt_without_editable_text_costs_no_request_to_the_optimizer_model(optimizer: str) -> None:
    where = place(optimizer, start="{# apo: keep #}Review: {{ review }}\nLabel:{# apo: end #}")
    result, _ = search(where)
    assert where.scribe.requests == []
    assert (result.status, result.finish_reason) == ("none", "no usable proposals")


@pytest.mark.parametrize("optimizer", PAPER)
def test_without_train_cases_a_search_ends_well(optimizer: str) -> None:
    result, _ = search(place(optimizer, 600, sizes=(0, 60, 40)))
    assert result.finish_reason in ("complete", "budget: calls", "no usable proposals")


@pytest.mark.parametrize(
    "settings", [{"n_gradients": 0}, {"mc_samples_per_step": 0}, {"minibatch_size": 1}, {"max_expansion_factor": 1}]
)
@pytest.mark.parametrize("optimizer", PAPER)
def test_any_settings_give_a_search_within_its_budget(optimizer: str, settings: dict[str, Any]) -> None:
    where = place(optimizer, 500, **settings)
    _, reports = search(where)
    assert where.ledger.total.calls <= 500
    assert len(reports) > 1
