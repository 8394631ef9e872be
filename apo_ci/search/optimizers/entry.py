"""The entry gate: a rewriting must mend some of the train cases that it was written for, and break fewer.

The cases are the parent's own, so what the parent scored on them is known. Failures come first; only who mends one
is tried on passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.gradients import passes
from apo_ci.search.outcomes import Outcomes

FEWEST_PASSES = 2


@dataclass(frozen=True, slots=True)
class Applicant:
    """A candidate at the gate, its parent's outcomes on the minibatch, and the failures it was written for."""

    candidate: Candidate
    written_for: tuple[Case, ...]
    minibatch: Sequence[Outcome]
    threshold: float


def cost(written_for: int) -> int:
    """The most requests that one applicant takes."""
    return written_for + max(FEWEST_PASSES, written_for // 2)


async def entry_gate(applicants: Sequence[Applicant], outcomes: Outcomes, budget: int) -> dict[int, str]:
    """Why candidates are turned away, by id; who is not in it may go on.

    Spends at most `budget` requests; applicants that it does not reach go on untried. So do those that were not
    written for any case.
    """
    tried: list[Applicant] = []
    for applicant in applicants:
        price = cost(len(applicant.written_for))
        if applicant.written_for and price <= budget:
            tried.append(applicant)
            budget -= price
    await outcomes.obtain([(applicant.candidate, applicant.written_for) for applicant in tried])
    fates = {
        applicant.candidate.id: "dropped: mends none of the train cases it was written for"
        for applicant in tried
        if _balance(applicant, applicant.written_for, outcomes)[0] == 0
    }
    left = [applicant for applicant in tried if applicant.candidate.id not in fates]
    await outcomes.obtain([(applicant.candidate, _passes(applicant)) for applicant in left])
    for applicant in left:
        gained, lost = _balance(applicant, (*applicant.written_for, *_passes(applicant)), outcomes)
        if lost >= gained:
            fates[applicant.candidate.id] = f"dropped: mends {gained} train cases and breaks {lost}"
    return fates


def _passes(applicant: Applicant) -> tuple[Case, ...]:
    number = max(FEWEST_PASSES, len(applicant.written_for) // 2)
    return tuple(outcome.case for outcome in passes(applicant.minibatch, applicant.threshold)[:number])


def _balance(applicant: Applicant, cases: Sequence[Case], outcomes: Outcomes) -> tuple[int, int]:
    """On how many of `cases` the candidate scores higher than its parent, and on how many lower."""
    before = _values({outcome.case.id: outcome for outcome in applicant.minibatch})
    after = _values(outcomes.of(applicant.candidate))
    both = [case.id for case in cases if case.id in before and case.id in after]
    return sum(after[id_] > before[id_] for id_ in both), sum(after[id_] < before[id_] for id_ in both)


def _values(outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    return {id_: outcome.score.value for id_, outcome in outcomes.items() if outcome.score is not None}
