"""Racing on blocks of cases, after CAPO (arXiv 2504.16005), which takes it from Maron & Moore (1994) and F-race."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls
from apo_ci.search.selection.selector import (
    LEFT_OUT,
    Selection,
    conclude,
    costly,
    longest_prefix,
    rank,
    sign_test,
)

BLOCK = 16  # dev cases: a race can end after one block, and nobody replaces the best prompt on fewer
LEVEL = 0.2  # of the one-sided test, not corrected for the number of tests, as in CAPO


class Racing:
    """Block by block on all arms, until `keep` are left; an arm leaves when `keep` rivals are shown to be better.

    Where CAPO has a paired t-test, this has the exact sign test on the cases that the two answer differently: blocks
    are too short for the t-test's assumptions, and without a spread of differences it says nothing. The rival must
    have the better estimate as well, since the order shows failures and passes of the start in other shares than dev
    has. Where the budget does not bring all arms through the next block, only the best of them go on.
    """

    def __init__(self, seed: int = 0):
        self._seed = seed

    def arms(self, budget: int, size: int) -> int:
        """Arms whose first block takes half of the budget."""
        return budget // (2 * max(1, min(BLOCK, size)))

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Race until `keep` are left, dev is at its end, or the budget."""
        free = [arm for arm in arms if pulls.cost(arm, pulls.size) == 0]
        alive = _affordable(costly(arms, pulls), 1, pulls, BLOCK, budget)
        fates = {arm.id: LEFT_OUT for arm in arms if arm not in (*alive, *free)}
        end, reached, contenders = pulls.spent + budget, 0, len(alive) + len(free)
        while alive and reached < pulls.size and (contenders > keep or not reached):
            going_on = _affordable(alive, keep, pulls, reached + BLOCK, end - pulls.spent)
            fates.update(
                {arm.id: f"dropped: not among the best after {reached} cases" for arm in alive[len(going_on) :]}
            )
            alive = going_on
            upto = min(reached + BLOCK, longest_prefix(alive, pulls, end - pulls.spent))
            if upto == reached:
                break
            await pulls.extend(alive, upto)
            reached = upto
            beaten = _beaten([*free, *alive], keep, pulls, reached)
            fates.update(
                {arm.id: f"dropped: clearly behind after {reached} cases" for arm in alive if arm.id in beaten}
            )
            contenders = len(alive) + len(free) - len(beaten)
            alive = [arm for arm in rank(alive, pulls, reached, self._seed) if arm.id not in beaten]
        return conclude([*free, *alive], keep, pulls, reached if alive else pulls.size, fates, self._seed)


def _affordable(arms: Sequence[Candidate], fewest: int, pulls: Pulls, upto: int, budget: int) -> list[Candidate]:
    """The first of `arms`, as many as `budget` brings to a prefix of `upto`, or `fewest`."""
    number = len(arms)
    while number > fewest and sum(pulls.cost(arm, upto) for arm in arms[:number]) > budget:
        number -= 1
    return list(arms[:number])


def _beaten(arms: Sequence[Candidate], keep: int, pulls: Pulls, upto: int) -> set[int]:
    """The ids of the arms that at least `keep` others beat."""
    estimates = {arm.id: pulls.utility(arm, upto) for arm in arms}

    def beats(rival: Candidate, arm: Candidate) -> bool:
        if estimates[rival.id] <= estimates[arm.id]:
            return False
        wins, losses = pulls.wins_and_losses(arm, rival, upto)
        return losses > wins and sign_test(wins, losses) < LEVEL

    return {arm.id for arm in arms if sum(beats(rival, arm) for rival in arms) >= keep}
