"""What each operator has brought in, and how slots are shared out by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apo_ci.search.candidate import Candidate, Operator

KIND: Mapping[Operator, str] = {"edit": "text", "paraphrase": "text", "demonstrations": "demonstrations"}
PRIOR_TRIES = 4


@dataclass
class Books:
    """How often each operator's candidates did better than their parents.

    `priors` are what is believed of an operator before it has shown anything, as shares of successes.
    """

    priors: Mapping[str, float]
    _tries: dict[str, int] = field(default_factory=dict)
    _wins: dict[str, int] = field(default_factory=dict)

    def enter(self, candidate: Candidate, *, success: bool) -> None:
        """Note how a candidate fared."""
        kind = KIND[candidate.operator]
        self._tries[kind] = self._tries.get(kind, 0) + 1
        self._wins[kind] = self._wins.get(kind, 0) + success

    def payoff(self, kind: str) -> float:
        """The share of successes, with the prior counting as `PRIOR_TRIES` tries."""
        wins = self._wins.get(kind, 0) + PRIOR_TRIES * self.priors.get(kind, 0.5)
        return wins / (self._tries.get(kind, 0) + PRIOR_TRIES)

    def shares(self, kinds: Sequence[str]) -> dict[str, float]:
        """Each kind's share of the next slots, by its payoff squared, so that what pays soon gets most of them."""
        weights = {kind: self.payoff(kind) ** 2 for kind in kinds}
        total = sum(weights.values())
        return {kind: weight / total for kind, weight in weights.items()} if total else {}


def apportion(number: int, shares: Mapping[str, float]) -> dict[str, int]:
    """`number` slots by `shares`, in whole numbers; everyone gets one while there are enough."""
    least = 1 if number >= len(shares) else 0
    slots = {kind: max(least, int(number * share)) for kind, share in shares.items()}
    for kind in sorted(shares, key=lambda kind: number * shares[kind] - slots[kind], reverse=True):
        slots[kind] += sum(slots.values()) < number
    while slots and sum(slots.values()) > number:
        slots[max(slots, key=lambda kind: slots[kind])] -= 1
    return slots


def deal(number: int, players: int) -> list[int]:
    """`number` slots among `players`, the first ones getting the odd ones."""
    even, odd = divmod(number, players)
    return [even + (position < odd) for position in range(players)]
