"""The AutoGPT baseline of arXiv 2305.03495 (section 3.3): one agent that criticises and rewrites its own prompt.

As in the paper: the agent decides by itself how to use its feedback, and gets the same examples and errors as ProTeGi,
for as many turns as ProTeGi has rounds: six. In each turn it sees its prompt, its score on a fresh minibatch, and as
many errors as ProTeGi's gradients get together (`n_gradients` times `errors_per_gradient`: 16). It goes on from its own
last prompt, whether that did better or not. There is no beam, and nothing is drawn or paraphrased.

What the paper leaves open: the open-source agent is not what runs here. A turn is one request that asks for a criticism
and the next version, and carries nothing over from earlier turns but the prompt. A reply that is of no use costs its
turn. The result is the best of all turns by dev, for which the turns share the budget evenly; of a turn's share the
minibatch takes at most `MINIBATCH_SHARE`, and dev the rest, by the configured selector.
"""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.gradients import FailureGroup, failures
from apo_ci.search.operators.drafting import lot, redrafted
from apo_ci.search.optimizers.beam import admitted
from apo_ci.search.optimizers.samples import Samples
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.pulls import Pulls
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState

MINIBATCH_SHARE = 0.4  # of a turn's requests: 64 cases go with dev sets of about a hundred


class Agent:
    """A strategy of one candidate a round."""

    patience: int | None = None  # it gets all its turns

    def __init__(self, state: SearchState, pulls: Pulls, threshold: float):
        self._state = state
        self._pulls = pulls
        self._threshold = threshold
        self._samples = Samples(state)
        self._current: Candidate | None = None

    def budget(self, left: int, rounds_left: int, parents: Sequence[Candidate]) -> int:
        """As in `Strategy`: an even share, or what a turn can use where that is less."""
        beam = sum(self._pulls.cost(parent, self._pulls.size) for parent in parents)
        return min(-(-left // rounds_left), self._samples.size + 1 + self._pulls.size + beam)

    async def grow(self, turn: Round) -> list[Candidate]:
        """As in `Strategy`: the agent's next prompt, if its reply holds one."""
        if self._current is None:
            self._current = turn.parents[0]
        if not self._current.prompt.parts:
            return []
        size = min(self._samples.size, int(turn.budget * MINIBATCH_SHARE))
        (minibatch,) = await self._samples.obtain(turn, [self._current], size)
        made = admitted(self._state, await self._drafts(turn, self._current, minibatch), turn.number)
        self._current = made[0] if made else self._current
        return made

    def learn(self, turn: Round, arms: Sequence[Candidate]) -> None:
        """As in `Strategy`: the agent learns from what it is shown, and from nothing else."""

    async def _drafts(self, turn: Round, current: Candidate, minibatch: Sequence[Outcome]) -> list[Draft]:
        rng = generator(self._state.settings.seed, "grow", turn.number, current.id)
        failed = failures(minibatch, self._threshold)
        scores = [outcome.score.value for outcome in minibatch if outcome.score is not None]
        if not scores:
            return []
        most = self._state.settings.n_gradients * self._state.settings.errors_per_gradient
        errors = FailureGroup("errors at random", tuple(rng.sample(failed, min(most, len(failed)))))
        criticism, texts = await self._state.proposers.writer.critique(
            current.prompt, sum(scores) / len(scores), errors, lot(rng)
        )
        draft = redrafted(Draft(current.prompt, current, "critique", criticism or None), texts)
        return [] if draft is None else [draft]
