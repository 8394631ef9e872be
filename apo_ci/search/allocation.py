"""Which of several searches is likeliest to gain by another round: a bandit whose arms are prompts.

What a search gains shrinks as it goes on and comes in bursts, so an arm is judged by its last rounds, as is right for
rewards that decay with the pulls (rotting bandits: Levine, Crammer & Mannor, arXiv 1702.07274), here with weights that
halve from round to round. To that comes the optimism of UCB1 (Auer, Cesa-Bianchi & Fischer 2002), scaled by what a
prompt has left to gain and never above it: a prompt that is nearly perfect has nothing to be explored for. Gains are
those of the best candidate on dev, less what luck alone may bring, and per request, so that a long round counts for as
much as two short ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DISCOUNT = 0.5  # a round's weight against that of the next one
OPTIMISM = 0.05  # of what is left to gain: a few points, so that it decides where rounds have shown little
PERFECT = 1.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A round: its requests, and by how much the best candidate's `credible_gain` rose."""

    requests: int
    gain: float


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is known of a search: its rounds, oldest first, and the dev score of its best candidate."""

    turns: tuple[Turn, ...]
    best: float


def credible_gain(scores: Mapping[str, float], start: Mapping[str, float]) -> float:
    """The mean gain of `scores` over `start`, by case id, less one standard error of no gain; not below 0.

    The best of many candidates looks better than it is. For scores of 0 and 1 this is McNemar's standard error, the
    root of the cases that changed sides.
    """
    differences = [value - start[case] for case, value in scores.items() if case in start]
    if not differences:
        return 0.0
    error = math.sqrt(sum(difference**2 for difference in differences))
    return max(0.0, sum(differences) - error) / len(differences)


def likeliest(prospects: Sequence[Prospect]) -> int:
    """The position of the search that is to have the next round; the first of equals. Raises `ValueError` for none."""
    rounds = sum(len(prospect.turns) for prospect in prospects)
    return max(range(len(prospects)), key=lambda position: promise(prospects[position], rounds))


def promise(prospect: Prospect, rounds: int) -> float:
    """An optimistic guess of the next round's gain per request, after `rounds` rounds of all searches.

    Infinite for a search that has had no round yet, unless it has nothing to gain.
    """
    left = max(0.0, PERFECT - prospect.best)
    tried = len(prospect.turns)
    if not tried:
        return math.inf if left else 0.0
    weights = [DISCOUNT**age for age in reversed(range(tried))]
    gained = sum(weight * max(0.0, turn.gain) for weight, turn in zip(weights, prospect.turns, strict=True))
    requests = sum(weight * turn.requests for weight, turn in zip(weights, prospect.turns, strict=True))
    a_round = max(1.0, requests / sum(weights))
    optimism = OPTIMISM * left * math.sqrt(math.log(max(1, rounds)) / tried)
    return min(left, gained / sum(weights) + optimism) / a_round
