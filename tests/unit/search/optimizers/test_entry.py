"""The entry gate lets through what mends more than it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.optimizers.entry import Applicant, cost, entry_gate
from apo_ci.search.outcomes import Outcomes
from tests.unit.search.worlds import cases, prompt

TRAIN = cases(12)
FAILED, PASSED = TRAIN[:6], TRAIN[6:]


def outcome(case: Case, value: float) -> Outcome:
    return Outcome(case, 0, "", Score(value, ""))


MINIBATCH = (*(outcome(case, 0.0) for case in FAILED), *(outcome(case, 1.0) for case in PASSED))


def gate(right: Sequence[Case], budget: int = 100, written_for: Sequence[Case] = FAILED[:4]) -> tuple[bool, int]:
    """Whether a candidate that answers the cases `right` gets in, and what that cost."""

    async def evaluate(candidate: Candidate, wanted: Sequence[Case]) -> Evaluation:
        return Evaluation(candidate.prompt, tuple(outcome(case, float(case in right)) for case in wanted))

    outcomes = Outcomes(evaluate)
    candidate = Candidate(prompt(), 1, 0, "edit", "a reason", 1)
    applicant = Applicant(candidate, tuple(written_for), MINIBATCH, 1.0)
    fates = asyncio.run(entry_gate([applicant], outcomes, budget))
    return not fates, outcomes.asked


def test_who_mends_what_it_was_written_for_gets_in() -> None:
    assert gate([*FAILED[:2], *PASSED]) == (True, 6)


def test_who_mends_nothing_is_turned_away_before_it_meets_a_pass() -> None:
    assert gate(PASSED) == (False, 4)


def test_who_breaks_as_much_as_it_mends_is_turned_away() -> None:
    assert gate(FAILED[:2]) == (False, 6)


def test_who_breaks_less_than_it_mends_gets_in() -> None:
    assert gate(FAILED[:4])[0]


def test_who_was_not_written_for_anything_goes_on_untried() -> None:
    assert gate((), written_for=()) == (True, 0)


def test_who_cannot_be_afforded_goes_on_untried() -> None:
    assert gate((), budget=cost(4) - 1) == (True, 0)
