"""A selector with a ration: so many evaluations for each arm and no more, as in arXiv 2305.03495.

Its bandits are compared at 25 and at 50 queries for each prompt candidate (section 3.4). The smaller ration is taken:
under a cap on requests it leaves more for further rounds, and counts are cumulative here, so that what stays in the
beam meets more cases round by round. The default optimizer makes fewer and better arms, each of which gets more.
"""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls
from apo_ci.search.selection.selector import Selection, Selector, costly

PAPER = 25
EVALUATIONS = {"protegi": PAPER, "monte_carlo": PAPER, "reinforce": PAPER, "apo": 28}  # for each arm, by optimizer


class Rationed:
    """Another selector with at most `evaluations` pulls for each arm that needs any, to be divided as it sees fit."""

    def __init__(self, selector: Selector, evaluations: int):
        self._selector = selector
        self._evaluations = evaluations

    def arms(self, budget: int, size: int) -> int:
        """Arms that can all have their ration."""
        return budget // max(1, min(self._evaluations, size))

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        """Spend up to the arms' rations together, and never more than `budget`."""
        ration = min(self._evaluations, pulls.size) * len(costly(arms, pulls))
        return await self._selector.select(arms, keep, pulls, min(budget, ration))
