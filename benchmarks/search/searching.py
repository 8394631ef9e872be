"""One search of this package on a problem, through the client that users run: its ledger, its cache, its requests."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from apo_ci.config import Budget, ModelSettings, Parameters, SearchSettings, api_key
from apo_ci.evaluation.evaluate import TaskModel
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import model_name, open_model
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import LanguageModel
from apo_ci.search.loop import optimize
from apo_ci.search.result import Progress, SearchResult
from apo_ci.search.task import SearchTask
from benchmarks.search.problems import Problem

Seam = Callable[[LanguageModel], LanguageModel]


@dataclass(frozen=True, slots=True)
class Searched:
    """A search's end, the requests that were charged, and its wall time in seconds."""

    result: SearchResult
    calls: int
    seconds: float


def as_it_is(model: LanguageModel) -> LanguageModel:
    """A seam that changes nothing."""
    return model


async def search(
    problem: Problem,
    settings: Mapping[str, object],
    budget: int,
    progress: Progress | None = None,
    seam: Seam = as_it_is,
) -> Searched:
    """Search from nothing: no evaluation exists beforehand and the cache is new, so every request is counted.

    `settings` are those of `search:`, over the problem's own. `seam` may wrap the models, to look at what they are
    asked.
    """
    ledger = Ledger(Budget(calls=budget))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, Cache(Path(folder) / "cache.sqlite") as cache:
        task_model = await open_model(problem.task_model, _key(problem.task_model), cache=cache, ledger=ledger, run="1")
        one = problem.optimizer_model == problem.task_model
        writer = task_model if one else await _opened(problem.optimizer_model, cache, ledger)
        try:
            task = SearchTask(
                start=problem.start,
                base=None,
                splits=problem.splits,
                scorer=problem.scorer,
                metric=problem.metric,
                task_model=seam(task_model),
                task_settings=TaskModel(model_name(problem.task_model), problem.task_model.parameters),
                proposer_model=seam(writer),
                proposer_settings=TaskModel(model_name(problem.optimizer_model), _own(problem, one)),
                ledger=ledger,
                settings=SearchSettings.model_validate({**problem.search, **settings}),
            )
            result = await optimize(task, progress)
        finally:
            await task_model.aclose()
            if not one:
                await writer.aclose()
    return Searched(result, ledger.total.calls, time.perf_counter() - started)


def _own(problem: Problem, one: bool) -> Parameters:
    """The optimizer's parameters. A task's temperature of 0 is not passed on to it: that would end all variety."""
    return Parameters() if one else problem.optimizer_model.parameters


async def _opened(settings: ModelSettings, cache: Cache, ledger: Ledger) -> LanguageModel:
    return await open_model(settings, _key(settings), cache=cache, ledger=ledger, run="1")


def _key(settings: ModelSettings) -> SecretStr | None:
    """The key of a real endpoint; a loopback server wants none."""
    return api_key(settings)
