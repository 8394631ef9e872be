"""A bandit over operators: what each has brought in per request, and how the next requests are shared out by it.

Probability matching on the mean gain per request, with a floor for each operator, so that none is given up for bad luck
(the exploration share of Auer et al. 2002, "The nonstochastic multiarmed bandit problem", section 3). Operators whose
share of a round is less than one draft are asked in turn, as their shares add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PRIOR_REQUESTS = 60  # an operator's prior weighs as much as so many requests
FLOOR = 0.05  # of all requests are dealt evenly


@dataclass
class Books:
    """Gains and requests of each operator. Gains are differences of the metric to the parent, on dev.

    `priors` are what is believed of an operator's gain per 100 requests before it has shown anything.
    """

    priors: Mapping[str, float]
    _gains: dict[str, float] = field(default_factory=dict)
    _requests: dict[str, int] = field(default_factory=dict)
    _credits: dict[str, float] = field(default_factory=dict)

    def enter(self, operator: str, gain: float, requests: int) -> None:
        """Note what a candidate of `operator` gained, 0 for nothing, and what it cost."""
        self._gains[operator] = self._gains.get(operator, 0.0) + max(0.0, gain)
        self._requests[operator] = self._requests.get(operator, 0) + requests

    def payoff(self, operator: str) -> float:
        """The gain per 100 requests, with the prior."""
        prior = self.priors.get(operator, 0.0)
        gains = self._gains.get(operator, 0.0) + prior * PRIOR_REQUESTS / 100
        return 100 * gains / (self._requests.get(operator, 0) + PRIOR_REQUESTS)

    def shares(self, operators: Sequence[str]) -> dict[str, float]:
        """Each operator's share of the next requests; they add up to 1."""
        payoffs = {operator: self.payoff(operator) for operator in operators}
        total = sum(payoffs.values())
        if not total:
            return dict.fromkeys(operators, 1 / max(1, len(operators)))
        return {operator: FLOOR / len(payoffs) + (1 - FLOOR) * payoff / total for operator, payoff in payoffs.items()}

    def deal(self, requests: int, prices: Mapping[str, float]) -> dict[str, int]:
        """Drafts for about `requests`, by operator; `prices` are the requests that a draft takes.

        What an operator got too little or too much of its share is made up for later.
        """
        for operator, share in self.shares(tuple(prices)).items():
            self._credits[operator] = self._credits.get(operator, 0.0) + requests * share
        drafts, left = dict.fromkeys(prices, 0), float(requests)
        while prices:
            richest = max(prices, key=lambda operator: self._credits[operator])
            if prices[richest] > left:
                affordable = [operator for operator in prices if prices[operator] <= left]
                if any(drafts.values()) or not affordable:
                    break
                richest = max(affordable, key=lambda operator: self._credits[operator])  # a small round has a draft too
            drafts[richest] += 1
            self._credits[richest] -= prices[richest]
            left -= prices[richest]
        return drafts


def deal_evenly(number: int, players: int) -> list[int]:
    """`number` slots among `players`, the first ones getting the odd ones."""
    even, odd = divmod(number, players)
    return [even + (position < odd) for position in range(players)]
