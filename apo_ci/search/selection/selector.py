"""The contract of best-arm algorithms, and what they share.

A selector spends pulls on candidates, and says which to keep. A pull is one dev case for one candidate; counts are
cumulative on one frozen order, so what an arm showed on a short prefix still counts on a longer one.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls

FIRST_RUNG = 8
SHORTEST_RUNG = 6
LEFT_OUT = "not tried: the budget was too small"
UNANSWERED = "dropped: not one reply"


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


def rank(arms: Sequence[Candidate], pulls: Pulls, upto: int | None, seed: int) -> list[Candidate]:
    """Arms by their utility, best first; ties fall by the seed, not by what the text says.

    The utility is that on a common prefix of `upto` cases, or with `None` that on each arm's own prefix.
    """
    return sorted(arms, key=lambda arm: (-round(pulls.utility(arm, upto), 9), lot(seed, arm)))


def conclude(
    arms: Sequence[Candidate], keep: int, pulls: Pulls, upto: int | None, fates: Mapping[int, str], seed: int
) -> Selection:
    """Keep the best of `arms` as `rank` has them, but none that is untried; `fates` are of those that left earlier."""
    untried = {arm.id: LEFT_OUT if upto == 0 else UNANSWERED for arm in arms if not pulls.count(arm)}
    ranked = rank([arm for arm in arms if arm.id not in untried], pulls, upto or None, seed)
    lost = {arm.id: f"dropped: others did better on {pulls.count(arm)} cases" for arm in ranked[keep:]}
    return Selection(tuple(ranked[:keep]), {**fates, **untried, **lost})


def costly(arms: Sequence[Candidate], pulls: Pulls) -> list[Candidate]:
    """The arms that have not met all of dev."""
    return [arm for arm in arms if pulls.cost(arm, pulls.size) > 0]


def longest_prefix(arms: Sequence[Candidate], pulls: Pulls, budget: int) -> int:
    """The longest prefix that `budget` can bring all of `arms` to."""
    lengths = range(1, pulls.size + 1)
    return bisect_right(lengths, budget, key=lambda upto: sum(pulls.cost(arm, upto) for arm in arms))


def sign_test(wins: int, losses: int) -> float:
    """The chance of at most `wins` heads among `wins + losses` tosses of a fair coin."""
    tosses = wins + losses
    ways = sum(math.comb(tosses, heads) for heads in range(wins + 1))
    return float(Fraction(ways, 2**tosses))


def lot(seed: int, arm: Candidate) -> bytes:
    """What ties fall by: it follows from the seed and the arm's id alone."""
    return hashlib.sha256(f"{seed}:{arm.id}".encode()).digest()
