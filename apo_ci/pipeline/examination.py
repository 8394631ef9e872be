"""One affected prompt: base and head on the same cases, the comparison and the verdict."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from apo_ci.config import Budget, Config, GateSettings, ModelSettings
from apo_ci.errors import InfrastructureError, InputError, ReplayMissError
from apo_ci.evaluation.compare import Comparison, compare
from apo_ci.evaluation.evaluate import Evaluation, TaskModel, evaluate
from apo_ci.evaluation.floor import FloorCheck, check_floor
from apo_ci.evaluation.metrics import Metric, make_metric
from apo_ci.evaluation.score import Scorer
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.gate import Verdict, judge
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import EvalSet
from apo_ci.inputs.prompts import Prompt
from apo_ci.inputs.pull_request import AffectedPrompt
from apo_ci.inputs.splits import Splits, assign_splits
from apo_ci.lm.cached import CachedModel
from apo_ci.lm.factory import model_name
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from apo_ci.pipeline.session import Session
from apo_ci.search.result import SearchResult

FEWEST_CASES = 10
NO_REPLIES = "The cache has no replies to this version."


@dataclass(frozen=True)
class Yardstick:
    """How an eval set measures: its cases, scorer, metric and thresholds, and the model that answers."""

    evals: EvalSet
    cases: tuple[Case, ...]
    splits: Splits
    scorer: Scorer
    metric: Metric
    gate: GateSettings
    model: CachedModel
    task: TaskModel
    ledger: Ledger

    @property
    def replicates(self) -> int:
        """How often each case is asked."""
        return self.evals.settings.replicates


@dataclass(frozen=True)
class Finding:
    """What one yardstick says of both versions."""

    yardstick: Yardstick
    base: Evaluation | None
    head: Evaluation
    comparison: Comparison | None
    floor: FloorCheck | None
    verdict: Verdict


@dataclass
class Examination:
    """Everything that a run finds out about one affected prompt; `verdict` is the one that gates."""

    affected: AffectedPrompt
    ledger: Ledger
    verdict: Verdict
    finding: Finding | None = None
    head_finding: Finding | None = None
    search: SearchResult | None = None
    search_ledger: Ledger | None = None
    warnings: list[str] = field(default_factory=list)


async def examine(
    affected: AffectedPrompt, session: Session, config: Config, *, later: Sequence[AffectedPrompt], search: bool
) -> Examination:
    """Evaluate both versions and judge. What infrastructure does to the run becomes an `error` verdict.

    `later` are the prompts whose turn comes afterwards: they are left their part of the budget. With `search` the
    optimizer model is opened, too, so that what is wrong with it is known before anything is spent.
    """
    evals = affected.governing
    ledger = session.ledger.child(evals.settings.budget or Budget())
    examination = Examination(affected, ledger, Verdict("error", (), blocks=True))
    try:
        yardstick = await open_yardstick(evals, session, config, ledger)
        if search:
            await _open_optimizer(evals, session, config)
        yardstick = affordable(yardstick, affected, examination, allowance_of(session.ledger, later))
        examination.finding = await _measure(affected, yardstick)
        examination.verdict = examination.finding.verdict
        if affected.head_eval is not None and affected.eval_changed and affected.head_eval is not evals:
            second = await open_yardstick(affected.head_eval, session, config, ledger)
            examination.head_finding = await _measure(affected, _as_sampled(second, yardstick))
    except ReplayMissError as error:
        if session.replay:
            _note_what_is_missing(examination, config)
        else:
            _note_failure(examination, error)
    except InfrastructureError as error:
        _note_failure(examination, error)
    return examination


def _note_failure(examination: Examination, error: InfrastructureError) -> None:
    if examination.finding is None:
        examination.verdict = replace(examination.verdict, reasons=(_in_a_line(error),))
    examination.warnings.append(str(error))


def _in_a_line(error: InfrastructureError) -> str:
    """What is wrong, then what to do, as sentences of one line."""
    place = "" if error.path is None else f"{error.path}: "
    what = f"{place}{error.message[:1].upper()}{error.message[1:].rstrip('.')}."
    return what if error.cure is None else f"{what} {error.cure}"


def _note_what_is_missing(examination: Examination, config: Config) -> None:
    """A run that may ask no model has nothing to say of what the cache lacks, which is nobody's fault."""
    affected = examination.affected
    if examination.finding is not None:
        examination.warnings.append(f"{affected.path}: the cache has no replies for the head's own eval set.")
        return
    gate = affected.governing.settings.applied_to(config).gate
    examination.verdict = Verdict("inconclusive", (NO_REPLIES,), blocks=gate.on_inconclusive == "fail")


def task_model(settings: ModelSettings) -> TaskModel:
    """What requests to the model of `settings` begin with."""
    return TaskModel(model_name(settings), settings.parameters)


async def open_yardstick(evals: EvalSet, session: Session, config: Config, ledger: Ledger) -> Yardstick:
    """How `evals` measures, at the expense of `ledger`; its model is opened."""
    settings, applied, cases = evals.settings, evals.settings.applied_to(config), evals.dataset.cases
    model = (await session.model(applied.model)).charging(ledger)
    with _naming(evals.path):
        return Yardstick(
            evals=evals,
            cases=cases,
            splits=assign_splits(cases, settings.splits, labels=bool(settings.labels), path=evals.path),
            scorer=make_scorer(settings.scorers),
            metric=make_metric(settings.metric, settings.positive_label, settings.labels or None),
            gate=applied.gate,
            model=model,
            task=task_model(applied.model),
            ledger=ledger,
        )


