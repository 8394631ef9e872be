"""Racing: block by block, and an arm leaves when enough rivals are shown to be better."""

from __future__ import annotations

from apo_ci.search.selection.racing import BLOCK
from tests.unit.search.selection.bandit import Bandit, selector

RACING = selector("racing")


def test_a_race_ends_when_as_many_are_left_as_may_be_kept() -> None:
    bandit = Bandit([1.0, 1.0, 0.0, 0.0, 0.0], 96)
    selection = bandit.select(RACING, 2, 1000)
    assert bandit.pulls.spent == 5 * BLOCK
    assert {arm.id for arm in selection.kept} == {0, 1}
    assert all(fate == f"dropped: clearly behind after {BLOCK} cases" for fate in selection.fates.values())


def test_an_arm_stays_while_fewer_rivals_beat_it_than_may_be_kept() -> None:
    bandit = Bandit([1.0, 0.0, 0.0, 0.0], 96)
    bandit.select(RACING, 2, 3 * BLOCK * 4)
    assert all(bandit.pulls.count(arm) > BLOCK for arm in bandit.arms)


def test_equal_arms_race_to_the_end_of_dev() -> None:
    bandit = Bandit([1.0] * 4, 40)
    bandit.select(RACING, 1, 1000)
    assert [bandit.pulls.count(arm) for arm in bandit.arms] == [40] * 4


def test_an_arm_that_was_tried_on_all_of_dev_is_a_rival_and_does_not_leave() -> None:
    bandit = Bandit([1.0, 0.0, 0.0], 64)
    bandit.pull(bandit.arms[:1], 64)
    selection = bandit.select(RACING, 1, 500)
    assert selection.kept == (bandit.arms[0],)
    assert bandit.pulls.spent == 64 + 2 * BLOCK


def test_at_the_end_of_the_budget_only_the_best_go_on() -> None:
    bandit = Bandit([1.0] * 6, 200)
    fates = bandit.select(RACING, 1, 9 * BLOCK).fates
    assert sorted(bandit.pulls.count(arm) for arm in bandit.arms) == [BLOCK] * 3 + [2 * BLOCK] * 3
    assert list(fates.values()).count(f"dropped: not among the best after {BLOCK} cases") == 3
