"""The searches of a run: what each is handed, one budget for all, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from apo_ci.config import Budget, Config, ModelSettings, Parameters, SearchSettings
from apo_ci.errors import InfrastructureError
from apo_ci.evaluation.evaluate import TaskModel
from apo_ci.lm.factory import model_name
from apo_ci.pipeline.checkpoint import Checkpoint
from apo_ci.pipeline.examination import Examination
from apo_ci.pipeline.session import Session
from apo_ci.report import words
from apo_ci.report.progress import Progress
from apo_ci.search.several import optimize_all
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


async def search_all(
    examinations: Sequence[Examination], session: Session, config: Config, progress: Progress, out: Path
) -> None:
    """Search for better versions of all prompts that may have one; results are noted in `examinations`.

    What the run has left goes where gain is likeliest. The best prompts so far are kept in `out` as the searches go on.
    """
    searched = sorted((each for each in examinations if wants_search(each, config)), key=_urgency)
    tasks = [(each, task) for each in searched if (task := await _task(each, session, config)) is not None]
    if not tasks:
        return
    names = _names([examination for examination, _ in tasks])
    progress.stage(f"Searching for {_aim(names)}")
    checkpoint = Checkpoint(out, session)
    several = len(names) > 1
    shown = [
        checkpoint.of(examination.affected.path, partial(progress.round, of=name if several else ""))
        for (examination, _), name in zip(tasks, names, strict=True)
    ]
    outcomes = await optimize_all([task for _, task in tasks], session.ledger, shown)
    for (examination, _), outcome in zip(tasks, outcomes, strict=True):
        if isinstance(outcome, InfrastructureError):
            _note(examination, outcome)
        else:
            examination.search = outcome


def _urgency(examination: Examination) -> tuple[bool, float]:
    """Prompts that fail come first, then those that score lowest."""
    finding = examination.finding
    assert finding is not None
    floor = finding.floor
    return examination.verdict.outcome != "fail", floor.value if floor is not None else 0.0


def _aim(names: Sequence[str]) -> str:
    return f"better versions of {words.count(len(names), 'prompt')}" if len(names) > 1 else f"a better {names[0]}"


def _names(examinations: Sequence[Examination]) -> list[str]:
    """What to call each: its path, and its eval set where it has several."""
    paths = [examination.affected.path for examination in examinations]
    return [
        f"{path} ({examination.affected.governing.path})" if paths.count(path) > 1 else path
        for path, examination in zip(paths, examinations, strict=True)
    ]


def _note(examination: Examination, error: InfrastructureError) -> None:
    examination.warnings.append(f"The search for {examination.affected.path} stopped: {error}")


async def _task(examination: Examination, session: Session, config: Config) -> SearchTask | None:
    """The search for one prompt, with a ledger of its own; `None`, and a warning, where its model cannot be opened."""
    finding = examination.finding
    assert finding is not None
    yardstick = finding.yardstick
    applied = yardstick.evals.settings.applied_to(config)
    ledger = examination.search_ledger = examination.ledger.child(Budget())
    try:
        proposer = (await session.model(applied.proposer_model)).charging(ledger)
    except InfrastructureError as error:
        _note(examination, error)
        return None
    return SearchTask(
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
        settings=session.seeded(search_settings(examination, config)),
        replicates=yardstick.replicates,
        confidence=yardstick.gate.confidence,
        evaluations=tuple(each for each in (finding.base, finding.head) if each is not None),
    )
