"""Failures of a prompt, in groups that go wrong in the same way; each group asks for one gradient."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apo_ci.evaluation.evaluate import Outcome

NONE_SHOWN: Mapping[str, int] = {}
FAMILIAR = 0.25  # of the weight of a failure is left after each gradient that was asked for it


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures that share a cause: for labels the pair of target and output, otherwise the scorer's reason."""

    cause: str
    outcomes: tuple[Outcome, ...]


def failures(outcomes: Sequence[Outcome], threshold: float = 1.0) -> tuple[Outcome, ...]:
    """The scored outcomes below `threshold`; errored ones say nothing about the prompt."""
    return tuple(outcome for outcome in outcomes if outcome.score is not None and outcome.score.value < threshold)


def passes(outcomes: Sequence[Outcome], threshold: float = 1.0) -> tuple[Outcome, ...]:
    """The scored outcomes at `threshold` or above."""
    return tuple(outcome for outcome in outcomes if outcome.score is not None and outcome.score.value >= threshold)


def group_failures(
    failed: Sequence[Outcome],
    *,
    groups: int,
    size: int,
    rng: random.Random,
    shown: Mapping[str, int] = NONE_SHOWN,
) -> tuple[FailureGroup, ...]:
    """At most `groups` groups of at most `size` failures: large ones first, equal ones in the order of `rng`.

    `shown` is how often each case was in a group before, by its id. What has been shown counts less, so that small
    groups have their turn, and comes last within its group.

    Failures share a group that share a cause: the pair of target and output, or the scorer's reason. Where that gives
    more groups than are wanted, pairs with one target are taken together: the false negatives of a label. When
    there are fewer causes than `groups`, a cause with more than `size` failures gives several groups.
    """
    by_cause = _by(_cause, failed)
    if len(by_cause) > groups:
        by_cause = _by(_kind, failed)
    chunks: list[tuple[float, float, FailureGroup]] = []
    for cause, members in by_cause.items():
        news = sum(FAMILIAR ** shown.get(outcome.case.id, 0) for outcome in members)
        shuffled = sorted(rng.sample(members, len(members)), key=lambda one: shown.get(one.case.id, 0))
        for nth, first in enumerate(range(0, len(shuffled), size)):
            weight = news if nth == 0 else -nth  # every cause comes before any cause's second helping
            chunks.append((weight, rng.random(), FailureGroup(cause, tuple(shuffled[first : first + size]))))
    chunks.sort(key=lambda chunk: (-chunk[0], chunk[1]))
    return tuple(group for _, _, group in chunks[:groups])


def _by(key: Callable[[Outcome], str], failed: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for outcome in failed:
        found.setdefault(key(outcome), []).append(outcome)
    return found


def success_threshold(values: Sequence[float]) -> float:
    """The value from which a case counts as passed: 1 for right-or-wrong scores, the median for graded ones."""
    if not values or all(value in (0.0, 1.0) for value in values):
        return 1.0
    middle = sorted(values)[len(values) // 2]
    return middle if middle > min(values) else 1.0


def by_case(outcomes: Sequence[Outcome]) -> Mapping[str, Outcome]:
    """The first replicate of each case, by the case's id."""
    return {outcome.case.id: outcome for outcome in outcomes if outcome.replicate == 0}


def _cause(outcome: Outcome) -> str:
    assert outcome.score is not None
    if outcome.score.predicted is not None:
        return f"expected {outcome.case.target!s}, got {outcome.score.predicted}"
    return outcome.score.reason


def _kind(outcome: Outcome) -> str:
    """The target of a label's failure, else the cause."""
    assert outcome.score is not None
    return _cause(outcome) if outcome.score.predicted is None else f"expected {outcome.case.target!s}"
