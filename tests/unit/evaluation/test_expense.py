"""What calls of two prompts take, on the cases that both answered."""

from __future__ import annotations

import math

import pytest

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.expense import expenses
from apo_ci.evaluation.score import Score
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.model import Usage
from tests.unit.evaluation.builders import BASE, HEAD, case

RIGHT = Score(1.0, "correct")


def taken(prompt: Prompt, *calls: tuple[int, int, float | None] | None) -> Evaluation:
    """One outcome for each call: prompt tokens, completion tokens and seconds; `None` is a call that failed."""
    outcomes = [
        Outcome(case(number), 0, None, None, "timed out")
        if call is None
        else Outcome(case(number), 0, "Yes", RIGHT, usage=Usage(call[0], call[1]), seconds=call[2])
        for number, call in enumerate(calls)
    ]
    return Evaluation(prompt, tuple(outcomes))


def test_tokens_are_means_and_seconds_a_median() -> None:
    found = expenses(
        taken(BASE, (100, 2, 0.1), (200, 4, 0.2), (300, 6, 9.0)), taken(HEAD, (50, 1, 1), (50, 1, 2), (50, 1, 3))
    )
    assert found is not None
    assert (found.base.prompt_tokens, found.base.completion_tokens, found.base.seconds) == (200, 4, 0.2)
    assert (found.base.tokens, found.head.tokens, found.n) == (204, 51, 3)
    assert found.saving == pytest.approx(0.75)


def test_cases_that_one_side_lacks_a_reply_to_count_on_neither() -> None:
    found = expenses(taken(BASE, (100, 0, None), (900, 0, None), None), taken(HEAD, (80, 0, None), None, (1, 0, None)))
    assert found is not None
    assert (found.base.tokens, found.head.tokens, found.n) == (100, 80, 1)
    assert found.base.seconds is None


def test_without_a_common_case_there_is_nothing_to_say() -> None:
    assert expenses(taken(BASE, None), taken(HEAD, (1, 1, 1.0))) is None


def test_replicates_of_a_case_count_as_one() -> None:
    twice = Evaluation(
        BASE,
        (
            *(Outcome(case(0), replicate, "Yes", RIGHT, usage=Usage(100, 0)) for replicate in range(2)),
            Outcome(case(1), 0, "Yes", RIGHT, usage=Usage(400, 0)),
        ),
    )
    found = expenses(twice, taken(HEAD, (10, 0, None), (10, 0, None)))
    assert found is not None
    assert found.base.tokens == 250


def test_a_saving_that_is_the_same_on_every_case_is_certain() -> None:
    before, after = ([(tokens + number, 1, None) for number in range(20)] for tokens in (100, 90))
    found = expenses(taken(BASE, *before), taken(HEAD, *after))
    assert found is not None
    assert found.high == pytest.approx(-10)


def test_a_saving_that_comes_and_goes_is_not_shown() -> None:
    swinging = taken(HEAD, *[(10, 300 if n % 2 else 1, None) for n in range(20)])
    found = expenses(taken(BASE, *[(10, 160, None)] * 20), swinging)
    assert found is not None
    assert found.saving > 0
    assert found.high > 0


def test_one_case_shows_nothing() -> None:
    found = expenses(taken(BASE, (100, 1, None)), taken(HEAD, (10, 1, None)))
    assert found is not None
    assert found.high == math.inf


def test_a_guess_by_length_is_told_from_a_report() -> None:
    guessed = Evaluation(HEAD, (Outcome(case(0), 0, "Yes", RIGHT, usage=Usage(9, 1, reported=False)),))
    found = expenses(taken(BASE, (10, 1, None)), guessed)
    assert found is not None
    assert (found.base.reported, found.head.reported) == (True, False)
