"""How much of the searches' spending went to each prompt, and what it brought."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.pipeline.examination import Examination
from apo_ci.report.shares import SearchShare
from apo_ci.search.result import SearchResult


def shares_of(examinations: Sequence[Examination]) -> list[SearchShare | None]:
    """Each one's share; `None` for those that were not searched, and for all where there was a single search."""
    searched = [ledger for examination in examinations if (ledger := examination.search_ledger) is not None]
    total = sum(ledger.total.calls for ledger in searched)
    if len(searched) < 2:
        return [None] * len(examinations)
    return [_share(examination, total) for examination in examinations]


def _share(examination: Examination, total: int) -> SearchShare | None:
    ledger, found = examination.search_ledger, examination.search
    if ledger is None:
        return None
    spent = ledger.total
    confirmed = None if found is None else found.confirmation
    return SearchShare(
        calls=spent.calls,
        usd=spent.usd,
        share=spent.calls / total if total else 0.0,
        rounds=0 if found is None else max(trial.round for trial in found.history),
        dev_gain=None if found is None else _dev_gain(found),
        gain=confirmed.delta if confirmed is not None and confirmed.n else None,
        finish_reason="error" if found is None else found.finish_reason,
    )


def _dev_gain(found: SearchResult) -> float | None:
    scores = {trial.candidate.id: trial.dev_score for trial in found.history}
    best, start = scores.get(found.winner.id), scores.get(found.start.id)
    return None if found.winner is found.start or best is None or start is None else best - start
