"""Upper confidence bounds: UCB (Auer, Cesa-Bianchi & Fischer 2002) and UCB-E (Audibert, Bubeck & Munos, COLT 2010).

Both play the arm of the highest index, its estimate plus a bonus for how little it was tried, as in algorithm 3 of
arXiv 2305.03495. Time t and counts N are numbers of distinct dev cases: what an earlier round showed counts, and no
case is evidence twice. An arm that has met all of dev is out of play, and is ranked with the others at the end.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls
from apo_ci.search.selection.selector import LEFT_OUT, Selection, conclude, costly, lot

# Dev cases in one play of an arm. The order takes the start's failures and passes in turn, so an even number keeps
# the estimates of short prefixes balanced; a small one stays close to the textbook, which plays one case at a time.
PLAY = 4
AT_ONCE = 8  # plays that are chosen before any of them is seen, so that 32 requests can be under way together
ENOUGH = 16  # dev cases for each arm, on average, that make a comparison worth while
TYPICAL_GAP = 0.15  # between the best arm and another, in units of the metric; UCB-E has to presume one

Bonus = Callable[[int, int], float]  # of time t and count N, in units of the metric


class HighestIndex(ABC):
    """What UCB and UCB-E share: they play by estimate plus bonus, and keep the arms with the best estimates.

    Plays are chosen in steps of `AT_ONCE`. Within a step an arm's count goes up with each play it was chosen for, and
    its estimate stays until the replies are there (the delayed feedback of Joulani, György & Szepesvári, ICML 2013). At
    the end each arm is judged on its own prefix, since the best have the longest ones.
    """

    def __init__(self, exploration: float = 1.0, seed: int = 0):
        """`exploration` is the bonus's factor c."""
        self._exploration = exploration
        self._seed = seed

    def arms(self, budget: int, size: int) -> int:
        """Arms that get `ENOUGH` cases on average."""
        return budget // max(1, min(ENOUGH, size))

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Spend the whole budget, play by play, on the highest index."""
        playing = _startable(costly(arms, pulls), pulls, budget)
        taking_part = [arm for arm in arms if arm in playing or pulls.cost(arm, pulls.size) == 0]
        fates = {arm.id: LEFT_OUT for arm in arms if arm not in taking_part}
        bonus = self._bonus(budget + sum(map(pulls.count, taking_part)), len(taking_part))
        end = pulls.spent + budget
        while playing and pulls.spent < end:
            time = sum(map(pulls.count, taking_part))
            targets = self._step(playing, pulls, time, bonus, end - pulls.spent)
            await pulls.bring([(arm, targets[arm.id]) for arm in playing if arm.id in targets])
            # An arm without replies (it cannot be rendered, or the money is gone) would have the highest index forever.
            playing = [arm for arm in playing if targets.get(arm.id, 0) <= pulls.count(arm) < pulls.size]
        return conclude(taking_part, keep, pulls, None, fates, self._seed)

    @abstractmethod
    def _bonus(self, total: int, arms: int) -> Bonus:
        """The bonus, where `arms` arms will have met `total` cases at the end."""

    def _step(self, playing: Sequence[Candidate], pulls: Pulls, time: int, bonus: Bonus, left: int) -> dict[int, int]:
        """The prefixes to bring arms to, by id: a first play for each new arm, or else the next `AT_ONCE` plays."""
        counts = {arm.id: pulls.count(arm) for arm in playing}
        new = [arm for arm in playing if counts[arm.id] == 0]
        if new:
            return {arm.id: min(PLAY, pulls.size) for arm in new}
        estimates = {arm.id: pulls.utility(arm) for arm in playing}

        def index(arm: Candidate) -> tuple[float, bytes]:
            return round(estimates[arm.id] + bonus(time, counts[arm.id]), 9), lot(self._seed, arm)

        targets: dict[int, int] = {}
        for _ in range(AT_ONCE):
            arm = max((arm for arm in playing if counts[arm.id] < pulls.size), key=index, default=None)
            if arm is None or left == 0:
                break
            cases = min(PLAY, pulls.size - counts[arm.id], left)
            targets[arm.id] = counts[arm.id] = counts[arm.id] + cases
            time, left = time + cases, left - cases
        return targets


class Ucb(HighestIndex):
    """The bonus c * sqrt(ln t / N): c = sqrt(2) is UCB1, c = 1 what arXiv 2305.03495 uses."""

    def _bonus(self, total: int, arms: int) -> Bonus:
        return lambda time, count: self._exploration * math.sqrt(math.log(max(1, time)) / count)


class UcbE(HighestIndex):
    """The bonus c * sqrt(a / N), which stays the same over time and is meant for finding the best arm.

    The theory has a = 25/36 * (n - K) / H for n pulls of K arms, where H is the sum of 1 / gap ** 2 over the arms. The
    gaps are not known, and are taken to be `TYPICAL_GAP`.
    """

    def _bonus(self, total: int, arms: int) -> Bonus:
        scale = 25 / 36 * max(0, total - arms) / max(1, arms) * TYPICAL_GAP**2
        return lambda time, count: self._exploration * math.sqrt(scale / count)


def _startable(arms: Sequence[Candidate], pulls: Pulls, budget: int) -> list[Candidate]:
    """The first of `arms`, as many as the budget has a first play for; arms that were played before need none."""
    startable = []
    for arm in arms:
        price = 0 if pulls.count(arm) else pulls.cost(arm, min(PLAY, pulls.size))
        if price <= budget:
            startable.append(arm)
            budget -= price
    return startable
