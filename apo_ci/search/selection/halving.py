"""Successive halving: Karnin, Koren & Somekh (ICML 2013), with cumulative counts on one frozen order."""

from __future__ import annotations

import math
from bisect import bisect_right
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
    longest_prefix,
    rank,
    sign_test,
)

# One-sided sign test: an arm this clearly behind the best one gets no more pulls. The level is divided by the number of
# arms, because the best of many is the luckiest of them too.
DOMINANCE = 0.05
FINALISTS = 2  # arms that are not halved any more, where no more are to be kept


class SuccessiveHalving:
    """Rung by rung on longer prefixes, the better half goes on; hopeless arms leave earlier.

    Every rung gets the same share of the budget, as in the paper. What was pulled in an earlier round counts on all
    rungs, dev has an end, and arms that leave early set pulls free: so the rungs are planned anew after each, as
    long as the budget allows.
    """

    def __init__(self, seed: int = 0):
        self._seed = seed

    def arms(self, budget: int, size: int) -> int:
        """Arms that can begin with `FIRST_RUNG` cases."""
        number = 1
        while _ladder_cost([0] * (number + 1), FIRST_RUNG, 1, size) <= budget:
            number += 1
        return number

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Spend the budget mostly on what looks best."""
        free = [arm for arm in arms if pulls.cost(arm, pulls.size) == 0]
        alive = _startable(costly(arms, pulls), keep, pulls, budget)
        fates = {arm.id: LEFT_OUT for arm in arms if arm not in (*alive, *free)}
        end, reached, final = pulls.spent + budget, 0, not alive
        while not final:
            left = end - pulls.spent
            rung = _rung([pulls.count(arm) for arm in alive], reached, keep, pulls.size, left)
            final = len(alive) <= max(FINALISTS, keep) or rung <= reached or rung == pulls.size
            reached = longest_prefix(alive, pulls, left) if final else rung
            await pulls.extend(alive, reached)
            half = math.ceil(len(alive) / 2)
            alive = self._undominated(alive, free, pulls, reached, fates)
            most = len(alive) if final else max(half, self._leaders(alive, free, keep, pulls, reached))
            fates.update({arm.id: f"dropped: not among the best after {reached} cases" for arm in alive[most:]})
            alive = alive[:most]
            final = final or not alive
        return conclude([*free, *alive], keep, pulls, reached if alive else pulls.size, fates, self._seed)

    def _undominated(
        self, alive: Sequence[Candidate], free: Sequence[Candidate], pulls: Pulls, rung: int, fates: dict[int, str]
    ) -> list[Candidate]:
        """The arms, best first, that are not clearly behind the best of all."""
        best = rank([*free, *alive], pulls, rung, self._seed)[0]
        level = DOMINANCE / (len(free) + len(alive))
        beaten = {arm.id for arm in alive if _dominated(arm, best, pulls, rung, level)}
        fates.update(dict.fromkeys(beaten, f"dropped: clearly behind after {rung} cases"))
        return [arm for arm in rank(alive, pulls, rung, self._seed) if arm.id not in beaten]

    def _leaders(
        self, alive: Sequence[Candidate], free: Sequence[Candidate], keep: int, pulls: Pulls, rung: int
    ) -> int:
        """How many of the arms would be kept if this were the end."""
        return sum(arm in alive for arm in rank([*free, *alive], pulls, rung, self._seed)[:keep])


def rung_sizes(arms: int, keep: int) -> tuple[int, ...]:
    """How many arms there are on each rung, at most."""
    sizes = [arms]
    while sizes[-1] > max(FINALISTS, keep):
        sizes.append(max(math.ceil(sizes[-1] / 2), keep))
    return tuple(sizes)


def _startable(arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> list[Candidate]:
    """As many of the first arms as `budget` takes up a ladder from `SHORTEST_RUNG`; the very first one in any case."""
    counts = [pulls.count(arm) for arm in arms]
    number = len(arms)
    while number > 1 and _ladder_cost(counts[:number], SHORTEST_RUNG, keep, pulls.size) > budget:
        number -= 1
    return list(arms[:number])


def _ladder_cost(counts: Sequence[int], first: int, keep: int, size: int) -> int:
    """Pulls that it takes to bring arms with these counts to `first`, and those that survive twice as far each time."""
    sizes = rung_sizes(len(counts), keep)
    return _cost(counts, sizes, [min(size, first * 2**position) for position in range(len(sizes))])


def _cost(counts: Sequence[int], sizes: Sequence[int], rungs: Sequence[int]) -> int:
    """Pulls up to the last of `rungs`, if those arms survive that cost the most."""
    leaving = [here - there for here, there in zip(sizes, (*sizes[1:], 0), strict=True)]
    ends = [end for end, number in zip(rungs, leaving, strict=True) for _ in range(number)]
    return sum(max(0, end - count) for end, count in zip(ends, sorted(counts, reverse=True), strict=True))


def _rung(counts: Sequence[int], reached: int, keep: int, size: int, budget: int) -> int:
    """The next prefix for arms with these counts, of the largest total that `budget` pays for."""
    sizes = rung_sizes(len(counts), keep)

    def rungs(total: int) -> list[int]:
        """An even share of `total` for each rung, but at least `SHORTEST_RUNG` for the very first."""
        ends, end = [], reached
        for arms in sizes:
            end = min(size, max(end + total // (len(sizes) * arms), SHORTEST_RUNG))
            ends.append(end)
        return ends

    totals = range(len(sizes) * len(counts) * size + 1)  # up to what brings all arms to the end of dev
    return rungs(max(0, bisect_right(totals, budget, key=lambda total: _cost(counts, sizes, rungs(total))) - 1))[0]


def _dominated(arm: Candidate, best: Candidate, pulls: Pulls, rung: int, level: float) -> bool:
    wins, losses = pulls.wins_and_losses(arm, best, rung)
    return losses > wins and sign_test(wins, losses) < level
