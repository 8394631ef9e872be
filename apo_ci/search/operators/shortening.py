"""The shorten operator: the same rules in fewer words, or without those that do nothing.

A long instruction costs tokens with every call, and models follow each of its rules less well. What a shorter one
loses, the selector sees.
"""

from __future__ import annotations

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.operators.drafting import requests, rewritten, sample, word_count
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.writing.writer import Writer

FEWEST_WORDS = 20  # of editable text; with less there is nothing to leave out


class Shortening:
    """Shorter versions of the parent, each a request of its own."""

    name = "shorten"

    def __init__(self, writer: Writer):
        self._writer = writer

    def able(self, prompt: Prompt) -> bool:
        """Whether the prompt has text to change; how much of it there is is asked of each parent, for prompts grow."""
        return bool(prompt.parts)

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """One draft a request; fewer where a reply is not shorter. None for a parent of a few words."""
        parent = growth.parent
        before = word_count(parent.prompt)
        if before < FEWEST_WORDS:
            return ()
        samples = [sample(growth) for _ in range(requests(growth))]
        answers = await in_order(self._writer.shorten(parent.prompt, one) for one in samples)
        prompts = [rewritten(parent.prompt, texts) for texts in answers]
        return tuple(
            Draft(prompt, parent, "shorten", note=f"{before} words became {word_count(prompt)}")
            for prompt in prompts
            if prompt is not None and word_count(prompt) < before
        )
