"""The baseline: what the default branch's prompts score, with the replies, so that a pull request starts from them.

Every prompt is asked twice as often as its eval set says, and the two rounds are compared: how far a prompt differs
from itself is the noise that any other comparison has.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from apo_ci import config
from apo_ci.config import Config
from apo_ci.errors import InputError, RepositoryError
from apo_ci.evaluation.compare import compare
from apo_ci.evaluation.evaluate import Evaluation, evaluate
from apo_ci.evaluation.floor import check_floor
from apo_ci.gate import Verdict
from apo_ci.inputs.pull_request import AffectedPrompt, PullRequest
from apo_ci.inputs.repository import Repository
from apo_ci.lm.cache import Cache, CachedReply
from apo_ci.lm.cached import CachedModel
from apo_ci.lm.model import Completion, Purpose, Request
from apo_ci.pipeline.data_branch import (
    MAX_BYTES,
    Baseline,
    BaselineEntry,
    History,
    HistoryEntry,
    Noise,
    Warn,
    baseline_path,
    history_path,
    parse_baseline,
    parse_history,
)
from apo_ci.pipeline.examination import Examination, Yardstick, affordable, allowance_of, open_yardstick
from apo_ci.pipeline.options import RunOptions, cache_of, read
from apo_ci.pipeline.provenance import run_id, task_identity
from apo_ci.pipeline.session import Session
from apo_ci.report import model
from apo_ci.report.progress import Progress
from apo_ci.report.redact import Redactor

__all__ = [
    "Baseline",
    "BaselineEntry",
    "History",
    "HistoryEntry",
    "Noise",
    "adopt_baseline",
    "baseline_path",
    "history_path",
    "make_baseline",
    "noise_of",
    "parse_baseline",
    "parse_history",
    "read_baseline",
]


def read_baseline(repository: Repository, branch: str, section: str, warn: Warn) -> Baseline | None:
    """The baseline of `section` in git's copy of origin's `branch`; `None` when it was not fetched, or is unusable."""
    path = baseline_path(section)
    try:
        tree = repository.tree(f"refs/remotes/origin/{branch}")
    except RepositoryError:
        return None
    if not tree.exists(path):
        return None
    try:
        with tree.open(path) as stream:
            data = stream.read(MAX_BYTES + 1)
        return parse_baseline(data, path)
    except InputError as problem:
        warn(f"The baseline on {branch} is not used: {problem.message}")
        return None


def adopt_baseline(options: RunOptions, pull_request: PullRequest, cache: Cache, warn: Warn) -> Baseline | None:
    """The baseline that the options allow, its replies put into the run's cache; those that are there already stay."""
    publish = pull_request.config.publish
    if not (options.baseline and publish.baseline):
        return None
    try:
        repository = Repository(pull_request.repository)
    except RepositoryError:
        return None
    baseline = read_baseline(repository, publish.data_branch, options.baseline_section, warn)
    if baseline is None:
        return None
    try:
        cache.import_from(map(json.dumps, baseline.replies), baseline_path(options.baseline_section))
    except InputError as problem:
        warn(f"The baseline's replies on {publish.data_branch} are not used: {problem.message}.")
    return baseline


def entry_of(baseline: Baseline, affected: AffectedPrompt, pull_request: PullRequest) -> BaselineEntry | None:
    """What is known of the base version of `affected`: of the same text, cases and model."""
    if affected.base is None:
        return None
    wanted = (affected.path, affected.eval_path, affected.base.hash, affected.governing.fingerprint)
    asked = model_of(affected, pull_request.config)
    for one in baseline.entries:
        if (one.path, one.eval, one.prompt_hash, one.eval_fingerprint) == wanted and one.model == asked:
            return one
    return None


def noise_of(
    baseline: Baseline | None, affected: AffectedPrompt, pull_request: PullRequest
) -> model.NoiseReport | None:
    """How far the base version differs from itself, if anybody measured that."""
    entry = entry_of(baseline, affected, pull_request) if baseline is not None else None
    return None if entry is None or entry.noise is None else model.NoiseReport(**entry.noise.model_dump())


def model_of(affected: AffectedPrompt, settings: Config) -> str:
    """The model that answers, as one line that is equal for equal models and parameters."""
    return json.dumps(task_identity(affected.governing.settings.applied_to(settings).model), sort_keys=True)


