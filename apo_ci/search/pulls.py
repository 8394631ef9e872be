"""The frozen order of the dev cases, and how candidates do on prefixes of it.

Every candidate is tried on a prefix of one order (common random numbers), so any two can be compared on the
same cases. The order takes the start's failures and passes in turn; `estimate` weighs the two kinds by how
many there are of each, which makes it unbiased for the whole of dev on any prefix.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.evaluation.metrics import Metric
from apo_ci.evaluation.pairs import observe
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.objective import Objective, Score
from apo_ci.search.outcomes import Outcomes

SCORE = Score()
ENOUGH_TO_WIN = 24  # dev cases, or half of fewer than twice that: nobody replaces another on fewer
MOST_ERRORED = 0.1  # of the replies that the other prompt got: a prompt that makes requests fail does not win by it


@dataclass(frozen=True, slots=True)
class DevOrder:
    """Distinct cases in the order in which all candidates meet them; `fails` are those that the start fails."""

    cases: tuple[Case, ...]
    fails: frozenset[str]


def freeze_order(cases: Sequence[Case], start: Mapping[str, Outcome], threshold: float, rng: random.Random) -> DevOrder:
    """Failures (below `threshold`) and passes of the start in turn, each kind shuffled, the rest at the end.

    A case without a score of the start counts as passed: it says nothing about what the start gets wrong.
    """
    distinct = list({case.id: case for case in cases}.values())
    shuffled = rng.sample(distinct, len(distinct))
    scores = {id_: outcome.score.value for id_, outcome in start.items() if outcome.score is not None}
    failed = [case for case in shuffled if scores.get(case.id, 1.0) < threshold]
    fails = frozenset(case.id for case in failed)
    passed = [case for case in shuffled if case.id not in fails]
    pairs = min(len(failed), len(passed))
    paired = [case for pair in zip(failed, passed, strict=False) for case in pair]
    return DevOrder((*paired, *failed[pairs:], *passed[pairs:]), fails)


@dataclass(frozen=True, slots=True)
class TrainGain:
    """What is known from the train split of a candidate's gain over `parent`: `gain`, as if on `cases` of them."""

    parent: Candidate
    gain: float
    cases: int


