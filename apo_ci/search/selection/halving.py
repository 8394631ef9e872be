"""Successive halving: Karnin, Koren & Somekh (ICML 2013), with cumulative counts on one frozen order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls
from apo_ci.search.selection.selector import (
    FIRST_RUNG,
    LEFT_OUT,
    SHORTEST_RUNG,
    Selection,
    conclude,
    costly,
    rank,
    sign_test,
)

DOMINANCE = 0.05  # one-sided sign test: an arm this clearly behind the best one gets no more pulls


class SuccessiveHalving:
    """Rung by rung on longer prefixes, the better half goes on; hopeless arms leave earlier.

    At the last rung, all of dev, there are up to `keep` arms where the budget allows it, otherwise one.
    """

    def __init__(self, seed: int = 0):
        self._seed = seed

    def arms(self, budget: int, size: int) -> int:
        """Arms that can begin with `FIRST_RUNG` cases and be halved down to one on all of dev."""
        rungs = ladder(min(FIRST_RUNG, size), size)
        number = 1
        while _cost([0] * (number + 1), rungs) <= budget:
            number += 1
        return number

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Spend the budget mostly on what looks best."""
        free = [arm for arm in arms if pulls.cost(arm, pulls.size) == 0]
        alive, rungs = _plan(costly(arms, pulls), pulls, budget)
        fates = {arm.id: LEFT_OUT for arm in arms if arm not in (*alive, *free)}
        end, reached = pulls.spent + budget, pulls.size
        for position, rung in enumerate(rungs):
            await pulls.extend(alive, rung)
            reached = rung
            alive = self._undominated(alive, free, pulls, rung, fates)
            rest = rungs[position + 1 :]
            most = self._survivors(alive, free, keep, pulls, rung) if rest else len(alive)
            while most > 1 and _cost([pulls.count(arm) for arm in alive[:most]], rest) > end - pulls.spent:
                most -= 1
            fates.update({arm.id: f"dropped: not among the best after {rung} cases" for arm in alive[most:]})
            alive = alive[:most]
        return conclude([*free, *alive], keep, pulls, reached if alive else pulls.size, fates, self._seed)

    def _undominated(
        self, alive: Sequence[Candidate], free: Sequence[Candidate], pulls: Pulls, rung: int, fates: dict[int, str]
    ) -> list[Candidate]:
        """The arms, best first, that are not clearly behind the best of all."""
        best = rank([*free, *alive], pulls, rung, self._seed)[0]
        beaten = {arm.id for arm in alive if _dominated(arm, best, pulls, rung)}
        fates.update(dict.fromkeys(beaten, f"dropped: clearly behind after {rung} cases"))
        return [arm for arm in rank(alive, pulls, rung, self._seed) if arm.id not in beaten]

    def _survivors(
        self, alive: Sequence[Candidate], free: Sequence[Candidate], keep: int, pulls: Pulls, rung: int
    ) -> int:
        """Half of the arms, or as many as would be kept if this were the end."""
        best = rank([*free, *alive], pulls, rung, self._seed)[:keep]
        return max(math.ceil(len(alive) / 2), sum(arm in alive for arm in best))


def _plan(fresh: Sequence[Candidate], pulls: Pulls, budget: int) -> tuple[list[Candidate], tuple[int, ...]]:
    """Arms and rungs: as many arms as fit, then as long a first rung; a part of dev only where one arm is too much."""
    shortest = min(SHORTEST_RUNG, pulls.size)
    for number in range(len(fresh), 0, -1):
        counts = [pulls.count(arm) for arm in fresh[:number]]
        longest = max(
            shortest, math.ceil(pulls.size / 2 ** math.ceil(math.log2(number)))
        )  # the last rung is all of dev
        for first in range(longest, shortest - 1, -1):
            rungs = ladder(first, pulls.size)
            if _cost(counts, rungs) <= budget:
                return list(fresh[:number]), rungs
    for top in range(pulls.size - 1, 0, -1):
        if fresh and pulls.cost(fresh[0], top) <= budget:
            return [fresh[0]], (top,)
    return [], ()


def ladder(first: int, top: int) -> tuple[int, ...]:
    """Prefix lengths from `first`, doubling, up to `top`; a short last step is joined to the one before."""
    rungs = [first]
    while rungs[-1] * 2 <= top:
        rungs.append(rungs[-1] * 2)
    if rungs[-1] < top and len(rungs) > 1 and top < rungs[-1] * 1.5:
        rungs[-1] = top
    elif rungs[-1] < top:
        rungs.append(top)
    return tuple(rungs)


def _cost(counts: Sequence[int], rungs: Sequence[int]) -> int:
    """Pulls that take arms with these counts up the rungs, halved at each, if those survive that cost the most."""
    total, number, before = 0, len(counts), 0
    for rung in rungs:
        steps = sorted((max(0, rung - max(before, count)) for count in counts), reverse=True)
        total += sum(steps[:number])
        number, before = math.ceil(number / 2), rung
    return total


def _dominated(arm: Candidate, best: Candidate, pulls: Pulls, rung: int) -> bool:
    wins, losses = pulls.wins_and_losses(arm, best, rung)
    return losses > wins and sign_test(wins, losses) < DOMINANCE