async def make_baseline(options: RunOptions, progress: Progress) -> Baseline:
    """Evaluate every prompt at `options.head` (default: HEAD) in two independent rounds.

    What the options allow is spent, and no more: of a prompt whose cases are too many a sample is tried. What the
    earlier baseline has replies for costs nothing. Raises `ApoError`.
    """
    commit = options.head or "HEAD"
    options = replace(options, base=commit, head=commit, every=True, compare=True)
    progress.stage("Reading the prompts and eval sets")
    pull_request = read(options)
    budget = options.budget.over(pull_request.config.budget)
    identity = run_id(pull_request, budget, baseline=True)
    async with Session(cache_of(options), budget, identity, options.seed) as session:
        session.ledger.on_settled = progress.settled
        adopt_baseline(options, pull_request, session.cache, progress.stage)
        rounds = []
        for number, affected in enumerate(pull_request.affected, start=1):
            progress.stage(f"Evaluating {affected.path} twice")
            rounds.append(await _ask_twice(affected, session, pull_request, pull_request.affected[number:]))
        progress.done(session.new_calls)
        keys = [key for one in rounds for key in one.first.keys] + [key for one in rounds for key in one.second.keys]
        return Baseline(
            commit=pull_request.base or "",
            entries=tuple(entry for one in rounds if (entry := _entry(one, pull_request.config)) is not None),
            replies=_publishable(session.cache.replies(dict.fromkeys(keys)), session),
        )


@dataclass
class _Noting:
    """A `LanguageModel` that notes the keys of its replies; replicates are counted from `offset`."""

    inner: CachedModel
    offset: int = 0
    keys: list[str] = field(default_factory=list)

    @property
    def provider(self) -> str:
        return self.inner.provider

    @property
    def concurrency(self) -> int:
        return self.inner.concurrency

    async def complete(self, request: Request) -> Completion:
        request = replace(request, replicate=request.replicate + self.offset)
        completion = await self.inner.complete(request)
        self.keys.append(self.inner.key_of(request))
        return completion

    async def aclose(self) -> None:
        """The session closes the model."""


@dataclass(frozen=True)
class _Rounds:
    """Two evaluations of one prompt, and the models that noted what they asked."""

    affected: AffectedPrompt
    yardstick: Yardstick
    first: _Noting
    second: _Noting
    evaluations: tuple[Evaluation, Evaluation]


async def _ask_twice(
    affected: AffectedPrompt, session: Session, pull_request: PullRequest, later: tuple[AffectedPrompt, ...]
) -> _Rounds:
    evals = affected.governing
    ledger = session.ledger.child(evals.settings.budget or config.Budget())
    yardstick = await open_yardstick(evals, session, pull_request.config, ledger)
    examination = Examination(affected, ledger, Verdict("error", (), blocks=True))
    yardstick = affordable(yardstick, affected, examination, allowance_of(session.ledger, later))
    first, second = _Noting(yardstick.model), _Noting(yardstick.model, yardstick.replicates)
    found = await asyncio.gather(*(_evaluate(affected, yardstick, each) for each in (first, second)))
    return _Rounds(affected, yardstick, first, second, (found[0], found[1]))


async def _evaluate(affected: AffectedPrompt, yardstick: Yardstick, asked: _Noting) -> Evaluation:
    return await evaluate(
        affected.head,
        yardstick.cases,
        model=asked,
        settings=yardstick.task,
        scorer=yardstick.scorer,
        purpose=Purpose.BASE,
        replicates=yardstick.replicates,
    )


def _entry(rounds: _Rounds, settings: Config) -> BaselineEntry | None:
    """`None` when no case got a reply."""
    affected, yardstick, (first, second) = rounds.affected, rounds.yardstick, rounds.evaluations
    figure = check_floor(first, yardstick.metric, confidence=yardstick.gate.confidence)
    if not figure.n:
        return None
    difference = compare(first, second, yardstick.metric, confidence=yardstick.gate.confidence)
    noise = Noise(n=difference.n, flips=difference.changed, delta=difference.delta, delta_sd=difference.deviation)
    return BaselineEntry(
        path=affected.path,
        eval=affected.eval_path,
        prompt_hash=affected.head.hash,
        eval_fingerprint=affected.governing.fingerprint,
        model=model_of(affected, settings),
        metric=figure.metric,
        value=figure.value,
        ci_low=figure.ci_low,
        ci_high=figure.ci_high,
        n=figure.n,
        noise=noise if noise.n else None,
    )


def _publishable(replies: Iterable[CachedReply], session: Session) -> tuple[dict[str, Any], ...]:
    """The rows of the cache that may be pushed: none that holds a secret, or half a character."""
    redactor = Redactor(config.known_secrets(*session.models))
    rows = (asdict(reply) for reply in replies)
    return tuple(
        row for row in rows if redactor(text := json.dumps(row, ensure_ascii=False)) == text and _is_utf8(text)
    )


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
