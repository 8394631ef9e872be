"""Successive rejects: the textbook's phase lengths, and never above the budget."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.search.selection.rejects import phase_lengths
from tests.unit.search.selection.bandit import Bandit, selector

REJECTS = selector("successive_rejects")


def lengths(bandit: Bandit) -> list[int]:
    """How far each arm was tried, shortest first."""
    return sorted(bandit.pulls.count(arm) for arm in bandit.arms)


def test_the_phases_are_those_of_the_paper() -> None:
    log = 0.5 + 1 / 2 + 1 / 3 + 1 / 4
    assert phase_lengths(100, 4) == tuple(math.ceil(96 / log / left) for left in (4, 3, 2))


@given(arms=st.integers(2, 60), extra=st.integers(0, 5000))
def test_the_phases_cost_at_most_the_budget(arms: int, extra: int) -> None:
    phases = phase_lengths(arms + extra, arms)
    assert sum(phases) + phases[-1] <= arms + extra
    assert list(phases) == sorted(phases)


@pytest.mark.parametrize("budget", [96, 200, 301])
def test_fresh_arms_get_the_textbook_lengths_one_leaving_in_each_phase(budget: int) -> None:
    bandit = Bandit([0.5] * 6, 200)
    bandit.select(REJECTS, 1, budget)
    phases = phase_lengths(budget, 6)
    assert lengths(bandit)[:-1] == list(phases)
    # The last one is alone, and takes what rounding has left.
    assert lengths(bandit)[-1] == min(200, budget - sum(phases))


def test_what_the_end_of_dev_leaves_over_lengthens_all_phases() -> None:
    bandit = Bandit([0.5] * 6, 60)
    bandit.select(REJECTS, 1, 300)
    textbook = [min(60, length) for length in phase_lengths(300, 6)]
    assert all(mine >= theirs for mine, theirs in zip(lengths(bandit), textbook, strict=False))
    assert lengths(bandit)[0] > textbook[0]
    assert bandit.pulls.spent > 290


def test_it_stops_rejecting_when_as_many_are_left_as_may_be_kept() -> None:
    bandit = Bandit([0.9, 0.9, 0.9, 0.2, 0.2, 0.2], 100)
    selection = bandit.select(REJECTS, 3, 240)
    assert {arm.id for arm in selection.kept} == {0, 1, 2}
    assert all(fate.startswith("dropped: the worst of") for fate in selection.fates.values())


def test_what_was_pulled_before_lengthens_the_phases() -> None:
    known, unknown = Bandit([0.5] * 6, 96), Bandit([0.5] * 6, 96)
    known.pull(known.arms[:3], 30)
    for bandit in (known, unknown):
        bandit.select(REJECTS, 2, 150)
    assert sum(lengths(known)) > sum(lengths(unknown)) + 60
