"""The agent of the `autogpt` baseline, turn by turn."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count, pairwise

from apo_ci.lm.model import Request
from tests.unit.search.optimizers.places import kind, place, search, trials


def test_autogpt_has_six_turns_of_one_request_and_goes_on_from_its_own_last_prompt() -> None:
    where = place("autogpt", None)
    result, reports = search(where)
    assert [report.round for report in reports] == list(range(7))
    assert Counter(map(kind, where.scribe.requests)) == {"criticism+parts": 6}
    turns = [trial.candidate for trial in trials(result)]
    assert [turn.parent for turn in turns] == [turn.id - 1 for turn in turns]
    assert {turn.operator for turn in turns} == {"critique"}


def test_autogpt_sees_its_score_and_up_to_sixteen_errors_of_a_fresh_minibatch() -> None:
    where = place("autogpt", None, accuracy=lambda text: 0.5)
    search(where)
    for request in where.scribe.requests:
        text = request.messages[-1].content
        assert text.count("Right answer:") == 16
        assert "the model scored 0." in text


def test_autogpts_result_is_the_best_of_its_turns_on_dev() -> None:
    answers = count(1)

    def scribe(request: Request) -> str:
        return json.dumps(
            {"criticism": "c", "parts": [{"id": 1, "text": f"Judge the review by turn {next(answers)}."}]}
        )

    def worth(text: str) -> float:
        return 0.95 if "turn 2." in text else 0.3

    result, _ = search(place("autogpt", None, worth, scribe))
    assert "turn 2." in result.winner.prompt.body
    assert result.winner.gradient == "c"


def test_autogpt_keeps_its_prompt_when_a_reply_is_of_no_use() -> None:
    answers = count(1)

    def scribe(request: Request) -> str:
        turn = next(answers)
        text = f"Judge the review by turn {turn}."
        return json.dumps({"criticism": "c", "parts": [{"id": 1, "text": text}]}) if turn % 2 else "Sorry."

    result, _ = search(place("autogpt", None, answer=scribe))
    turns = [trial.candidate for trial in trials(result)]
    assert [turn.round for turn in turns] == [1, 3, 5]
    assert [turn.parent for turn in turns] == [0, 1, 2]


def test_autogpts_turns_share_the_budget_evenly() -> None:
    _, reports = search(place("autogpt", 400))
    left = [report.calls_left for report in reports]
    assert left[0] is not None
    spent = [before - after for before, after in pairwise(left) if before is not None and after is not None]
    assert len(spent) == 6
    assert max(spent) <= left[0] / 6 + 6
