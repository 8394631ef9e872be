"""The Python API: evaluate a prompt, or search for a better one, without a repository.

Both functions block; call them outside a running event loop. Caps are held and replies cached as on the command line.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from apo_ci.config import DEFAULT_CALLS, Budget, ModelSettings, SearchSettings
from apo_ci.errors import ConfigError, InputError
from apo_ci.evaluation.evaluate import Evaluation
from apo_ci.evaluation.evaluate import evaluate as evaluate_cases
from apo_ci.evaluation.floor import check_floor
from apo_ci.evaluation.metrics import Metric, make_metric
from apo_ci.evaluation.score import Scorer
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Dataset, load_dataset
from apo_ci.inputs.evals import EvalSettings
from apo_ci.inputs.fitting import target_lines_of, unusable_targets
from apo_ci.inputs.prompts import Prompt, parse_prompt, read_prompt
from apo_ci.inputs.splits import SplitFractions, assign_splits
from apo_ci.lm.ledger import Account
from apo_ci.lm.model import Purpose
from apo_ci.pipeline.examination import task_model
from apo_ci.pipeline.searching import optimizer_of
from apo_ci.pipeline.session import Session
from apo_ci.search.loop import optimize as search_for_better
from apo_ci.search.result import Progress, SearchResult
from apo_ci.search.task import SearchTask

Rows = Path | str | Iterable[Mapping[str, Any]]
Result = TypeVar("Result")
DEFAULT_BUDGET = Budget(calls=DEFAULT_CALLS)


@dataclass(frozen=True)
class EvaluationResult:
    """A prompt's score on `n` cases, in units of the metric, with its two-sided 95% interval, and what it cost."""

    score: float
    ci_low: float
    ci_high: float
    n: int
    errored: int
    evaluation: Evaluation
    cost: Account


@dataclass(frozen=True)
class _Setting:
    """What the arguments of both functions come to."""

    prompt: Prompt
    dataset: Dataset
    settings: EvalSettings
    scorer: Scorer
    metric: Metric


def evaluate(
    prompt: str | Path,
    cases: Rows,
    *,
    model: ModelSettings,
    scorer: Mapping[str, Any],
    metric: str = "mean",
    positive_label: str | None = None,
    budget: Budget = DEFAULT_BUDGET,
    cache: Path | None = None,
) -> EvaluationResult:
    """Score `prompt` on every case.

    `prompt` is a `Path` to a prompt file, or the text of one. `cases` are rows with a `target` each, or the path of a
    JSONL, CSV or YAML file. `scorer` is as in an eval set: `{"type": "label", "labels": ["Yes", "No"]}`. `cache`
    is a SQLite file that keeps replies; without one, nothing is kept. Raises `ApoError`.
    """
    setting = _read(prompt, cases, scorer, metric, positive_label)

    async def run(session: Session) -> EvaluationResult:
        evaluation = await evaluate_cases(
            setting.prompt,
            setting.dataset.cases,
            model=await session.model(model),
            settings=task_model(model),
            scorer=setting.scorer,
            purpose=Purpose.HEAD,
        )
        check = check_floor(evaluation, setting.metric)
        return EvaluationResult(
            score=check.value,
            ci_low=check.ci_low,
            ci_high=check.ci_high,
            n=check.n,
            errored=check.errored,
            evaluation=evaluation,
            cost=session.ledger.total,
        )

    return _in_session(run, budget, cache)


def optimize(
    prompt: str | Path,
    cases: Rows,
    *,
    model: ModelSettings,
    scorer: Mapping[str, Any],
    optimizer_model: ModelSettings | None = None,
    metric: str = "mean",
    positive_label: str | None = None,
    splits: SplitFractions | None = None,
    search: SearchSettings | None = None,
    budget: Budget = DEFAULT_BUDGET,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Search for a better version of `prompt`; `result.winner.prompt.source` is its text.

    Believe `result.status` alone: `better` means that the gain was confirmed on the test split, which the search never
    saw, and `cheaper` (under `objective="score_per_cost"`) that it showed fewer tokens and ruled out a loss. Arguments
    as in `evaluate`; `optimizer_model` writes gradients and edits (by default `model` does).
    """
    setting = _read(prompt, cases, scorer, metric, positive_label)
    proposer = optimizer_model.over(model) if optimizer_model else model
    fractions = splits or SplitFractions()
    parts = assign_splits(setting.dataset.cases, fractions, labels=bool(setting.settings.labels))

    async def run(session: Session) -> SearchResult:
        task = SearchTask(
            start=setting.prompt,
            base=None,
            splits=parts,
            scorer=setting.scorer,
            metric=setting.metric,
            task_model=await session.model(model),
            task_settings=task_model(model),
            proposer_model=await session.model(proposer),
            proposer_settings=optimizer_of(proposer, optimizer_model),
            ledger=session.ledger,
            settings=search or SearchSettings(),
        )
        return await search_for_better(task, progress)

    return _in_session(run, budget, cache)


def _read(
    prompt: str | Path, cases: Rows, scorer: Mapping[str, Any], metric: str, positive_label: str | None
) -> _Setting:
    setting = {"prompt": "prompt", "dataset": "cases", "scorers": [dict(scorer)]}
    settings = _settings({**setting, "metric": metric, "positive_label": positive_label})
    parsed = parse_prompt(prompt, "prompt.prompt.md") if isinstance(prompt, str) else _prompt(prompt)
    dataset = _dataset(cases)
    for problem in unusable_targets(settings, dataset.path, target_lines_of(dataset.cases)):
        raise problem
    for case in dataset.cases:
        for name in sorted(parsed.placeholders - case.inputs.keys()):
            cure = "Add it to every case, or take the placeholder out of the prompt."
            raise InputError(f"The case has no input `{name}`.", cure=cure, path=dataset.path, line=case.line)
    return _Setting(
        prompt=parsed,
        dataset=dataset,
        settings=settings,
        scorer=make_scorer(settings.scorers),
        metric=make_metric(metric, positive_label, settings.labels or None),
    )


def _settings(values: Mapping[str, Any]) -> EvalSettings:
    try:
        return EvalSettings.model_validate(values)
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(str(part) for part in detail["loc"] if not isinstance(part, int))
        cure = "Write it as in an eval set."
        raise ConfigError(f"`{where}` cannot be used: {detail['msg']}.", cure=cure) from error


def _prompt(path: Path) -> Prompt:
    return read_prompt(_content(path), str(path))


def _dataset(cases: Rows) -> Dataset:
    if isinstance(cases, str | Path):
        return load_dataset(_content(Path(cases)), str(cases), {})
    try:
        lines = "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in cases)
    except (TypeError, ValueError) as error:
        raise InputError(f"A case is not plain data: {error}.", cure="Use what JSON can hold.") from error
    return load_dataset(lines.encode("utf-8", "surrogatepass"), "cases.jsonl", {})


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{error.strerror}.", cure="Check the path.", path=str(path)) from error


def _in_session(run: Callable[[Session], Awaitable[Result]], budget: Budget, cache: Path | None) -> Result:
    """What `run` returns, with a session that is closed afterwards."""

    async def scoped(file: Path) -> Result:
        # A run of its own: what earlier calls paid for is a hit, not a part of this one's ledger.
        async with Session(file, budget, run=uuid.uuid4().hex, seed=None) as session:
            return await run(session)

    if cache is not None:
        return asyncio.run(scoped(cache))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(scoped(Path(folder) / "cache.sqlite"))
