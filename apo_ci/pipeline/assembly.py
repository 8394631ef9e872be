"""What a run found, put together as one `Report`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from apo_ci.config import Budget, Settings
from apo_ci.evaluation.compare import Comparison
from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.floor import FloorCheck
from apo_ci.gate import unseen, worst
from apo_ci.inputs.evals import EvalSet
from apo_ci.inputs.pull_request import PullRequest
from apo_ci.lm.ledger import Account, Ledger
from apo_ci.lm.model import Purpose
from apo_ci.pipeline.baseline import Baseline, noise_of
from apo_ci.pipeline.examination import Examination, Finding
from apo_ci.pipeline.provenance import provenance_of, question_digest
from apo_ci.pipeline.session import Session
from apo_ci.pipeline.sharing import shares_of
from apo_ci.pipeline.suggestion import suggestion_of
from apo_ci.report import model
from apo_ci.report.sentences import NAMED

EXCERPT = 300
SHOWN_CASES = 20


def assemble(
    pull_request: PullRequest,
    examinations: list[Examination],
    session: Session,
    budget: Budget,
    seed: int,
    *,
    baseline: Baseline | None = None,
    without_model: str | None = None,
    warnings: Iterable[str] = (),
) -> model.Report:
    """The report of a run on `pull_request`.

    `baseline` is what the data branch knew, `without_model` why no model was asked, if so; `warnings` go before those
    of the prompts.
    """
    verdict = worst([examination.verdict for examination in examinations])
    if pull_request.unevaluated and not examinations:
        verdict = unseen(pull_request.config.gate)
    warnings = [*pull_request.warnings, *warnings]
    for examination in examinations:
        warnings.extend(warning for warning in examination.warnings if warning not in examination.verdict.reasons)
    return model.Report(
        directory=pull_request.directory,
        verdict=verdict.outcome,
        reasons=verdict.reasons,
        blocks=verdict.blocks,
        prompts=tuple(
            _prompt(examination, pull_request, baseline).model_copy(update={"search_share": share})
            for examination, share in zip(examinations, shares_of(examinations), strict=True)
        ),
        deleted=pull_request.deleted,
        unevaluated=pull_request.unevaluated,
        warnings=tuple(dict.fromkeys(warnings)),
        config_from=pull_request.config_from,
        ledger=_ledger(session.ledger),
        budget=model.Caps(**budget.model_dump()),
        finish_reason=_finish_reason(examinations),
        without_model=without_model,
        provenance=provenance_of(pull_request, examinations, session, seed),
    )


def _prompt(examination: Examination, pull_request: PullRequest, baseline: Baseline | None) -> model.PromptReport:
    affected, verdict = examination.affected, examination.verdict
    evals, finding = affected.governing, examination.finding
    return model.PromptReport(
        path=affected.path,
        eval=evals.path,
        dataset=evals.dataset.path,
        digest=question_digest(affected, pull_request),
        metric=evals.settings.metric,
        scorer=_scorer(evals),
        verdict=verdict.outcome,
        reasons=() if _is_unjudged(finding) else verdict.reasons,
        blocks=verdict.blocks,
        affected=affected.reasons,
        is_new=affected.base is None and affected.reasons != (NAMED,),
        gate=None if finding is None else _gate(finding),
        comparison=None if finding is None else _comparison(finding),
        floor=None if finding is None else _floor(finding.floor, finding),
        head_verdict=_head_verdict(examination.head_finding),
        suggestion=suggestion_of(examination, pull_request.config),
        noise=noise_of(baseline, affected, pull_request),
        errors=() if finding is None else _errors(finding),
        cost=_account(examination.ledger.total),
        positive_label=evals.settings.positive_label,
    )


def _is_unjudged(finding: Finding | None) -> bool:
    """Whether there was nothing to hold the prompt against, so that its figures say all."""
    if finding is None or finding.verdict.outcome != "pass":
        return False
    return finding.comparison is None and finding.yardstick.gate.min is None


def _scorer(evals: EvalSet) -> str:
    return ", ".join(_scorer_in_words(scorer) for scorer in evals.settings.scorers)


def _scorer_in_words(scorer: Settings) -> str:
    options = scorer.model_dump(exclude_unset=True, mode="json", by_alias=True)
    name = str(options.pop("type"))
    if not options:
        return name
    return f"{name} ({'; '.join(f'{key}: {_in_words(value)}' for key, value in options.items())})"


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _gate(finding: Finding) -> model.GateReport:
    gate = finding.yardstick.gate
    return model.GateReport(
        max_drop=gate.max_drop,
        min=gate.min,
        policy=gate.policy,
        on_inconclusive=gate.on_inconclusive,
        max_errored=gate.max_errored,
    )


def _comparison(finding: Finding) -> model.ComparisonReport | None:
    comparison = finding.comparison
    if comparison is None or finding.base is None:
        return None
    return model.ComparisonReport(
        **_figures(comparison),
        fixed=_changes(comparison.fixed, finding.base, finding.head),
        broken=_changes(comparison.broken, finding.base, finding.head),
        n_fixed=len(comparison.fixed),
        n_broken=len(comparison.broken),
        changed=comparison.changed,
        cases_needed=comparison.cases_needed,
    )


def _figures(comparison: Comparison) -> dict[str, Any]:
    names = (
        *("n", "base", "head", "delta", "ci_low", "ci_high", "p_value"),
        *("detectable_drop", "errored", "unevaluated", "confidence", "test"),
    )
    return {name: getattr(comparison, name) for name in names}


def _changes(ids: Iterable[str], base: Evaluation, head: Evaluation) -> tuple[model.CaseChange, ...]:
    shown = list(ids)[:SHOWN_CASES]
    before, after = ({outcome.case.id: outcome for outcome in reversed(side.outcomes)} for side in (base, head))
    return tuple(_change(before[id_], after[id_]) for id_ in shown)


def _change(before: Outcome, after: Outcome) -> model.CaseChange:
    inputs = dict(after.case.inputs)
    shown = next(iter(inputs.values())) if len(inputs) == 1 else inputs
    return model.CaseChange(
        id=after.case.id,
        input=_excerpt(shown),
        target=_excerpt(after.case.target),
        base_reply=None if before.reply is None else _excerpt(before.reply),
        head_reply=None if after.reply is None else _excerpt(after.reply),
    )


def _excerpt(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def _floor(floor: FloorCheck | None, finding: Finding) -> model.FloorReport | None:
    if floor is None or (finding.base is not None and finding.yardstick.gate.min is None):
        return None
    return model.FloorReport(
        n=floor.n,
        head=floor.value,
        ci_low=floor.ci_low,
        ci_high=floor.ci_high,
        confidence=floor.confidence,
        min=finding.yardstick.gate.min,
        errored=floor.errored,
        unevaluated=floor.unevaluated,
    )


def _head_verdict(finding: Finding | None) -> model.HeadVerdict | None:
    if finding is None:
        return None
    return model.HeadVerdict(
        verdict=finding.verdict.outcome,
        reasons=finding.verdict.reasons,
        dataset=finding.yardstick.evals.dataset.path,
        metric=finding.yardstick.evals.settings.metric,
        comparison=_comparison(finding),
        floor=_floor(finding.floor, finding),
    )


def _errors(finding: Finding) -> tuple[model.ErrorCount, ...]:
    sides = [side for side in (finding.base, finding.head) if side is not None]
    counts = Counter(outcome.errored for side in sides for outcome in side.outcomes if outcome.errored)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(model.ErrorCount(message=message, count=count) for message, count in ordered)


def _account(account: Account) -> model.Account:
    return model.Account(
        calls=account.calls,
        prompt_tokens=account.prompt_tokens,
        completion_tokens=account.completion_tokens,
        usd=account.usd,
        cache_hits=account.cache_hits,
    )


def _ledger(ledger: Ledger) -> model.LedgerReport:
    accounts = {purpose.value: _account(ledger.accounts[purpose]) for purpose in Purpose}
    total = _account(ledger.total).model_dump()
    return model.LedgerReport(**total, seconds=round(ledger.seconds, 3), purposes=model.Purposes(**accounts))


def _finish_reason(examinations: list[Examination]) -> str:
    findings = [examination.finding for examination in examinations]
    if any(each.finding is None and each.verdict.outcome == "error" for each in examinations):
        return "error"
    if any(finding is None for finding in findings):
        return "no model"
    return "complete" if all(_is_complete(finding) for finding in findings if finding) else "budget"


def _is_complete(finding: Finding) -> bool:
    """Whether every case was tried, on every side."""
    sampled = len(finding.yardstick.cases) < len(finding.yardstick.evals.dataset.cases)
    return not sampled and all(side.complete for side in (finding.base, finding.head) if side)
