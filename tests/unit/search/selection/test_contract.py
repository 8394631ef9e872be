"""What every selector promises: never over budget, never the same pull twice, prefixes of one order, fair ties."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.config import SearchSettings
from apo_ci.errors import InputError
from apo_ci.evaluation.evaluate import Evaluation
from apo_ci.evaluation.metrics import make_metric
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.pulls import Pulls, freeze_order
from apo_ci.search.selection.factory import make_selector
from apo_ci.search.selection.selector import LEFT_OUT, sign_test
from tests.unit.search.selection.bandit import ALL, Bandit, selector
from tests.unit.search.worlds import cases

every_selector = pytest.mark.parametrize("name", ALL)
INSTANCES = {
    "means": st.lists(st.floats(0, 1), min_size=1, max_size=20),
    "size": st.integers(1, 80),
    "budget": st.integers(0, 900),
    "keep": st.integers(1, 4),
    "ahead": st.lists(st.integers(0, 80), max_size=3),
    "seed": st.integers(0, 1000),
}


def bandit_with(means: Sequence[float], size: int, ahead: Sequence[int], seed: int) -> Bandit:
    """Arms, the first of which earlier rounds have brought to prefixes of `ahead`."""
    bandit = Bandit(means, size, seed)
    for arm, upto in zip(bandit.arms, ahead, strict=False):
        bandit.pull([arm], min(upto, size))
    return bandit


def is_as_good(pulls: Pulls, rival: Candidate, arm: Candidate) -> bool:
    """Whether there is a length at which `rival`, as far as it was tried, is not behind `arm`."""
    met = pulls.count(rival)
    return any(pulls.estimate(rival, min(met, n)) >= pulls.estimate(arm, n) for n in range(1, pulls.size + 1))


@every_selector
@settings(max_examples=40, deadline=None)
@given(**INSTANCES)
def test_a_selector_stays_in_its_budget_and_repeats_no_pull(
    name: str, means: list[float], size: int, budget: int, keep: int, ahead: list[int], seed: int
) -> None:
    bandit = bandit_with(means, size, ahead, seed)
    before = bandit.pulls.spent
    bandit.select(selector(name, seed), keep, budget)
    assert bandit.pulls.spent - before <= budget
    assert bandit.pulls.spent == bandit.asked.total()
    assert max(bandit.asked.values(), default=1) == 1


@every_selector
@settings(max_examples=30, deadline=None)
@given(**INSTANCES)
def test_every_arm_has_seen_a_prefix_of_the_one_order_and_all_are_accounted_for(
    name: str, means: list[float], size: int, budget: int, keep: int, ahead: list[int], seed: int
) -> None:
    bandit = bandit_with(means, size, ahead, seed)
    selection = bandit.select(selector(name, seed), keep, budget)
    for arm in bandit.arms:
        prefix = {case.id for case in bandit.pulls.order.cases[: bandit.pulls.count(arm)]}
        assert {case for number, case in bandit.asked if number == arm.id} == prefix
    kept = [arm.id for arm in selection.kept]
    assert len(kept) == len(set(kept)) <= keep
    assert set(kept) | set(selection.fates) == {arm.id for arm in bandit.arms}
    assert not set(kept) & set(selection.fates)


@every_selector
@settings(max_examples=40, deadline=None)
@given(**INSTANCES)
def test_an_arm_that_needs_no_pulls_leaves_only_at_the_end_and_only_for_others_as_good(
    name: str, means: list[float], size: int, budget: int, keep: int, ahead: list[int], seed: int
) -> None:
    bandit = bandit_with(means, size, [size] * len(ahead), seed)
    free = [arm for arm in bandit.arms if bandit.pulls.cost(arm, size) == 0]
    selection = bandit.select(selector(name, seed), keep, budget)
    for arm in free:
        if arm not in selection.kept:
            assert selection.fates[arm.id] == f"dropped: others did better on {size} cases"
            assert len(selection.kept) == keep
            assert all(is_as_good(bandit.pulls, rival, arm) for rival in selection.kept)


@every_selector
@settings(max_examples=30, deadline=None)
@given(budget=st.integers(0, 200), size=st.integers(6, 60), number=st.integers(1, 12))
def test_where_the_budget_is_too_small_the_last_arms_are_left_out(
    name: str, budget: int, size: int, number: int
) -> None:
    bandit = Bandit([0.5] * number, size)
    fates = bandit.select(selector(name), 2, budget).fates
    left_out = [arm.id for arm in bandit.arms if fates.get(arm.id) == LEFT_OUT]
    assert left_out == list(range(number - len(left_out), number))
    assert all(bandit.pulls.count(arm) == 0 for arm in bandit.arms if arm.id in left_out)


@every_selector
def test_as_many_arms_as_a_selector_asks_for_can_all_be_tried(name: str) -> None:
    for budget in (20, 100, 300, 700):
        for size in (12, 48, 96):
            number = min(32, selector(name).arms(budget, size))
            bandit = Bandit([0.5] * number, size)
            bandit.select(selector(name), 2, budget)
            assert all(bandit.pulls.count(arm) >= 4 for arm in bandit.arms)


@every_selector
def test_more_budget_is_enough_for_more_arms(name: str) -> None:
    numbers = [selector(name).arms(budget, 64) for budget in (60, 120, 240, 480, 960)]
    assert numbers == sorted(set(numbers))


@every_selector
def test_the_same_seed_gives_the_same_selection(name: str) -> None:
    first, second = (Bandit([0.5, 0.6, 0.7, 0.6, 0.5, 0.5], 48, seed=4) for _ in range(2))
    one, other = (bandit.select(selector(name, 7), 2, 150) for bandit in (first, second))
    assert ([arm.id for arm in one.kept], one.fates) == ([arm.id for arm in other.kept], other.fates)
    assert first.asked == second.asked


@every_selector
def test_ties_fall_by_the_seed_and_not_by_the_text(name: str) -> None:
    def winner(seed: int, *, reword: bool = False) -> int:
        bandit = Bandit([1.0] * 6, 20)
        if reword:
            bandit.reword()
        return bandit.select(selector(name, seed), 1, 500).kept[0].id

    winners = [winner(seed) for seed in range(30)]
    assert len(set(winners)) >= 4
    assert winners == [winner(seed, reword=True) for seed in range(30)]


@every_selector
def test_an_arm_that_is_better_on_every_case_is_kept(name: str) -> None:
    bandit = Bandit([0.0, 0.0, 0.0, 1.0, 0.0], 40)
    assert bandit.select(selector(name), 1, 120).kept[0].id == 3


@every_selector
def test_what_an_earlier_round_has_shown_counts(name: str) -> None:
    bandit = Bandit([1.0, 0.6, 0.6], 40)
    bandit.pull(bandit.arms[:1], 40)
    assert bandit.select(selector(name), 1, 40).kept[0].id == 0


@every_selector
def test_an_arm_that_was_never_pulled_is_not_kept(name: str) -> None:
    bandit = Bandit([0.0, 1.0, 1.0], 30)
    bandit.pull(bandit.arms[:1], 30)
    selection = bandit.select(selector(name), 2, 0)
    assert selection.kept == (bandit.arms[0],)
    assert selection.fates == {1: LEFT_OUT, 2: LEFT_OUT}


@every_selector
def test_nothing_is_selected_from_nothing(name: str) -> None:
    bandit = Bandit([0.5], 10)
    assert asyncio.run(selector(name).select([], 2, bandit.pulls, 100)).kept == ()


@every_selector
@pytest.mark.parametrize("broken", ["unrenderable", "out of money"])
def test_arms_without_replies_end_the_selection_and_do_not_win(name: str, broken: str) -> None:
    bandit = Bandit([0.9, 0.8, 0.7, 0.6], 30)

    async def evaluate(arm: Candidate, wanted: Sequence[Case]) -> Evaluation:
        if broken == "unrenderable" and arm.id == 1:
            raise InputError("It cannot be rendered")
        answered = await bandit.evaluate(arm, wanted)
        return answered if broken == "unrenderable" else Evaluation(arm.prompt, answered.outcomes[:3], complete=False)

    order = freeze_order(cases(30), {}, 1.0, random.Random(0))
    pulls = Pulls(order, Outcomes(evaluate), make_metric("accuracy"))
    kept = asyncio.run(selector(name).select(bandit.arms, 2, pulls, 100)).kept
    assert len(kept) == 2
    assert broken == "out of money" or bandit.arms[1] not in kept


@every_selector
def test_few_requests_wait_for_others(name: str) -> None:
    bandit = Bandit([0.8] + [0.6] * 11, 96)
    bandit.select(selector(name), 2, 320)
    most = {"uniform": 1, "successive_halving": 4, "racing": 6, "successive_rejects": 11}
    assert len(bandit.steps) <= most.get(name, 1 + 320 / 32)


def test_the_setting_reaches_the_selector() -> None:
    def played(exploration: float) -> int:
        bandit = Bandit([0.9, 0.1], 60)
        bandit.select(make_selector(SearchSettings(selector="ucb", exploration=exploration)), 1, 60)
        return bandit.pulls.count(bandit.arms[1])

    assert played(0.0) < played(1.0) < played(100.0)


def test_the_sign_test_is_the_binomial_one() -> None:
    assert sign_test(0, 5) == pytest.approx(1 / 32)
    assert sign_test(2, 2) == pytest.approx(11 / 16)