async def _open_optimizer(evals: EvalSet, session: Session, config: Config) -> None:
    applied = evals.settings.applied_to(config)
    if applied.search.enabled:
        with suppress(InfrastructureError):  # the search will say so; the comparison needs no optimizer
            await session.model(applied.proposer_model)


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Errors that do not know where they are come from `path`."""
    try:
        yield
    except InputError as error:
        if error.path is not None:
            raise
        raise InputError(error.message, cure=error.cure, path=path, line=error.line) from error


def _calls_for_a_case(affected: AffectedPrompt) -> int:
    return (1 if affected.base is None else 2) * affected.governing.settings.replicates


def allowance_of(ledger: Ledger, later: Sequence[AffectedPrompt]) -> int | None:
    """The calls that a prompt may take: an equal share, or what the later ones do not need if that is more."""
    left = ledger.remaining(Purpose.HEAD).calls
    if left is None:
        return None
    needed = sum(_calls_for_a_case(one) * len(one.governing.dataset.cases) for one in later)
    return max(left // (1 + len(later)), left - needed)


def affordable(
    yardstick: Yardstick, affected: AffectedPrompt, examination: Examination, allowance: int | None
) -> Yardstick:
    """The yardstick with as many cases as its own budget and the `allowance` permit on all sides, chosen by hash."""
    limits = (examination.ledger.remaining(Purpose.HEAD).calls, allowance)
    calls = min((limit for limit in limits if limit is not None), default=None)
    cost = _calls_for_a_case(affected)
    if calls is None or calls >= cost * len(yardstick.cases) or calls < cost * FEWEST_CASES:
        return yardstick
    affordable = calls // cost
    examination.warnings.append(
        f"{affected.path}: the budget of {calls:,} calls allows {affordable:,} of {len(yardstick.cases):,} cases; "
        f"all of them need {cost * len(yardstick.cases):,} calls."
    )
    return replace(yardstick, cases=_sample(yardstick.cases, affordable))


def _as_sampled(second: Yardstick, first: Yardstick) -> Yardstick:
    """The `second` yardstick on the cases that the budget left to the `first`, where it cut them short."""
    if len(first.cases) == len(first.evals.dataset.cases):
        return second
    chosen = {case.id for case in first.cases}
    return replace(second, cases=tuple(case for case in second.cases if case.id in chosen))


def _sample(cases: Sequence[Case], size: int) -> tuple[Case, ...]:
    """`size` cases by the order of their ids' hashes: the same ones however the file is ordered."""
    order = sorted(cases, key=lambda case: hashlib.sha256(case.id.encode()).digest())
    chosen = {case.id for case in order[:size]}
    return tuple(case for case in cases if case.id in chosen)


async def _measure(affected: AffectedPrompt, yardstick: Yardstick) -> Finding:
    with _naming(yardstick.evals.dataset.path):
        base, head = await _evaluate_both(affected, yardstick)
    assert head is not None
    gate = yardstick.gate
    comparison = None
    if base is not None:
        comparison = compare(base, head, yardstick.metric, confidence=gate.confidence, max_drop=gate.max_drop)
    floor = check_floor(head, yardstick.metric, confidence=gate.confidence)
    left_out = len(yardstick.evals.dataset.cases) - len(yardstick.cases)
    return Finding(yardstick, base, head, comparison, floor, judge(comparison, floor, gate, left_out=left_out))


async def _evaluate_both(affected: AffectedPrompt, yardstick: Yardstick) -> tuple[Evaluation | None, Evaluation | None]:
    """Side by side, so that a budget that ends early leaves pairs; with a single slot one after the other.

    A server with one slot reuses the beginning of a prompt from the request before, and from no other. There the base
    may take half of the budget.
    """
    if yardstick.model.concurrency == 1:
        half = yardstick.ledger.child(_half(yardstick))
        first = replace(yardstick, model=yardstick.model.charging(half))
        return await _evaluate(affected.base, first, Purpose.BASE), await _evaluate(
            affected.head, yardstick, Purpose.HEAD
        )
    before, after = await asyncio.gather(
        _evaluate(affected.base, yardstick, Purpose.BASE), _evaluate(affected.head, yardstick, Purpose.HEAD)
    )
    return before, after


def _half(yardstick: Yardstick) -> Budget:
    left = yardstick.ledger.remaining(Purpose.BASE)
    needed = len(yardstick.cases) * yardstick.replicates
    return Budget(
        calls=None if left.calls is None else max(left.calls // 2, left.calls - needed),
        tokens=None if left.tokens is None else left.tokens // 2,
        usd=None if left.usd is None else left.usd / 2,
        seconds=None if left.seconds is None else left.seconds / 2,
    )


async def _evaluate(prompt: Prompt | None, yardstick: Yardstick, purpose: Purpose) -> Evaluation | None:
    if prompt is None:
        return None
    return await evaluate(
        prompt,
        yardstick.cases,
        model=yardstick.model,
        settings=yardstick.task,
        scorer=yardstick.scorer,
        purpose=purpose,
        replicates=yardstick.replicates,
    )
