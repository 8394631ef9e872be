"""The search for one prompt: its share of the budget, its models, and what the gate has asked already."""

from __future__ import annotations

from apo_ci.config import Budget, Config, ModelSettings, Parameters, SearchSettings
from apo_ci.errors import InfrastructureError
from apo_ci.evaluation.evaluate import TaskModel
from apo_ci.lm.factory import model_name
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from apo_ci.pipeline.examination import Examination
from apo_ci.pipeline.session import Session
from apo_ci.search.loop import optimize
from apo_ci.search.result import Progress
from apo_ci.search.task import SearchTask


def optimizer_of(settings: ModelSettings, own: ModelSettings | None) -> TaskModel:
    """The optimizer model; of the parameters only its `own`, since a task's temperature of 0 would end all variety."""
    return TaskModel(model_name(settings), own.parameters if own else Parameters())


def wants_search(examination: Examination, config: Config) -> bool:
    """Whether a search may help: it is enabled, and the prompt could be measured."""
    return examination.finding is not None and search_settings(examination, config).enabled


def search_settings(examination: Examination, config: Config) -> SearchSettings:
    """The configuration's, with what the eval set overrides."""
    return examination.affected.governing.settings.applied_to(config).search


async def search(
    examination: Examination, session: Session, config: Config, *, share: int, progress: Progress | None
) -> None:
    """Search for a better prompt with one of `share` equal shares of what the run has left; the result is noted."""
    finding = examination.finding
    assert finding is not None
    yardstick = finding.yardstick
    settings = session.seeded(search_settings(examination, config))
    ledger = examination.ledger.child(_share(session.ledger, share))
    examination.search_ledger = ledger
    applied = yardstick.evals.settings.applied_to(config)
    try:
        proposer = (await session.model(applied.proposer_model)).charging(ledger)
        task = SearchTask(
            start=examination.affected.head,
            base=examination.affected.base,
            splits=yardstick.splits,
            scorer=yardstick.scorer,
            metric=yardstick.metric,
            task_model=yardstick.model.charging(ledger),
            task_settings=yardstick.task,
            proposer_model=proposer,
            proposer_settings=optimizer_of(applied.proposer_model, applied.optimizer_model),
            ledger=ledger,
            settings=settings,
            replicates=yardstick.replicates,
            confidence=yardstick.gate.confidence,
            evaluations=tuple(each for each in (finding.base, finding.head) if each is not None),
        )
        examination.search = await optimize(task, progress)
    except InfrastructureError as error:
        examination.warnings.append(f"The search for {examination.affected.path} stopped: {error}")


def _share(ledger: Ledger, share: int) -> Budget:
    left = ledger.remaining(Purpose.SEARCH)
    return Budget(
        calls=None if left.calls is None else left.calls // share,
        tokens=None if left.tokens is None else left.tokens // share,
        usd=None if left.usd is None else left.usd / share,
        seconds=None if left.seconds is None else left.seconds / share,
    )
