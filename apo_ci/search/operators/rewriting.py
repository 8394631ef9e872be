"""The text operators: a gradient for each group of failures, an edit for each reason, paraphrases of each edit.

This is the expansion step of arXiv 2305.03495 (section 2.2), with the number of requests bounded beforehand. Without
failures to learn from, or room for a gradient, the parent itself is paraphrased.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from apo_ci.config import SearchSettings
from apo_ci.errors import ApoError
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.gradients import FailureGroup, failures, group_failures
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.writing.writer import Texts, Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Share:
    """How many requests of each kind fit a number of drafts: `requests` in all."""

    gradients: int
    edits: int
    paraphrases: int

    @property
    def requests(self) -> int:
        """All of them."""
        return self.gradients + self.edits + self.paraphrases


class Rewriting:
    """Gradients, edits and paraphrases."""

    name = "text"

    def __init__(self, writer: Writer, settings: SearchSettings):
        self._writer = writer
        self._settings = settings

    def able(self, prompt: Prompt) -> bool:
        """Whether the prompt has text to change, and the settings allow for a change of it."""
        return bool(prompt.parts) and (self._settings.n_gradients > 0 or self._settings.mc_samples_per_step > 0)

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """Edits of the parent and paraphrases of these edits, or paraphrases of the parent."""
        if not self.able(growth.parent.prompt) or growth.slots <= 0 or growth.calls <= 0:
            return ()
        plan = _affordable(growth, self._settings)
        groups = group_failures(
            failures(growth.minibatch, growth.threshold),
            groups=plan.gradients,
            size=self._settings.errors_per_gradient,
            rng=growth.rng,
        )
        edits = await self._edits(growth, groups, plan) if groups else ()
        if edits:
            return (*edits, *await self._paraphrases(growth, edits, plan.paraphrases))[: growth.slots]
        left = min(growth.slots, growth.calls - len(groups))
        return await self._paraphrases(growth, (), left if self._settings.mc_samples_per_step else 0)

    async def _edits(self, growth: Growth, groups: Sequence[FailureGroup], plan: Share) -> tuple[Draft, ...]:
        prompt = growth.parent.prompt
        most = self._settings.gradients_per_error
        answers = await in_order(self._writer.reasons(prompt, group, most, _sample(growth)) for group in groups)
        reasons = _alternating(
            [[(group, reason) for reason in found] for group, found in zip(groups, answers, strict=True)]
        )
        wanted = [pair for pair in reasons for _ in range(self._settings.steps_per_gradient)][: plan.edits]
        texts = await in_order(
            self._writer.edit(prompt, [(reason, group)], growth.tried, _sample(growth)) for group, reason in wanted
        )
        drafts = (
            _draft(growth, text, Draft(prompt, growth.parent, "edit", reason, _cases(group)))
            for (group, reason), text in zip(wanted, texts, strict=True)
        )
        return tuple(draft for draft in drafts if draft is not None)

    async def _paraphrases(self, growth: Growth, edits: Sequence[Draft], most: int) -> tuple[Draft, ...]:
        """Paraphrases of the edits in turn, or of the parent where there is no edit."""
        sources: Sequence[Draft] = edits or (_of_parent(growth, self._settings.errors_per_gradient),)
        chosen = [sources[nth % len(sources)] for nth in range(max(0, most))]
        texts = await in_order(self._writer.paraphrase(source.prompt, _sample(growth)) for source in chosen)
        drafts = (_draft(growth, text, source) for source, text in zip(chosen, texts, strict=True))
        return tuple(draft for draft in drafts if draft is not None)


def share(slots: int, settings: SearchSettings, *, widened: bool) -> Share:
    """The requests that give `slots` drafts with the paper's hyperparameters."""
    per_edit = 1 + settings.mc_samples_per_step
    breadth = settings.n_gradients * (2 if widened else 1)
    reasons = breadth * settings.gradients_per_error * settings.steps_per_gradient
    edits = min(-(-slots // per_edit), reasons)
    gradients = min(breadth, -(-edits // (settings.gradients_per_error * settings.steps_per_gradient)))
    paraphrases = min(slots - edits, edits * settings.mc_samples_per_step) if edits else slots
    return Share(gradients, edits, paraphrases if settings.mc_samples_per_step else 0)


def _affordable(growth: Growth, settings: SearchSettings) -> Share:
    slots = growth.slots
    while slots > 1 and share(slots, settings, widened=growth.widened).requests > growth.calls:
        slots -= 1
    plan = share(slots, settings, widened=growth.widened)
    return plan if plan.requests <= growth.calls else Share(0, 0, min(slots, growth.calls))


def _sample(growth: Growth) -> int:
    """A number for one request of this growth: the same in every run with this seed, another one for another parent."""
    return growth.rng.randrange(2**31)


def _draft(growth: Growth, texts: Texts, source: Draft) -> Draft | None:
    """`source` with other texts; an edit becomes a paraphrase when its own text is replaced."""
    changed = {index: text for index, text in texts.items() if text != source.prompt.parts[index].text}
    if not changed:
        return None
    try:
        prompt = source.prompt.with_parts(changed)
    except ApoError:
        return None
    is_edit = source.operator == "edit" and source.prompt == growth.parent.prompt
    return Draft(prompt, growth.parent, "edit" if is_edit else "paraphrase", source.gradient, source.written_for)


def _of_parent(growth: Growth, size: int) -> Draft:
    """The parent as something to paraphrase, to be tried on some of the cases that it fails."""
    failed = [outcome.case for outcome in failures(growth.minibatch, growth.threshold)]
    return Draft(growth.parent.prompt, growth.parent, "paraphrase", None, tuple(failed[:size]))


def _cases(group: FailureGroup) -> tuple[Case, ...]:
    return tuple(outcome.case for outcome in group.outcomes)


def _alternating(lists: Sequence[Sequence[T]]) -> list[T]:
    """The first of each list, then the second of each, …"""
    longest = max((len(items) for items in lists), default=0)
    return [items[position] for position in range(longest) for items in lists if position < len(items)]


async def in_order(questions: Iterable[Awaitable[T]]) -> list[T]:
    """The answers to all questions, asked at once; an `InfrastructureError` is raised after all have ended."""
    answers = await asyncio.gather(*questions, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]
