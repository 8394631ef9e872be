"""Minibatches as arXiv 2305.03495 has them: train cases at random, drawn anew for each parent in each round."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState


class Samples:
    """Draws train cases and has parents answer them; what a parent answered before is not asked again."""

    def __init__(self, state: SearchState):
        self._state = state

    @property
    def size(self) -> int:
        """Cases of a whole minibatch: as the settings have it, or all of train where that is less."""
        return min(self._state.settings.minibatch_size, len(self._state.train))

    async def obtain(self, turn: Round, parents: Sequence[Candidate], size: int) -> list[Sequence[Outcome]]:
        """Each parent's outcomes on `size` cases of its own; fewer where the budget ends."""
        drawn = [self._cases(turn, parent, size) for parent in parents]
        await self._state.outcomes.obtain(list(zip(parents, drawn, strict=True)))
        seen = [self._state.outcomes.of(parent) for parent in parents]
        return [
            [outcomes[case.id] for case in cases if case.id in outcomes]
            for outcomes, cases in zip(seen, drawn, strict=True)
        ]

    def _cases(self, turn: Round, parent: Candidate, size: int) -> list[Case]:
        rng = generator(self._state.settings.seed, "minibatch", turn.number, parent.id)
        return rng.sample(self._state.train, min(size, len(self._state.train)))
