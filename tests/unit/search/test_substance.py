"""Scores that are no gain: one answer for every case, and several answers in every reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.score import Scorer
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import ContainsSettings, JsonSettings, LabelSettings, RegexSettings
from apo_ci.search.substance import objection
from tests.unit.search.worlds import chance, prompt

LABELS = ("Yes", "No")
LABEL = make_scorer((LabelSettings(type="label", labels=LABELS),))
CONTAINS = make_scorer((ContainsSettings(type="contains"),))
PATTERN = make_scorer((RegexSettings(type="regex", pattern="^(Yes|No|Maybe)$"),))
JSON = make_scorer((JsonSettings(type="json"), ContainsSettings(type="contains")))


def cases(number: int, targets: Sequence[str] = LABELS) -> list[Case]:
    return [Case(str(nth), {"review": f"number {nth}"}, targets[nth % len(targets)]) for nth in range(number)]


def evaluation(of: Sequence[Case], reply: Callable[[Case], str], scorer: Scorer) -> Evaluation:
    replies = ((case, reply(case)) for case in of)
    return Evaluation(prompt(), tuple(Outcome(case, 0, text, scorer.score(case, text)) for case, text in replies))


def right(rate: float) -> Callable[[Case], str]:
    def reply(case: Case) -> str:
        wrong = LABELS[case.target == LABELS[0]]
        return str(case.target) if chance(case.id, rate) < rate else wrong

    return reply


def found(start: Callable[[Case], str], winner: Callable[[Case], str], scorer: Scorer, of: Sequence[Case]) -> str:
    return objection(evaluation(of, start, scorer), evaluation(of, winner, scorer), scorer, 0.95)


@pytest.mark.parametrize("scorer", [LABEL, CONTAINS])
def test_one_answer_for_all_cases_is_no_answer(scorer: Scorer) -> None:
    mostly = cases(40, ("Yes",) * 9 + ("No",))
    assert "the same answer to all 40" in found(right(0.6), lambda case: "Yes.", scorer, mostly)


def test_one_reply_for_all_cases_is_no_answer_where_the_scorer_knows_no_targets_either() -> None:
    assert "the same answer" in found(right(0.6), lambda case: "Maybe", PATTERN, cases(40, ("ok",) * 2 + ("fine",)))


def test_replies_that_hold_every_answer_are_objected_to_however_poor_the_start() -> None:
    both = found(right(0.5), lambda case: f"{case.id}: Yes or No", CONTAINS, cases(40))
    assert "several answers instead of one" in both


def test_a_hedge_on_some_of_the_cases_is_found_too() -> None:
    def reply(case: Case) -> str:
        return "Yes or No" if int(case.id) % 3 == 0 else right(0.6)(case)

    assert "several answers" in found(right(0.6), reply, CONTAINS, cases(90))


@pytest.mark.parametrize("scorer", [LABEL, CONTAINS, JSON])
def test_an_honest_gain_is_not_objected_to(scorer: Scorer) -> None:
    def quoted(rate: float) -> Callable[[Case], str]:
        return lambda case: f'"{right(rate)(case)}"'

    assert found(quoted(0.6), quoted(0.9), scorer, cases(120)) == ""


def test_a_gain_in_form_alone_is_not_objected_to() -> None:
    assert found(lambda case: f"It is {right(0.7)(case)}", right(0.7), PATTERN, cases(60)) == ""


def test_a_handful_of_equal_answers_may_be_luck() -> None:
    assert found(right(0.5), lambda case: "Yes", LABEL, cases(5)) == ""


def test_a_loss_of_label_accuracy_is_for_the_comparison_to_tell() -> None:
    assert found(right(0.7), right(0.68), LABEL, cases(60)) == ""
