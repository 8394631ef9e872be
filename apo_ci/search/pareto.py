"""The Pareto front of candidates over dev cases, and who completes whom (after GEPA, arXiv 2507.19457, section 3).

A candidate that is the best one on some kind of case keeps what it has learnt worth having, whatever its mean.
Candidates have met prefixes of different lengths, so only cases that both of a pair have met are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from apo_ci.search.candidate import Candidate
from apo_ci.search.pulls import Pulls

Row = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A candidate's scores in the frozen order, nan where there is none, and how long its prefix is."""

    scores: Row
    count: int


def front(candidates: Sequence[Candidate], pulls: Pulls) -> list[Candidate]:
    """Those that no other one dominates, in the order given.

    A candidate is dominated by one that has met at least as many cases, and on those that both have met never
    scores lower and somewhere higher. Candidates that have met none are left out: nothing is known of them.
    """
    seen = {candidate.id: _seen(candidate, pulls) for candidate in candidates}
    known = [candidate for candidate in candidates if seen[candidate.id].count]
    return [
        candidate
        for candidate in known
        if not any(_dominates(seen[rival.id], seen[candidate.id]) for rival in known if rival.id != candidate.id)
    ]


def complements(candidate: Candidate, others: Sequence[Candidate], pulls: Pulls) -> list[Candidate]:
    """The `others` that win cases which `candidate` loses, and lose some that it wins; the best complement first.

    They are sorted by how many more cases the better of the two gets right, case by case, than each of them
    does alone; of equals the one with the higher estimate comes first, then the older one.
    """
    mine = _seen(candidate, pulls)
    gains = {other.id: _gain(mine, _seen(other, pulls)) for other in others if other.id != candidate.id}
    useful = {other.id: other for other in others if gains.get(other.id, 0.0) > 0}
    return sorted(useful.values(), key=lambda other: (-gains[other.id], -pulls.estimate(other), other.id))


def _seen(candidate: Candidate, pulls: Pulls) -> _Seen:
    values: Mapping[str, float] = pulls.values(candidate)
    scores = np.array([values.get(case.id, np.nan) for case in pulls.order.cases], dtype=np.float64)
    return _Seen(scores, pulls.count(candidate))


def _dominates(rival: _Seen, candidate: _Seen) -> bool:
    if rival.count < candidate.count:
        return False
    lead = rival.scores - candidate.scores  # nan where one of them has no score: neither test holds there
    return bool(np.any(lead > 0) and not np.any(lead < 0))


def _gain(mine: _Seen, theirs: _Seen) -> float:
    """What the better of the two scores over both, case by case, above the higher of their sums."""
    both = ~np.isnan(mine.scores) & ~np.isnan(theirs.scores)
    first, second = mine.scores[both], theirs.scores[both]
    return float(np.maximum(first, second).sum() - max(first.sum(), second.sum()))
