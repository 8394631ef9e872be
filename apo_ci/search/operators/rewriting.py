"""Textual gradients: a gradient for each group of failures, an edit for each gradient, paraphrases of each edit.

The expansion step of arXiv 2305.03495 (section 2.2), with larger steps: an edit answers all reasons of its gradient,
and edits that have each proved their worth can be combined into one that answers several gradients.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from apo_ci.config import SearchSettings
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.claims import Claims
from apo_ci.search.gradients import FailureGroup, failures, group_failures
from apo_ci.search.operators.drafting import rewritten, sample
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.writing.writer import Texts, Writer

T = TypeVar("T")

SAMPLES = 3  # answers to the question for one gradient: what several of them say is likelier true


class Rewriting:
    """Gradients, edits and paraphrases of edits."""

    name = "edit"

    def __init__(self, writer: Writer, claims: Claims, settings: SearchSettings):
        self._writer = writer
        self._claims = claims
        self._settings = settings
        self._shown: Counter[str] = Counter()  # gradients that were asked for, by the cases that they were shown

    @property
    def capacity(self) -> int:
        """The most drafts of one parent in a round that has not been widened."""
        return self._settings.n_gradients * self._per_gradient

    def able(self, prompt: Prompt) -> bool:
        """Whether the prompt has text to change, and the settings allow for a change of it."""
        return bool(prompt.parts) and self._settings.n_gradients > 0

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """Edits of the parent, each of which answers all reasons of one gradient, and paraphrases of these edits."""
        if not self.able(growth.parent.prompt) or growth.slots <= 0:
            return ()
        groups = group_failures(
            failures(growth.minibatch, growth.threshold),
            groups=self._breadth(growth),
            size=self._settings.errors_per_gradient,
            rng=growth.rng,
            shown=self._shown,
        )
        self._shown.update(outcome.case.id for group in groups for outcome in group.outcomes)
        edits = await self._edits(growth, groups)
        return (*edits, *await self._paraphrases(growth, edits))

    def _breadth(self, growth: Growth) -> int:
        """How many gradients this turn has drafts and requests for."""
        most = self._settings.n_gradients * (2 if growth.widened else 1)
        price = SAMPLES + min(growth.slots, self._per_gradient)
        return min(most, -(-growth.slots // self._per_gradient), growth.calls // price)

    @property
    def _per_gradient(self) -> int:
        return self._settings.steps_per_gradient * (1 + self._settings.mc_samples_per_step)

    async def _edits(self, growth: Growth, groups: Sequence[FailureGroup]) -> tuple[Draft, ...]:
        prompt = growth.parent.prompt
        most = self._settings.gradients_per_error
        asked = [(group, sample(growth)) for group in groups for _ in range(SAMPLES)]
        answers = await in_order(self._writer.reasons(prompt, group, most, one) for group, one in asked)
        told = [sum(answers[first : first + SAMPLES], ()) for first in range(0, len(answers), SAMPLES)]
        reasons = [self._claims.strongest(found, most) for found in told]
        gradients = [("\n".join(found), group) for group, found in zip(groups, reasons, strict=True) if found]
        wanted = [pair for _ in range(self._settings.steps_per_gradient) for pair in gradients][: growth.slots]
        texts = await in_order(self._writer.edit(prompt, [pair], growth.tried, sample(growth)) for pair in wanted)
        drafts = (
            _draft(growth, text, Draft(prompt, growth.parent, "edit", gradient, _cases(group)))
            for (gradient, group), text in zip(wanted, texts, strict=True)
        )
        return tuple(draft for draft in drafts if draft is not None)

    async def _paraphrases(self, growth: Growth, edits: Sequence[Draft]) -> tuple[Draft, ...]:
        chosen = [edit for _ in range(self._settings.mc_samples_per_step) for edit in edits]
        chosen = chosen[: growth.slots - len(edits)]
        texts = await in_order(self._writer.paraphrase(source.prompt, sample(growth)) for source in chosen)
        drafts = (_draft(growth, text, source) for source, text in zip(chosen, texts, strict=True))
        return tuple(draft for draft in drafts if draft is not None)


def _draft(growth: Growth, texts: Texts, source: Draft) -> Draft | None:
    """`source` with other texts; an edit becomes a paraphrase when its own text is replaced."""
    prompt = rewritten(source.prompt, texts)
    if prompt is None:
        return None
    is_edit = source.operator == "edit" and source.prompt == growth.parent.prompt
    return Draft(prompt, growth.parent, "edit" if is_edit else "paraphrase", source.gradient, source.written_for)


def _cases(group: FailureGroup) -> tuple[Case, ...]:
    return tuple(outcome.case for outcome in group.outcomes)


async def in_order(questions: Iterable[Awaitable[T]]) -> list[T]:
    """The answers to all questions, asked at once; an `InfrastructureError` is raised after all have ended."""
    answers = await asyncio.gather(*questions, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]
