"""The operators' contract: what a proposer is handed, and what it returns."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate, Draft, Tried


@dataclass(frozen=True)
class Growth:
    """One parent's turn to grow in one round.

    `minibatch` are its outcomes on train cases, `slots` the drafts wanted at most, `calls` the requests
    to the optimizer model allowed at most. `widened` asks for more variety, after a round that found nothing.
    `partners` are candidates on the Pareto front that win dev cases which the parent loses, the best
    complement first.
    """

    parent: Candidate
    minibatch: Sequence[Outcome]
    threshold: float
    slots: int
    calls: int
    tried: Sequence[Tried]
    widened: bool
    rng: random.Random
    partners: Sequence[Candidate] = ()


class Proposer(Protocol):
    """Makes drafts of better prompts.

    Contract of `propose`: at most `growth.slots` drafts and `growth.calls` requests; useless replies of a
    model give fewer drafts, never an exception, other than an `InfrastructureError`.
    """

    @property
    def name(self) -> str:
        """For the books on what pays: `edit`, `demonstrations`, …"""
        ...

    def able(self, prompt: Prompt) -> bool:
        """Whether anything can be made of `prompt` at all."""
        ...

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """Make drafts."""
        ...
