"""Budgets: what is set aside, what is refused, what is shared out."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.config import Budget, SearchSettings
from apo_ci.inputs.splits import Splits
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.model import Purpose
from apo_ci.search.plan import (
    BASELINE_SHARE,
    FEWEST_DEV_CASES,
    ROUND_SHARE,
    Plan,
    Refusal,
    make_plan,
    round_budget,
)
from apo_ci.search.spending import UNBOUNDED, Spending
from tests.unit.search.worlds import World, cases, prompt, world


def spending_of(place: World, asked: int = 0) -> Spending:
    task = place.task
    return Spending(place.ledger, task.settings.calls, lambda: asked, task.start, task.splits.train)


def plan_with(budget: Budget, settings: SearchSettings | None = None) -> tuple[Plan | Refusal, World]:
    place = world(lambda text: 0.5, sizes=(20, 20, 60), budget=budget, settings=settings)
    return make_plan(place.task, spending_of(place)), place


def test_the_confirmation_is_set_aside_before_the_search_spends() -> None:
    plan, place = plan_with(Budget(calls=400))
    assert isinstance(plan, Plan)
    assert len(plan.test) == 60
    assert place.ledger.remaining(Purpose.SEARCH).calls == 400 - 120  # start and winner
    assert place.ledger.remaining(Purpose.CONFIRM).calls == 400


def test_a_short_budget_shrinks_the_confirmation_and_says_so() -> None:
    plan, _ = plan_with(Budget(calls=140))
    assert isinstance(plan, Plan)
    assert 30 <= len(plan.test) < 60
    assert plan.note == f"The search used {len(plan.test)} of the 60 test cases."


def test_a_large_dev_split_is_sampled_so_that_the_start_does_not_eat_up_the_budget() -> None:
    for calls in (600, 4000):
        place = world(lambda text: 0.5, sizes=(20, 900, 60), budget=Budget(calls=calls))
        plan = make_plan(place.task, spending_of(place))
        assert isinstance(plan, Plan)
        assert len(plan.dev) == max(FEWEST_DEV_CASES, int(BASELINE_SHARE * calls))
        assert len(plan.dev) <= 0.25 * calls
        assert plan.note == f"The search used {len(plan.dev)} of the 900 dev cases."


def test_plans_for_hundreds_of_thousands_of_cases_take_no_time() -> None:
    place = world(lambda text: 0.5, sizes=(2000, 4000, 200), budget=Budget(calls=5000))
    parts = place.task.splits
    large = Splits(parts.train * 50, parts.dev * 50, cases(200_000, seed=9))
    plan = make_plan(dataclasses.replace(place.task, splits=large), spending_of(place))
    assert isinstance(plan, Plan)
    assert 1000 < len(plan.test) <= (5000 - len(plan.dev)) / 2  # start and winner


@pytest.mark.parametrize("budget", [Budget(calls=0), Budget(calls=90)])
def test_too_small_a_budget_is_refused_with_what_is_needed(budget: Budget) -> None:
    plan, place = plan_with(budget)
    assert isinstance(plan, Refusal)
    assert plan.reason == "budget too small"
    assert "needs about 1" in plan.explanation
    assert place.ledger.total.calls == 0


def test_the_searchs_own_cap_can_be_too_small_as_well() -> None:
    plan, _ = plan_with(Budget(calls=1000), SearchSettings(calls=20))
    assert isinstance(plan, Refusal)
    assert "search.calls allows it 20" in plan.explanation


def test_a_search_without_caps_is_not_refused() -> None:
    plan, place = plan_with(Budget())
    assert isinstance(plan, Plan)
    assert spending_of(place).calls_left() == UNBOUNDED


async def test_tokens_are_planned_by_what_requests_have_cost() -> None:
    place = world(lambda text: 0.5, budget=Budget(tokens=10_000))
    for _ in range(10):
        reservation = await place.ledger.reserve(Amount(1, 60), Purpose.HEAD)
        place.ledger.settle(reservation, Charge(1, 45, 5))
    spending = spending_of(place)
    assert spending.calls_left() == (10_000 - 500) // 50
    longer = place.task.start.with_demonstrations([(case.inputs, case.target) for case in place.task.splits.train[:6]])
    assert spending.calls_left((longer,)) < 0.5 * spending.calls_left()
    assert spending_of(dataclasses.replace(place, ledger=place.ledger.child(Budget()))).calls_left() == 190


def test_time_is_planned_by_the_pace_so_far_and_leaves_some_for_the_confirmation() -> None:
    now = SimpleNamespace(seconds=0.0)
    ledger = Ledger(Budget(seconds=100), clock=lambda: now.seconds)
    asked = SimpleNamespace(number=0)
    spending = Spending(ledger, None, lambda: asked.number, prompt(), cases(4))
    assert spending.calls_left() == UNBOUNDED
    spending.set_aside(40, ())
    now.seconds, asked.number = 50.0, 100
    assert spending.calls_left() == 100 - 40
    assert spending.tightest_cap() == "seconds"
    now.seconds = 100.0
    assert spending.calls_left() == 0


@given(left=st.integers(0, 5000), rounds=st.integers(1, 20))
def test_rounds_share_what_is_left_and_leave_no_crumbs(left: int, rounds: int) -> None:
    budget = round_budget(left, rounds)
    assert 0 <= budget <= left
    assert budget == left or left - budget >= 32
    assert budget >= ROUND_SHARE * left
    assert budget * rounds >= left
