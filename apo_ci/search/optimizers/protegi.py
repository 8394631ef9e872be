"""ProTeGi itself: expansion by textual gradients, arXiv 2305.03495 sections 2.1 and 2.2, algorithm 2.

As in the paper (section 3.2): a fresh minibatch for each parent in each round; groups of sampled errors; a gradient
call for each group; one edit for each gradient; Monte Carlo paraphrases of each edit. The numbers are settings, by
default those of the paper: 64 cases, four gradients of four errors each, two paraphrases.

What the paper leaves open: each group is drawn on its own from all errors of the minibatch, so groups may overlap. A
parent without an error on its minibatch is paraphrased instead. Drafts that come to nothing are not made up for.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from apo_ci.config import SearchSettings
from apo_ci.evaluation.evaluate import Outcome
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.gradients import FailureGroup, failures
from apo_ci.search.operators.drafting import lot, redrafted
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.optimizers.samples import Samples
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.pulls import Pulls
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState


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


class TextualGradients:
    """Criticises a prompt by its errors, edits it against the criticism, and paraphrases the edits."""

    def __init__(self, state: SearchState, threshold: float):
        self._settings = state.settings
        self._writer = state.proposers.writer
        self._samples = Samples(state)
        self._threshold = threshold

    def requests(self, parent: Candidate, successors: int) -> int:
        """As in `Expander`; without errors, each successor is a paraphrase."""
        written = share(self._drafts(successors), self._settings).requests
        return self._minibatch_size(successors) + max(written, successors)

    async def expand(self, turn: Round, parents: Sequence[Candidate], successors: int) -> list[Sequence[Draft]]:
        """As in `Expander`."""
        minibatches = await self._samples.obtain(turn, parents, self._minibatch_size(successors))
        return await in_order(
            self._expand(parent, minibatch, successors, generator(self._settings.seed, "grow", turn.number, parent.id))
            for parent, minibatch in zip(parents, minibatches, strict=True)
        )

    def learn(self, arms: Sequence[Candidate], pulls: Pulls) -> None:
        """As in `Expander`: there is nothing to learn."""

    def _minibatch_size(self, successors: int) -> int:
        """All of the paper's, or its part for fewer successors than the settings ask for."""
        full = self._samples.size
        return max(1, full * successors // self._settings.max_expansion_factor)

    def _drafts(self, successors: int) -> int:
        """How many drafts are made, of which `successors` are drawn; as many as are wanted where it is a part."""
        settings = self._settings
        reasons = settings.n_gradients * settings.gradients_per_error * settings.steps_per_gradient
        full = reasons * (1 + settings.mc_samples_per_step)
        return max(full, successors) if successors == settings.max_expansion_factor else min(full, successors)

    async def _expand(
        self, parent: Candidate, minibatch: Sequence[Outcome], successors: int, rng: random.Random
    ) -> Sequence[Draft]:
        errors = failures(minibatch, self._threshold)
        plan = share(self._drafts(successors), self._settings)
        if not errors or not plan.gradients:
            return await self._paraphrases([Draft(parent.prompt, parent, "paraphrase")], successors, rng)
        groups = [self._group(errors, rng) for _ in range(plan.gradients)]
        edits = await self._edits(parent, groups, plan.edits, rng)
        return [*edits, *await self._paraphrases(edits, plan.paraphrases, rng)]

    def _group(self, errors: Sequence[Outcome], rng: random.Random) -> FailureGroup:
        sampled = rng.sample(errors, min(self._settings.errors_per_gradient, len(errors)))
        return FailureGroup("errors at random", tuple(sampled))

    async def _edits(
        self, parent: Candidate, groups: Sequence[FailureGroup], most: int, rng: random.Random
    ) -> list[Draft]:
        prompt, number = parent.prompt, self._settings.gradients_per_error
        answers = await in_order(self._writer.reasons(prompt, group, number, lot(rng)) for group in groups)
        found = ([(reason, group) for reason in reasons] for group, reasons in zip(groups, answers, strict=True))
        wanted = [pair for pair in chain(*found) for _ in range(self._settings.steps_per_gradient)][:most]
        texts = await in_order(self._writer.edit(prompt, [pair], (), lot(rng)) for pair in wanted)
        drafts = (
            redrafted(Draft(prompt, parent, "edit", reason), text)
            for (reason, _), text in zip(wanted, texts, strict=True)
        )
        return [draft for draft in drafts if draft is not None]

    async def _paraphrases(self, sources: Sequence[Draft], most: int, rng: random.Random) -> list[Draft]:
        """At most `most` paraphrases, of the sources in turn."""
        chosen = [sources[nth % len(sources)] for nth in range(most)] if sources else []
        texts = await in_order(self._writer.paraphrase(source.prompt, lot(rng)) for source in chosen)
        drafts = (
            redrafted(Draft(source.prompt, source.parent, "paraphrase", source.gradient), text)
            for source, text in zip(chosen, texts, strict=True)
        )
        return [draft for draft in drafts if draft is not None]


def share(slots: int, settings: SearchSettings) -> Share:
    """The requests that give `slots` drafts with the paper's hyperparameters."""
    per_edit = 1 + settings.mc_samples_per_step
    reasons = settings.n_gradients * settings.gradients_per_error * settings.steps_per_gradient
    edits = min(-(-slots // per_edit), reasons)
    gradients = min(settings.n_gradients, -(-edits // (settings.gradients_per_error * settings.steps_per_gradient)))
    return Share(gradients, edits, min(slots - edits, edits * settings.mc_samples_per_step))
