"""Selectors: never over budget, never the same pull twice, and mostly right."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.pulls import Pulls, freeze_order
from apo_ci.search.selection.selectors import Selector, ladder, make_selector, sign_test
from tests.unit.search.worlds import cases, chance, prompt

NAMES = ("successive_halving", "uniform")


class Bandit:
    """Arms with known means; notes each pull."""

    def __init__(self, means: Sequence[float], size: int, seed: int):
        self.asked: Counter[tuple[int, str]] = Counter()
        self._means = means
        self._seed = seed
        body = prompt()
        self.arms = [Candidate(body.with_parts({0: f"Arm {n}"}), n, None, "edit", None, 1) for n in range(len(means))]
        order = freeze_order(cases(size), {}, 1.0, random.Random(seed))
        self.pulls = Pulls(order, Outcomes(self._evaluate), make_metric("accuracy"))

    async def _evaluate(self, arm: Candidate, wanted: Sequence[Case]) -> Evaluation:
        self.asked.update((arm.id, case.id) for case in wanted)
        return Evaluation(arm.prompt, tuple(self._outcome(arm, case) for case in wanted))

    def _outcome(self, arm: Candidate, case: Case) -> Outcome:
        value = float(chance(self._seed, arm.id, case.id) < self._means[arm.id])
        return Outcome(case, 0, "", Score(value, ""))

    def run(self, selector: Selector, keep: int, budget: int) -> tuple[Candidate, ...]:
        return asyncio.run(selector.select(self.arms, keep, self.pulls, budget)).kept


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(
    means=st.lists(st.floats(0, 1), min_size=1, max_size=20),
    size=st.integers(1, 80),
    budget=st.integers(0, 900),
    keep=st.integers(1, 4),
    ahead=st.integers(0, 40),
)
def test_a_selector_stays_in_its_budget_and_repeats_no_pull(
    name: str, means: list[float], size: int, budget: int, keep: int, ahead: int
) -> None:
    bandit = Bandit(means, size, seed=1)
    asyncio.run(bandit.pulls.extend(bandit.arms[:2], min(ahead, size)))
    before = bandit.pulls.spent
    kept = bandit.run(make_selector(name, 0), keep, budget)
    assert bandit.pulls.spent - before <= budget
    assert max(bandit.asked.values(), default=1) == 1
    assert len(kept) == len(set(kept)) <= keep


@pytest.mark.parametrize("name", NAMES)
def test_every_arm_sees_a_prefix_of_the_one_order(name: str) -> None:
    bandit = Bandit([0.2, 0.4, 0.6, 0.8, 0.5], 40, seed=3)
    bandit.run(make_selector(name, 0), 2, 120)
    for arm in bandit.arms:
        prefix = {case.id for case in bandit.pulls.order.cases[: bandit.pulls.count(arm)]}
        assert {case for number, case in bandit.asked if number == arm.id} == prefix


@pytest.mark.parametrize("name", NAMES)
def test_the_best_arm_is_usually_found(name: str) -> None:
    found = 0
    for seed in range(60):
        means = [0.5] * 12
        means[seed % 12] = 0.85
        found += bool(Bandit(means, 54, seed).run(make_selector(name, seed), 1, 240)[0].id == seed % 12)
    assert found >= (54 if name == "successive_halving" else 48)


def test_halving_finds_close_winners_more_often_than_uniform_does() -> None:
    found = Counter[str]()
    for seed in range(80):
        means = [0.75 if arm == seed % 16 else 0.55 for arm in range(16)]
        for name in NAMES:
            found[name] += Bandit(means, 60, seed).run(make_selector(name, seed), 1, 320)[0].id == seed % 16
    assert found["successive_halving"] > found["uniform"]


def test_halving_brings_the_two_best_to_all_of_dev() -> None:
    bandit = Bandit([0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1], 48, seed=0)
    kept = bandit.run(make_selector("successive_halving", 0), 2, 250)
    assert {arm.id for arm in kept} == {0, 2}
    assert all(bandit.pulls.count(arm) == 48 for arm in kept)


def test_hopeless_arms_leave_early() -> None:
    bandit = Bandit([1.0, 0.0, 0.0, 0.0], 64, seed=0)
    bandit.run(make_selector("successive_halving", 0), 2, 10_000)
    assert bandit.pulls.spent < 64 + 3 * 40


def test_an_arm_that_was_tried_on_all_of_dev_costs_nothing_and_is_kept_if_it_is_best() -> None:
    bandit = Bandit([0.9, 0.5, 0.5], 40, seed=0)
    asyncio.run(bandit.pulls.extend(bandit.arms[:1], 40))
    assert bandit.run(make_selector("successive_halving", 0), 1, 80)[0].id == 0


def test_ties_fall_by_the_seed_and_not_by_the_text() -> None:
    winners = {
        Bandit([1.0] * 6, 20, seed=0).run(make_selector("successive_halving", seed), 1, 500)[0].id for seed in range(30)
    }
    assert len(winners) >= 4


def test_ladders_double_and_end_with_all_of_dev() -> None:
    assert ladder(8, 54) == (8, 16, 32, 54)
    assert ladder(8, 20) == (8, 20)
    assert ladder(20, 20) == (20,)


def test_the_sign_test_is_the_binomial_one() -> None:
    assert sign_test(0, 5) == pytest.approx(1 / 32)
    assert sign_test(2, 2) == pytest.approx(11 / 16)
