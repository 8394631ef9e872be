"""Successive halving: equal shares for the rungs, as far as dev and the budget go."""

from __future__ import annotations

from tests.unit.search.selection.bandit import Bandit, selector

HALVING = selector("successive_halving")


def lengths(bandit: Bandit) -> list[int]:
    """How far each arm was tried, longest first."""
    return sorted((bandit.pulls.count(arm) for arm in bandit.arms), reverse=True)


def test_every_rung_gets_the_same_share_of_the_budget() -> None:
    bandit = Bandit([0.5] * 8, 200)
    bandit.select(HALVING, 1, 480)
    assert lengths(bandit) == [140, 140, 60, 60, 20, 20, 20, 20]


def test_where_dev_ends_the_rest_of_the_budget_lengthens_the_rungs_before() -> None:
    bandit = Bandit([0.5] * 8, 80)
    bandit.select(HALVING, 1, 480)
    assert lengths(bandit)[:4] == [80] * 4
    assert min(lengths(bandit)) > 30
    assert bandit.pulls.spent > 460


def test_a_budget_for_all_of_dev_brings_all_arms_there() -> None:
    bandit = Bandit([0.5, 0.6, 0.7], 40)
    bandit.select(HALVING, 2, 120)
    assert lengths(bandit) == [40] * 3


def test_the_first_rung_is_never_so_short_that_it_says_nothing() -> None:
    bandit = Bandit([0.5] * 16, 96)
    bandit.select(HALVING, 2, 300)
    assert min(lengths(bandit)) == 6


def test_the_two_best_meet_all_of_dev_where_the_budget_allows_it() -> None:
    bandit = Bandit([0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1], 48)
    kept = bandit.select(HALVING, 2, 250).kept
    assert {arm.id for arm in kept} == {0, 2}
    assert all(bandit.pulls.count(arm) == 48 for arm in kept)


def test_hopeless_arms_leave_early() -> None:
    bandit = Bandit([1.0, 0.0, 0.0, 0.0], 64)
    fates = bandit.select(HALVING, 2, 150).fates
    assert all("clearly behind" in fates[number] for number in (1, 2, 3))
    assert bandit.pulls.count(bandit.arms[0]) == 64


def test_arms_that_leave_early_are_not_followed_by_half_of_the_others() -> None:
    bandit = Bandit([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], 64)
    bandit.select(HALVING, 1, 300)
    assert lengths(bandit)[3] > lengths(bandit)[4]


def test_earlier_pulls_are_not_paid_for_again() -> None:
    known, unknown = Bandit([0.5] * 8, 96), Bandit([0.5] * 8, 96)
    known.pull(known.arms[:4], 30)
    for bandit in (known, unknown):
        bandit.select(HALVING, 2, 200)
    assert sum(lengths(known)) > sum(lengths(unknown)) + 60
