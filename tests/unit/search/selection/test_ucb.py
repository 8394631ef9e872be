"""UCB and UCB-E: the highest index is played, and time counts pulls."""

from __future__ import annotations

import math

from apo_ci.search.selection.ucb import Ucb, UcbE
from tests.unit.search.selection.bandit import Bandit


def counts(bandit: Bandit) -> list[int]:
    """How often each arm was pulled."""
    return [bandit.pulls.count(arm) for arm in bandit.arms]


def test_all_of_the_budget_is_spent_unless_all_arms_have_met_all_of_dev() -> None:
    for selector in (Ucb(), UcbE()):
        for budget, spent in ((50, 50), (99, 99), (1000, 120)):
            bandit = Bandit([0.7, 0.6, 0.5], 40)
            bandit.select(selector, 1, budget)
            assert bandit.pulls.spent == spent


def test_a_better_arm_is_played_more_often() -> None:
    for selector in (Ucb(), UcbE()):
        bandit = Bandit([0.9, 0.7, 0.1], 200)
        bandit.select(selector, 1, 200)
        assert counts(bandit) == sorted(counts(bandit), reverse=True)


def test_without_exploration_the_first_impression_decides() -> None:
    bandit = Bandit([1.0, 0.0, 0.0, 0.0], 60)
    bandit.select(Ucb(exploration=0.0), 1, 60)
    assert counts(bandit) == [48, 4, 4, 4]


def test_much_exploration_is_uniform() -> None:
    bandit = Bandit([0.9, 0.1, 0.5], 100)
    bandit.select(Ucb(exploration=1e6), 1, 120)
    assert counts(bandit) == [40, 40, 40]


def test_plays_follow_the_index_of_the_textbook() -> None:
    bandit = Bandit([1.0, 0.0], 100)
    bandit.select(Ucb(exploration=0.5), 1, 160)
    better, worse = counts(bandit)
    # An arm leads until the bonus of the other is larger by a whole point, where one is always right and one always
    # wrong; a step of eight plays lies between the decision and the replies.
    assert better == 100 or abs(0.5 * math.sqrt(math.log(160)) * (worse**-0.5 - better**-0.5) - 1) < 0.5
    assert worse < better


def test_pulls_of_an_earlier_round_count_for_time_and_arm() -> None:
    fresh, known = Bandit([0.6] * 2, 200), Bandit([0.6] * 2, 200)
    known.pull(known.arms[:1], 60)
    for bandit in (fresh, known):
        bandit.select(Ucb(), 1, 64)
    assert counts(known)[1] > counts(known)[0] - 60 + 16
    assert abs(counts(fresh)[0] - counts(fresh)[1]) < 32


def test_the_bonus_of_ucb_e_follows_from_budget_and_arms() -> None:
    def least(budget: int) -> int:
        bandit = Bandit([0.95, *[0.35] * 5], 200)
        bandit.select(UcbE(exploration=6.0), 1, budget)
        return min(counts(bandit))

    assert least(60) < least(240) < least(600)


def test_32_requests_can_be_under_way_at_once() -> None:
    bandit = Bandit([0.8, 0.7, 0.6, 0.5], 96)
    bandit.select(Ucb(), 1, 16 + 4 * 32)
    assert bandit.steps == [16, 48, 80, 112, 144]
