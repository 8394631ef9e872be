"""Two evaluations laid side by side, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apo_ci.evaluation.evaluate import Evaluation, Outcome, case_key
from apo_ci.evaluation.metrics import FloatArray, Observation
from apo_ci.evaluation.score import UNPARSED, Score
from apo_ci.evaluation.significance import TIE


@dataclass(frozen=True, slots=True)
class Pairs:
    """The cases that both sides have a score for, in order.

    `changed` of them were answered differently; `errored` cases lack a score on a side for want of a reply, and
    `unevaluated` ones because the budget ended.
    """

    ids: tuple[str, ...]
    base: tuple[Observation, ...]
    head: tuple[Observation, ...]
    changed: int
    errored: int
    unevaluated: int

    @property
    def differences(self) -> FloatArray:
        """Head's value minus base's, for each case."""
        base = np.array([observation.value for observation in self.base])
        difference = np.array([observation.value for observation in self.head]) - base
        return np.where(np.abs(difference) < TIE, 0.0, difference)

    @property
    def are_binary(self) -> bool:
        """Whether every value is zero or one."""
        return all(observation.value in (0, 1) for observation in (*self.base, *self.head))


def pair(base: Evaluation, head: Evaluation) -> Pairs:
    """Pair what both evaluations scored. Of a case's replicates those count that both sides have a reply for."""
    others = {case_key(outcomes[0]): outcomes for outcomes in head.by_case()}
    ids: list[str] = []
    sides: list[tuple[Observation, Observation]] = []
    changed = errored = 0
    for outcomes in base.by_case():
        partners = others.get(case_key(outcomes[0]))
        if partners is None:
            continue
        both = _both_scored(outcomes, partners)
        if not both:
            errored += 1
            continue
        ids.append(outcomes[0].case.id)
        sides.append((observe([one for one, _ in both]), observe([other for _, other in both])))
        changed += any(_answer(one) != _answer(other) for one, other in both)
    total = max(_asked(base), _asked(head))
    left, right = tuple(one for one, _ in sides), tuple(other for _, other in sides)
    return Pairs(tuple(ids), left, right, changed, errored, total - len(ids) - errored)


def observe(outcomes: Sequence[Outcome]) -> Observation:
    """Scored outcomes of one case as one observation."""
    scores = [outcome.score for outcome in outcomes if outcome.score is not None]
    value = sum(score.value for score in scores) / len(scores)
    return Observation(outcomes[0].case.target, tuple(score.predicted for score in scores), value)


def _both_scored(base: Sequence[Outcome], head: Sequence[Outcome]) -> list[tuple[Outcome, Outcome]]:
    by_replicate = {outcome.replicate: outcome for outcome in head if outcome.score is not None}
    scored = [outcome for outcome in base if outcome.score is not None]
    return [(outcome, by_replicate[outcome.replicate]) for outcome in scored if outcome.replicate in by_replicate]


def _answer(outcome: Outcome) -> tuple[str | None, Score | None]:
    """The score, and the reply as well where the scorer reads no label out of it."""
    label = None if outcome.score is None else outcome.score.predicted
    return (outcome.reply if label in (None, UNPARSED) else None), outcome.score


def _asked(evaluation: Evaluation) -> int:
    return sum(1 for _ in evaluation.by_case()) + evaluation.unevaluated
