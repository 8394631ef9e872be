"""Uniform allocation: what the adaptive selectors are measured against."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls
from apo_ci.search.selection.selector import LEFT_OUT, SHORTEST_RUNG, Selection, conclude, costly, longest_prefix


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
        length = longest_prefix(chosen, pulls, budget)
        while length < min(SHORTEST_RUNG, pulls.size) and len(costly(chosen, pulls)) > 1:
            chosen.remove(costly(chosen, pulls)[-1])
            length = longest_prefix(chosen, pulls, budget)
        await pulls.extend(chosen, length)
        fates = {arm.id: LEFT_OUT for arm in arms if arm not in chosen}
        return conclude(chosen, keep, pulls, length, fates, self._seed)
