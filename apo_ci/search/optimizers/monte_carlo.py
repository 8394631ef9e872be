"""The Monte Carlo baseline of arXiv 2305.03495 (section 3.3): iterative paraphrase without direction.

As in the paper, after Zhou et al. (arXiv 2211.01910): each parent is rewritten in other words as often as ProTeGi makes
successors, no case is shown, and the same beam and selection decide. The paper leaves the wording of the request open;
it is the one by which ProTeGi paraphrases its edits.
"""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.operators.drafting import lot, redrafted
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.pulls import Pulls
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState


class Paraphrases:
    """Says every parent in other words."""

    def __init__(self, state: SearchState):
        self._seed = state.settings.seed
        self._writer = state.proposers.writer

    def requests(self, parent: Candidate, successors: int) -> int:
        """As in `Expander`."""
        return successors

    async def expand(self, turn: Round, parents: Sequence[Candidate], successors: int) -> list[Sequence[Draft]]:
        """As in `Expander`."""
        return await in_order(self._paraphrases(turn, parent, successors) for parent in parents)

    def learn(self, arms: Sequence[Candidate], pulls: Pulls) -> None:
        """As in `Expander`: there is nothing to learn."""

    async def _paraphrases(self, turn: Round, parent: Candidate, number: int) -> Sequence[Draft]:
        rng = generator(self._seed, "grow", turn.number, parent.id)
        texts = await in_order(self._writer.paraphrase(parent.prompt, lot(rng)) for _ in range(number))
        drafts = (redrafted(Draft(parent.prompt, parent, "paraphrase"), text) for text in texts)
        return [draft for draft in drafts if draft is not None]
