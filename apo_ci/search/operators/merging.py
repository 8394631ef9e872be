"""The merge operator: one candidate out of two that win on different cases.

After the merge of GEPA (arXiv 2507.19457, appendix on system-aware merge) and the crossover of evolutionary prompt
search (EvoPrompt, arXiv 2309.08532). Texts are merged by the optimizer model, or joined sentence by sentence where it
may not be asked. Demonstrations are exchanged without a request: the one's examples under the other's instruction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from apo_ci.errors import ApoError
from apo_ci.inputs.prompts import Example, Prompt
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.operators.drafting import requests, rewritten, sample
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.writing.sentences import joined, says_more
from apo_ci.search.writing.writer import Writer


class Merging:
    """Merges the parent with `growth.partners`, the best complement first."""

    name = "merge"

    def __init__(self, writer: Writer):
        self._writer = writer

    def able(self, prompt: Prompt) -> bool:
        """Whether the prompt has text to change."""
        return bool(prompt.parts)

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """Merges of the texts by the model and exchanges of demonstrations in turn, then plain joins."""
        if not self.able(growth.parent.prompt) or growth.slots <= 0:
            return ()
        parent, partners = growth.parent, growth.partners
        exchanges = _by_turns([list(_exchanges(parent, partner)) for partner in partners])
        merges = await self._merges(growth, max(growth.slots - len(exchanges), -(-growth.slots // 2)))
        joins = [draft for partner in partners for draft in _joins(parent, partner)]
        return tuple(_distinct([*_by_turns([merges, exchanges]), *joins])[: growth.slots])

    async def _merges(self, growth: Growth, most: int) -> list[Draft]:
        parent = growth.parent
        partners = [partner for partner in growth.partners if _differ(parent.prompt, partner.prompt)]
        chosen = partners[: min(most, requests(growth))]
        samples = [sample(growth) for _ in chosen]
        answers = await in_order(
            self._writer.merge(parent.prompt, partner.prompt, one) for partner, one in zip(chosen, samples, strict=True)
        )
        prompts = [rewritten(parent.prompt, texts) for texts in answers]
        return [
            Draft(_with_any_examples(prompt, parent, partner), parent, "merge", note="merged", partner=partner)
            for prompt, partner in zip(prompts, chosen, strict=True)
            if prompt is not None
        ]


def _differ(first: Prompt, second: Prompt) -> bool:
    """Whether each says something that the other does not."""
    return says_more(first, second) and says_more(second, first)


def _joins(parent: Candidate, partner: Candidate) -> Iterator[Draft]:
    """The parent's text with the sentences of the partner's that it lacks."""
    if _differ(parent.prompt, partner.prompt):
        prompt = rewritten(parent.prompt, joined(parent.prompt, partner.prompt))
        if prompt is not None:
            yield Draft(_with_any_examples(prompt, parent, partner), parent, "merge", note="joined", partner=partner)


def _exchanges(parent: Candidate, partner: Candidate) -> Iterator[Draft]:
    """What comes of the two by exchanging demonstrations; for equal texts, by mixing them."""
    mine, theirs = parent.prompt.demonstrations, partner.prompt.demonstrations
    if mine == theirs:
        return
    if _texts(parent.prompt) == _texts(partner.prompt):
        choices = [(parent.prompt, _mixed(mine, theirs), "demonstrations mixed")] if mine and theirs else []
    else:
        choices = [
            (parent.prompt, theirs, "the other's demonstrations"),
            (partner.prompt, mine, "the other's instruction"),
        ]
    for prompt, examples, note in choices:
        exchanged = _with_examples(prompt, examples) if examples else None
        if exchanged is not None and exchanged.same_structure(parent.prompt):
            yield Draft(exchanged, parent, "merge", note=note, partner=partner)


def _mixed(first: Sequence[Example], second: Sequence[Example]) -> tuple[Example, ...]:
    """Examples of both in turn, each once, as many as the longer set has."""
    turns = chain.from_iterable(zip_longest(first, second))
    distinct: list[Example] = []
    for example in turns:
        if example is not None and example not in distinct:
            distinct.append(example)
    return tuple(distinct[: max(len(first), len(second))])


def _with_any_examples(prompt: Prompt, parent: Candidate, partner: Candidate) -> Prompt:
    """`prompt` with the parent's demonstrations, or else with the partner's."""
    examples = parent.prompt.demonstrations or partner.prompt.demonstrations
    return _with_examples(prompt, examples) or prompt


def _with_examples(prompt: Prompt, examples: Sequence[Example]) -> Prompt | None:
    try:
        return prompt.with_demonstrations(examples)
    except ApoError:
        return None


def _texts(prompt: Prompt) -> list[str]:
    return [part.text for part in prompt.parts]


def _by_turns(lists: Sequence[Sequence[Draft]]) -> list[Draft]:
    """The first of each list, then the second of each, …"""
    return [draft for turn in zip_longest(*lists) for draft in turn if draft is not None]


def _distinct(drafts: Sequence[Draft]) -> list[Draft]:
    """The first draft of each prompt."""
    found: dict[str, Draft] = {}
    for draft in drafts:
        found.setdefault(draft.prompt.source, draft)
    return list(found.values())
