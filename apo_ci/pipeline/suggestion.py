"""What a search found, as the report shows it."""

from __future__ import annotations

from typing import Any

from apo_ci.config import Config
from apo_ci.pipeline.costing import tradeoff_of
from apo_ci.pipeline.examination import Examination
from apo_ci.pipeline.searching import search_settings
from apo_ci.report import model
from apo_ci.report.diff import unified_diff
from apo_ci.report.hunks import HunkReport
from apo_ci.search.result import HunkGain, SearchResult, Trial


def suggestion_of(examination: Examination, config: Config) -> model.Suggestion | None:
    """The search for one prompt, as the report shows it; `None` when there was none."""
    found, ledger = examination.search, examination.search_ledger
    if found is None or ledger is None:
        return None
    total = ledger.total
    return model.Suggestion(
        status=found.status,
        **_gain(found),
        **_proposal(examination.affected.head.source, found),
        is_revert=found.is_revert,
        operators=tuple(candidate.operator for candidate in found.lineage),
        gradients=tuple(candidate.gradient for candidate in found.lineage if candidate.gradient),
        lineage=_lineage(found),
        trials=tuple(_trial(trial) for trial in found.history),
        explanation=found.explanation,
        finish_reason=found.finish_reason,
        calls=total.calls,
        usd=total.usd,
        objective=search_settings(examination, config).objective,
        tradeoff=tradeoff_of(examination, found, config),
        hunks=tuple(_hunk(gain) for gain in found.hunks),
    )


def _gain(found: SearchResult) -> dict[str, Any]:
    confirmed, over_base = found.confirmation, found.confirmation_over_base
    gain: dict[str, Any] = {"delta_over_base": over_base.delta if over_base else None}
    if confirmed is not None:
        names = ("delta", "ci_low", "ci_high", "p_value", "n", "confidence")
        gain.update({name: getattr(confirmed, name) for name in names})
    return gain


def _proposal(head: str, found: SearchResult) -> dict[str, Any]:
    """The winner's text and diff; `None` when nothing but the start is left to show."""
    proposed = found.winner.prompt.source
    if found.status == "none" or proposed == head:
        return {"text": None, "diff": None}
    return {"text": proposed, "diff": unified_diff(head, proposed, found.winner.prompt.path)}


def _lineage(found: SearchResult) -> tuple[model.LineageStep, ...]:
    trials = {trial.candidate.id: trial for trial in found.history}
    return tuple(
        model.LineageStep(
            id=candidate.id,
            operator=candidate.operator,
            gradient=candidate.gradient,
            round=candidate.round,
            dev_score=trials[candidate.id].dev_score if candidate.id in trials else None,
            n=trials[candidate.id].dev_n if candidate.id in trials else 0,
        )
        for candidate in found.lineage
    )


def _trial(trial: Trial) -> model.TrialReport:
    candidate = trial.candidate
    return model.TrialReport(
        id=candidate.id,
        parent=candidate.parent,
        operator=candidate.operator,
        round=candidate.round,
        dev_score=trial.dev_score,
        dev_n=trial.dev_n,
        fate=trial.fate,
    )


def _hunk(gain: HunkGain) -> HunkReport:
    hunk = gain.hunk
    return HunkReport(
        removed=hunk.removed,
        added=hunk.added,
        examples=hunk.examples,
        delta=gain.delta,
        n=gain.n,
        kept=gain.kept,
    )
