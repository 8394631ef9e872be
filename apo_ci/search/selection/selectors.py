"""Best-arm algorithms: they spend pulls on candidates, and say which to keep.

Successive halving is that of Karnin, Koren & Somekh (ICML 2013), with cumulative counts on one frozen order:
what an arm showed on a short prefix still counts on a longer one. A pull is one dev case for one candidate.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls

FIRST_RUNG = 8
SHORTEST_RUNG = 6
LEFT_OUT = "not tried: the budget was too small"
DOMINANCE = 0.05  # one-sided sign test: an arm this clearly behind the best one gets no more pulls


@dataclass(frozen=True, slots=True)
class Selection:
    """The arms to keep, best first, and what became of the others by candidate id."""

    kept: tuple[Candidate, ...]
    fates: Mapping[int, str]


class Selector(Protocol):
    """Chooses among arms.

    Contract of `select`: it asks for at most `budget` new pulls, never for one that was made before, and
    returns at most `keep` arms. Arms come in order of priority: when the budget is too small for all, the
    last are left out. Arms that need no more pulls are never dropped before the end.
    """

    def arms(self, budget: int, size: int) -> int:
        """How many fresh arms `budget` pulls are enough for, on `size` dev cases."""
        ...

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Spend up to `budget` pulls, and keep the best."""
        ...


class Uniform:
    """Every arm on the same prefix, as long as the budget allows."""

    def __init__(self, seed: int = 0):
        self._seed = seed

    def arms(self, budget: int, size: int) -> int:
        """Arms that can all be brought to half of dev."""
        return budget // max(1, size // 2)

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Spend the budget evenly."""
        chosen = list(arms)
        length = _longest_prefix(chosen, pulls, budget)
        while length < min(SHORTEST_RUNG, pulls.size) and len(_costly(chosen, pulls)) > 1:
            chosen.remove(_costly(chosen, pulls)[-1])
            length = _longest_prefix(chosen, pulls, budget)
        await pulls.extend(chosen, length)
        fates = {arm.id: LEFT_OUT for arm in arms if arm not in chosen}
        return _select(chosen, keep, pulls, length, fates, self._seed)


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
        alive, rungs = _plan(_costly(arms, pulls), pulls, budget)
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
        return _select([*free, *alive], keep, pulls, reached if alive else pulls.size, fates, self._seed)

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


def rank(arms: Sequence[Candidate], pulls: Pulls, upto: int, seed: int) -> list[Candidate]:
    """Arms by their estimate on a common prefix, best first; ties fall by the seed, not by what the text says."""
    return sorted(arms, key=lambda arm: (-round(pulls.estimate(arm, upto), 9), _lot(seed, arm)))


def sign_test(wins: int, losses: int) -> float:
    """The chance of at most `wins` heads among `wins + losses` tosses of a fair coin."""
    tosses = wins + losses
    ways = sum(math.comb(tosses, heads) for heads in range(wins + 1))
    return float(Fraction(ways, 2**tosses))


def _plan(costly: Sequence[Candidate], pulls: Pulls, budget: int) -> tuple[list[Candidate], tuple[int, ...]]:
    """Arms and rungs: as many arms as fit, then as long a first rung; a part of dev only where one arm is too much."""
    shortest = min(SHORTEST_RUNG, pulls.size)
    for number in range(len(costly), 0, -1):
        counts = [pulls.count(arm) for arm in costly[:number]]
        longest = max(
            shortest, math.ceil(pulls.size / 2 ** math.ceil(math.log2(number)))
        )  # the last rung is all of dev
        for first in range(longest, shortest - 1, -1):
            rungs = ladder(first, pulls.size)
            if _cost(counts, rungs) <= budget:
                return list(costly[:number]), rungs
    for top in range(pulls.size - 1, 0, -1):
        if costly and pulls.cost(costly[0], top) <= budget:
            return [costly[0]], (top,)
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


def _costly(arms: Sequence[Candidate], pulls: Pulls) -> list[Candidate]:
    return [arm for arm in arms if pulls.cost(arm, pulls.size) > 0]


def _longest_prefix(arms: Sequence[Candidate], pulls: Pulls, budget: int) -> int:
    return next((upto for upto in range(pulls.size, 0, -1) if sum(pulls.cost(arm, upto) for arm in arms) <= budget), 0)


def _dominated(arm: Candidate, best: Candidate, pulls: Pulls, rung: int) -> bool:
    wins, losses = pulls.wins_and_losses(arm, best, rung)
    return losses > wins and sign_test(wins, losses) < DOMINANCE


def _select(
    arms: Sequence[Candidate], keep: int, pulls: Pulls, upto: int, fates: Mapping[int, str], seed: int
) -> Selection:
    ranked = rank(arms, pulls, upto, seed)
    lost = {arm.id: f"dropped: others did better on {pulls.count(arm)} cases" for arm in ranked[keep:]}
    return Selection(tuple(ranked[:keep]), {**fates, **lost})


def _lot(seed: int, arm: Candidate) -> bytes:
    return hashlib.sha256(f"{seed}:{arm.id}".encode()).digest()


def make_selector(name: str, seed: int) -> Selector:
    """The selector that the settings call `name`."""
    return Uniform(seed) if name == "uniform" else SuccessiveHalving(seed)