class Pulls:
    """Cumulative results of candidates on prefixes of the frozen order; no pull is ever repeated."""

    def __init__(
        self,
        order: DevOrder,
        outcomes: Outcomes,
        metric: Metric,
        objective: Objective = SCORE,
        start: Candidate | None = None,
    ):
        """`objective` ranks candidates; one that looks at cost needs the `start`, which it is relative to."""
        self.order = order
        self._outcomes = outcomes
        self._metric = metric
        self._objective = objective
        self._start = start
        self._train_gains: dict[int, TrainGain] = {}
        self._totals = self._count_kinds(len(order.cases))

    @property
    def size(self) -> int:
        """The number of dev cases."""
        return len(self.order.cases)

    @property
    def spent(self) -> int:
        """Pulls that were asked for so far, on any case."""
        return self._outcomes.asked

    def count(self, candidate: Candidate) -> int:
        """How long the prefix is that `candidate` has been tried on."""
        seen = self._outcomes.of(candidate)
        for position, case in enumerate(self.order.cases):
            if case.id not in seen:
                return position
        return self.size

    def cost(self, candidate: Candidate, upto: int) -> int:
        """New pulls that it takes to bring `candidate` to a prefix of `upto`."""
        return len(self._outcomes.missing(candidate, self.order.cases[:upto]))

    async def extend(self, candidates: Sequence[Candidate], upto: int) -> None:
        """Bring each of `candidates` to a prefix of `upto`, all of them at once."""
        await self.bring([(candidate, upto) for candidate in candidates])

    async def bring(self, targets: Sequence[tuple[Candidate, int]]) -> None:
        """Bring each candidate to a prefix of its own, all of them at once."""
        await self._outcomes.obtain([(candidate, self.order.cases[:upto]) for candidate, upto in targets])

    def values(self, candidate: Candidate, upto: int | None = None) -> dict[str, float]:
        """The scores of `candidate` on a prefix by case id, without errored cases."""
        seen = self._outcomes.of(candidate)
        prefix = self.order.cases[: self.count(candidate) if upto is None else upto]
        scores = {case.id: seen[case.id].score for case in prefix if case.id in seen}
        return {id_: score.value for id_, score in scores.items() if score is not None}

    def wins_and_losses(self, candidate: Candidate, other: Candidate, upto: int) -> tuple[int, int]:
        """On how many cases of a prefix `candidate` scores higher than `other`, and on how many lower."""
        mine, theirs = self.values(candidate, upto), self.values(other, upto)
        both = mine.keys() & theirs.keys()
        return sum(mine[id_] > theirs[id_] for id_ in both), sum(mine[id_] < theirs[id_] for id_ in both)

    def estimate(self, candidate: Candidate, upto: int | None = None) -> float:
        """The metric of `candidate` on all of dev, as a prefix shows it; 0 where nothing was seen."""
        seen = self._outcomes.of(candidate)
        prefix = self.order.cases[: self.count(candidate) if upto is None else upto]
        scored = [seen[case.id] for case in prefix if case.id in seen and seen[case.id].score is not None]
        if not scored:
            return 0.0
        rows = self._metric.rows([observe([outcome]) for outcome in scored])
        return float(self._metric.figure(self._weights(scored) @ rows))

    def utility(self, candidate: Candidate, upto: int | None = None) -> float:
        """What candidates are ranked by, in units of the metric: the estimate, or what the objective makes of it."""
        return self._objective.utility(self.believed(candidate, upto), self.tokens(candidate, upto))

    def credit(self, candidate: Candidate, gain: TrainGain) -> None:
        """Take what train cases showed of `candidate` into account, beside what dev will show."""
        self._train_gains[candidate.id] = gain

    def believed(self, candidate: Candidate, upto: int | None = None) -> float:
        """The estimate; for a candidate that was credited, the parent's and the gain that train and dev show together.

        A mean over the cases of both, so that a few dev cases do not outweigh many train cases (shrinkage).
        """
        known = self._train_gains.get(candidate.id)
        if known is None:
            return self.estimate(candidate, upto)
        met = min(self.count(candidate) if upto is None else upto, self.count(known.parent))
        on_dev = self.estimate(candidate, met) - self.estimate(known.parent, met)
        gain = (met * on_dev + known.cases * known.gain) / (met + known.cases)
        return self.believed(known.parent, upto) + gain

    def tokens(self, candidate: Candidate, upto: int | None = None) -> float:
        """Tokens of a call relative to the start's, on the cases of a prefix that both have met; 1 if unknown."""
        if self._start is None:
            return 1.0
        mine, theirs = self._outcomes.of(candidate), self._outcomes.of(self._start)
        prefix = self.order.cases[: self.count(candidate) if upto is None else upto]
        both = [
            (mine[case.id].usage, theirs[case.id].usage) for case in prefix if case.id in mine and case.id in theirs
        ]
        known = [(one.tokens, other.tokens) for one, other in both if one is not None and other is not None]
        before = sum(other for _, other in known)
        return sum(one for one, _ in known) / before if before else 1.0

    def better(self, one: Candidate, other: Candidate, enough: int = ENOUGH_TO_WIN) -> bool:
        """Whether `one` ranks above `other` on the longest prefix that both have met, if it is long enough.

        That is `enough` cases, or half of dev if that is less.
        """
        upto = min(self.count(one), self.count(other))
        replies, others = len(self.values(one, upto)), len(self.values(other, upto))
        comparable = upto >= min(enough, self.size / 2) and replies >= (1 - MOST_ERRORED) * others
        if not comparable or not self._is_admitted(one, upto):
            return False
        return self.utility(one, upto) > self.utility(other, upto) + 1e-9

    def _is_admitted(self, candidate: Candidate, upto: int) -> bool:
        """Whether the objective lets `candidate` replace the start."""
        return self._start is None or self._objective.admits(
            self.estimate(candidate, upto), self.estimate(self._start, upto)
        )

    def _weights(self, scored: Sequence[Outcome]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        kinds = [outcome.case.id in self.order.fails for outcome in scored]
        seen = (kinds.count(False), kinds.count(True))
        if any(total and not count for total, count in zip(self._totals, seen, strict=True)):
            return np.ones(len(scored))
        return np.array([self._totals[kind] / seen[kind] for kind in kinds])

    def _count_kinds(self, upto: int) -> tuple[int, int]:
        failed = sum(case.id in self.order.fails for case in self.order.cases[:upto])
        return upto - failed, failed
