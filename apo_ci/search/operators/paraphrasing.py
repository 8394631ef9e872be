"""The paraphrase operator: the parent's meaning in other words (arXiv 2305.03495, section 2.2.2, Monte Carlo step)."""

from __future__ import annotations

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.operators.drafting import failed_cases, requests, rewritten, sample
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.writing.writer import Writer


class Paraphrasing:
    """Paraphrases of the parent, each a request of its own."""

    name = "paraphrase"

    def __init__(self, writer: Writer, written_for: int = 0):
        """`written_for` is how many cases that the parent fails a paraphrase has to face at the entry gate."""
        self._writer = writer
        self._written_for = written_for

    def able(self, prompt: Prompt) -> bool:
        """Whether the prompt has text to change."""
        return bool(prompt.parts)

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """One draft a request; fewer where a reply changes nothing."""
        parent = growth.parent
        if not self.able(parent.prompt):
            return ()
        samples = [sample(growth) for _ in range(requests(growth))]
        answers = await in_order(self._writer.paraphrase(parent.prompt, one) for one in samples)
        prompts = [rewritten(parent.prompt, texts) for texts in answers]
        cases = failed_cases(growth, self._written_for)
        return tuple(Draft(prompt, parent, "paraphrase", None, cases) for prompt in prompts if prompt is not None)
