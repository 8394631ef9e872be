"""Minibatches: what parents do on train cases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.config import SearchSettings
from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.optimizers.minibatches import SHARE, SMALLEST, Minibatches
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.state import SearchState
from tests.unit.search.worlds import START, prompt, world

SIZE = 16
BUDGET = 1000
Answers = Callable[[Candidate, Case], float | None]


class Place:
    """A search state whose task model answers by `score`; `None` is an error."""

    def __init__(self, score: Answers, train: int = 60, **settings: object):
        chosen = SearchSettings.model_validate({"minibatch_size": SIZE, "seed": 1, **settings})
        self.state = SearchState(world(lambda text: 0.5, sizes=(train, 10, 10), settings=chosen).task)
        self.state.outcomes = Outcomes(self._evaluate)
        self._score = score

    async def _evaluate(self, one: Candidate, cases: object) -> Evaluation:
        outcomes = []
        for case in cases:  # type: ignore[attr-defined]
            value = self._score(one, case)
            score = None if value is None else Score(value, "")
            outcomes.append(Outcome(case, 0, "", score, "lost" if value is None else None))
        return Evaluation(one.prompt, tuple(outcomes))

    def child(self, text: str, of: Candidate) -> Candidate:
        return self.state.roster.enrol(Draft(prompt(text + START), of, "edit", "why"), 1)

    def meet(self, one: Candidate, cases: list[Case]) -> None:
        asyncio.run(self.state.outcomes.obtain([(one, cases)]))

    def draw(
        self, *parents: Candidate, budget: int = BUDGET, number: int = 1, widened: bool = False, criticise: bool = True
    ) -> dict[int, tuple[Outcome, ...]]:
        turn = Round(number, parents, budget, widened)
        drawn = Minibatches(self.state, 1.0).draw(turn, parents, parents if criticise else ())
        return asyncio.run(drawn)


def half(one: Candidate, case: Case) -> float:
    return float(case.line % 2)


def values(outcomes: tuple[Outcome, ...]) -> list[float]:
    return [outcome.score.value for outcome in outcomes if outcome.score is not None]


def test_half_of_a_minibatch_are_failures_where_there_are_as_many() -> None:
    place = Place(half)
    place.meet(place.state.start, list(place.state.train))
    assert sorted(values(place.draw(place.state.start)[0])) == [0.0] * (SIZE // 2) + [1.0] * (SIZE // 2)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_all_fail_or_all_pass_it_is_full_all_the_same(value: float) -> None:
    place = Place(lambda one, case: value)
    place.meet(place.state.start, list(place.state.train))
    assert values(place.draw(place.state.start)[0]) == [value] * SIZE


def test_what_is_known_is_not_asked_again() -> None:
    place = Place(half)
    place.draw(place.state.start)
    asked = place.state.outcomes.asked
    first = place.draw(place.state.start, number=2)
    again = place.draw(place.state.start, number=2)
    assert [outcome.case.id for outcome in first[0]] == [outcome.case.id for outcome in again[0]]
    assert place.state.outcomes.asked <= asked + SIZE


def test_enough_known_failures_make_asking_needless() -> None:
    place = Place(lambda one, case: 0.0)
    place.meet(place.state.start, list(place.state.train[: SIZE // 2]))
    place.draw(place.state.start)
    assert place.state.outcomes.asked == SIZE // 2


def test_parents_that_are_not_criticised_are_asked_nothing() -> None:
    place = Place(half)
    assert place.draw(place.state.start, criticise=False) == {0: ()}
    assert place.state.outcomes.asked == 0


def test_cases_that_an_ancestor_failed_are_asked_first() -> None:
    place = Place(half)
    place.meet(place.state.start, list(place.state.train))
    child = place.child("Think. ", place.state.start)
    assert set(values(place.draw(child)[child.id])) == {0.0}


def test_the_nearest_ancestor_counts() -> None:
    place = Place(lambda one, case: float(case.line % 2 == (one.id == 0)))
    place.meet(place.state.start, list(place.state.train))
    child = place.child("Think. ", place.state.start)
    place.meet(child, list(place.state.train))
    grandchild = place.child("Think twice. ", child)
    assert {outcome.case.line % 2 for outcome in place.draw(grandchild)[grandchild.id]} == {1}


def test_an_ancestors_errored_case_is_no_pass() -> None:
    place = Place(lambda one, case: (None if case.line % 2 else 1.0) if one.id == 0 else 0.0)
    place.meet(place.state.start, list(place.state.train))
    child = place.child("Think. ", place.state.start)
    assert {outcome.case.line % 2 for outcome in place.draw(child)[child.id]} == {1}


def test_errored_cases_are_in_no_minibatch() -> None:
    place = Place(lambda one, case: None if case.line % 2 else 0.0)
    place.meet(place.state.start, list(place.state.train))
    assert all(outcome.score is not None for outcome in place.draw(place.state.start)[0])


def test_cases_that_the_prompt_shows_are_left_out() -> None:
    place = Place(half, train=20)
    shown = place.state.train[:8]
    examples = [(case.inputs, str(case.target)) for case in shown]
    draft = Draft(place.state.start.prompt.with_demonstrations(examples), place.state.start, "demonstrations")
    parent = place.state.roster.enrol(draft, 1)
    drawn = place.draw(parent, widened=True)[parent.id]
    assert drawn
    assert not {case.id for case in shown} & {outcome.case.id for outcome in drawn}


def test_a_widened_search_looks_at_twice_as_many() -> None:
    place = Place(half)
    assert len(place.draw(place.state.start, widened=True)[0]) == 2 * SIZE


@given(budget=st.integers(0, 400), parents=st.integers(1, 4))
def test_no_more_than_a_share_of_the_round_is_asked(budget: int, parents: int) -> None:
    place = Place(half)
    line = [place.state.start]
    for number in range(1, parents):
        line.append(place.child(f"{number}. ", place.state.start))
    place.draw(*line, budget=budget)
    assert place.state.outcomes.asked <= max(SMALLEST * parents, budget // SHARE)


def test_a_small_train_split_is_used_up() -> None:
    place = Place(half, train=3)
    assert len(place.draw(place.state.start)[0]) == 3


def test_without_train_cases_minibatches_are_empty() -> None:
    assert Place(half, train=0).draw(Place(half, train=0).state.start) == {0: ()}
