"""Successive rejects: Audibert, Bubeck & Munos, "Best arm identification in multi-armed bandits" (COLT 2010)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

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
)


class SuccessiveRejects:
    """In each phase all arms that are left are brought to the phase's length, and the worst one leaves.

    The lengths are the textbook's, `phase_lengths`, cumulative, until `keep` arms are left. They are those of a larger
    n than the budget where pulls need not be paid for: beyond the end of dev, for more than one arm to keep, and what
    was pulled in an earlier round; so the rest lengthens all phases alike, and is not left over. What rounding leaves
    takes the last arms further.
    """

    def __init__(self, seed: int = 0):
        self._seed = seed

    def arms(self, budget: int, size: int) -> int:
        """Arms that can begin with `FIRST_RUNG` cases."""
        number = 1
        while max(_lengths([0] * (number + 1), 1, size, budget)[:1], default=0) >= min(FIRST_RUNG, size):
            number += 1
        return number

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Spend the budget phase by phase."""
        free = [arm for arm in arms if pulls.cost(arm, pulls.size) == 0]
        alive, lengths = _plan(costly(arms, pulls), keep, pulls, budget)
        fates = {arm.id: LEFT_OUT for arm in arms if arm not in (*alive, *free)}
        end = pulls.spent + budget
        for length in lengths:
            await pulls.extend(alive, length)
            *alive, worst = rank(alive, pulls, length, self._seed)
            fates[worst.id] = f"dropped: the worst of {len(alive) + 1} after {length} cases"
        reached = longest_prefix(alive, pulls, end - pulls.spent)
        await pulls.extend(alive, reached)
        return conclude([*free, *alive], keep, pulls, reached, fates, self._seed)


def phase_lengths(budget: int, arms: int) -> tuple[int, ...]:
    """How many pulls an arm has had by the end of each of the phases: ceil((n - K) / (log K * (K + 1 - k))).

    "log K" is 1/2 + 1/2 + 1/3 + ... + 1/K. An arm that leaves in phase k has had the k-th number of pulls, and the
    last one as many as the last but one: n pulls in all, at most.
    """
    return tuple(math.ceil(length) for length in _exact_lengths(budget, arms))


def _exact_lengths(budget: int, arms: int) -> list[Fraction]:
    share = (budget - arms) / (Fraction(1, 2) + sum(Fraction(1, arm) for arm in range(2, arms + 1)))
    return [share / (arms + 1 - phase) for phase in range(1, arms)]


def _plan(arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> tuple[list[Candidate], tuple[int, ...]]:
    """As many of the first arms as can begin with `SHORTEST_RUNG` cases, and the lengths of their phases."""
    shortest = min(SHORTEST_RUNG, pulls.size)
    for number in range(len(arms), 1, -1):
        chosen = list(arms[:number])
        lengths = _lengths([pulls.count(arm) for arm in chosen], keep, pulls.size, budget)
        first = lengths[0] if lengths else longest_prefix(chosen, pulls, budget) if number <= keep else 0
        if first >= shortest:
            return chosen, lengths
    return list(arms[:1]), ()


def _lengths(counts: Sequence[int], keep: int, size: int, budget: int) -> tuple[int, ...]:
    """The phases for arms with these counts, of the largest n that `budget` pays for; none without a rejection."""
    arms, phases = len(counts), max(0, len(counts) - keep)
    if not phases:
        return ()

    def cost(total: int) -> Fraction:
        """A bound, if those arms leave last that cost the most; it is the textbook's n where nothing is for free."""
        lengths = [min(Fraction(size), length + 1) for length in _exact_lengths(total, arms)[:phases]]
        ends = [*lengths, *lengths[-1:] * keep]
        steps = (end - count for end, count in zip(ends, sorted(counts, reverse=True), strict=True))
        return sum((step for step in steps if step > 0), Fraction(0))

    everything = arms + math.ceil(size * arms * (1 + math.log(arms)))  # brings all arms to the end of dev
    totals = range(arms, everything + 1)
    affordable = bisect_right(totals, Fraction(budget), key=cost)
    if not affordable:
        return ()
    return tuple(min(size, length) for length in phase_lengths(totals[affordable - 1], arms)[:phases])
