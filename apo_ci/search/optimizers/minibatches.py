"""Minibatches: what parents do on train cases, to learn from their failures."""

from __future__ import annotations

import random
from collections.abc import Sequence

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.gradients import failures, passes
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState

SHARE = 4  # at most one in so many requests of a round goes into minibatches
SMALLEST = 4
FAILED, UNKNOWN, PASSED = range(3)  # the order in which new cases are asked


class Minibatches:
    """Draws them; what has been seen of a parent on train is used before anything is asked."""

    def __init__(self, state: SearchState, threshold: float):
        self._state = state
        self._threshold = threshold

    async def draw(
        self, turn: Round, parents: Sequence[Candidate], criticised: Sequence[Candidate]
    ) -> dict[int, tuple[Outcome, ...]]:
        """Each parent's outcomes on train cases, half of them failures where there are as many.

        Failures that are known count; new cases are asked of `criticised` parents, those first that an ancestor failed.
        """
        size = self._state.settings.minibatch_size * (2 if turn.widened else 1)
        affordable = min(size, max(SMALLEST, turn.budget // (SHARE * max(1, len(criticised)))))
        seed = self._state.settings.seed
        rngs = {parent.id: generator(seed, "minibatch", turn.number, parent.id) for parent in parents}
        jobs = [(parent, self._fresh(parent, affordable, rngs[parent.id])) for parent in criticised]
        await self._state.outcomes.obtain(jobs)
        return {parent.id: _mixed(self._known(parent), size, self._threshold, rngs[parent.id]) for parent in parents}

    def _fresh(self, parent: Candidate, most: int, rng: random.Random) -> list[Case]:
        """Cases that `parent` has not met, so many that there will be enough failures to learn from."""
        failed = len(failures(self._known(parent), self._threshold))
        unmet = self._state.outcomes.missing(parent, _unshown(self._state.train, parent))
        hopes = self._hopes(parent)
        shuffled = rng.sample(unmet, len(unmet))
        return sorted(shuffled, key=lambda case: hopes.get(case.id, UNKNOWN))[: max(0, most - 2 * failed)]

    def _hopes(self, parent: Candidate) -> dict[str, int]:
        """For each case that an ancestor met, whether the nearest one failed it; a child mostly fails the same."""
        hopes: dict[str, int] = {}
        for ancestor in reversed(self._state.roster.lineage(parent)[:-1]):
            for id_, outcome in self._state.outcomes.of(ancestor).items():
                if outcome.score is not None:
                    hopes.setdefault(id_, FAILED if outcome.score.value < self._threshold else PASSED)
        return hopes

    def _known(self, parent: Candidate) -> tuple[Outcome, ...]:
        """The outcomes of `parent` on train that have been seen."""
        seen = self._state.outcomes.of(parent)
        return tuple(seen[case.id] for case in _unshown(self._state.train, parent) if case.id in seen)


def _unshown(train: Sequence[Case], parent: Candidate) -> list[Case]:
    """The cases whose answers do not stand in the prompt."""
    shown = [dict(inputs) for inputs, _ in parent.prompt.demonstrations]
    return [case for case in train if dict(case.inputs) not in shown]


def _mixed(known: Sequence[Outcome], size: int, threshold: float, rng: random.Random) -> tuple[Outcome, ...]:
    """`size` outcomes, half of them failures where there are as many, in random order."""
    failed, passed = failures(known, threshold), passes(known, threshold)
    bad = rng.sample(failed, min(len(failed), max(size // 2, size - len(passed))))
    good = rng.sample(passed, min(len(passed), size - len(bad)))
    return tuple(rng.sample([*bad, *good], len(bad) + len(good)))
