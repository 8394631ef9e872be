"""The one look at the test cases: start against winner, paired, after every other decision has been taken.

The winner is the best of many on dev, so its dev score flatters it (the winner's curse). The test cases took no part in
choosing it, so one two-sided test at confidence c calls a winner better that is not in at most (1 - c) / 2 of all runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apo_ci.config import SearchSettings
from apo_ci.evaluation.compare import Comparison, compare
from apo_ci.evaluation.evaluate import Evaluation, Outcome, case_key, evaluate
from apo_ci.evaluation.expense import Expenses, expenses
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.model import Purpose
from apo_ci.search.objective import is_cheaper
from apo_ci.search.result import Status
from apo_ci.search.substance import objection
from apo_ci.search.task import SearchTask


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Winner against start and, where there is one and the budget allowed it, against base.

    `expenses` are those of start and winner, in this order, on the cases that both got replies to.
    `evaluations` are those that were compared: winner, start, and base where there is one. `objection` is why the
    winner is not to be offered, whatever it scores; empty when there is nothing of the kind.
    """

    over_start: Comparison
    over_base: Comparison | None
    expenses: Expenses | None = None
    evaluations: tuple[Evaluation, ...] = ()
    objection: str = ""


async def confirm(task: SearchTask, winner: Prompt, cases: Sequence[Case]) -> Confirmation:
    """Evaluate what is missing on `cases`, and compare. Raises `InfrastructureError`."""
    candidate = await _evaluation(task, winner, cases)
    start = await _evaluation(task, task.start, cases)
    over_start = compare(start, candidate, task.metric, confidence=task.confidence, seed=task.settings.seed)
    spent = expenses(start, candidate, confidence=task.confidence)
    against = objection(start, candidate, task.scorer, task.confidence)
    if task.base is None:
        return Confirmation(over_start, None, spent, (candidate, start), against)
    base = await _evaluation(task, task.base, cases)
    over_base = compare(base, candidate, task.metric, confidence=task.confidence, seed=task.settings.seed)
    return Confirmation(over_start, over_base if over_base.n else None, spent, (candidate, start, base), against)


def is_confirmed(comparison: Comparison) -> bool:
    """Whether the gain is real at the comparison's confidence: by the test and by the interval."""
    significant = comparison.p_value < 1 - comparison.confidence
    return comparison.delta > 0 and comparison.ci_low > 0 and significant


def verdict(confirmation: Confirmation, settings: SearchSettings) -> Status:
    """`status_of` the score; `cheaper` where cost counts, and the test cases show the same score at less of it.

    `none` for a winner that there is an objection to.
    """
    if confirmation.objection:
        return "none"
    if not is_confirmed(confirmation.over_start) and is_cheaper(
        confirmation.over_start, confirmation.expenses, settings
    ):
        return "cheaper"
    return status_of(confirmation.over_start)


def status_of(comparison: Comparison) -> Status:
    """`better` for a confirmed gain, `none` for a confirmed loss, `inconclusive` in between."""
    if is_confirmed(comparison):
        return "better"
    worse = comparison.delta < 0 and comparison.p_value < 1 - comparison.confidence
    return "none" if worse else "inconclusive"


async def _evaluation(task: SearchTask, prompt: Prompt, cases: Sequence[Case]) -> Evaluation:
    """All of `cases`, in their order: what exists, and the rest asked for now."""
    outcomes = _known(task, prompt)
    unknown = missing(task, prompt, cases)
    fresh = Evaluation(prompt, ())
    if unknown:
        fresh = await evaluate(
            prompt,
            unknown,
            model=task.task_model,
            settings=task.task_settings,
            scorer=task.scorer,
            purpose=Purpose.CONFIRM,
            replicates=task.replicates,
        )
    outcomes.update({case_key(replicates[0]): replicates for replicates in fresh.by_case()})
    ordered = (outcome for case in cases for outcome in outcomes.get((case.id, case.line), ()))
    return Evaluation(prompt, tuple(ordered), fresh.complete, fresh.unevaluated)


def missing(task: SearchTask, prompt: Prompt, cases: Sequence[Case]) -> list[Case]:
    """Those of `cases` that no earlier evaluation of `prompt` holds with all replicates."""
    known = _known(task, prompt)
    return [case for case in cases if (case.id, case.line) not in known]


def _known(task: SearchTask, prompt: Prompt) -> dict[tuple[str, int], tuple[Outcome, ...]]:
    """What earlier evaluations hold all replicates of, case by case."""
    return {
        case_key(outcomes[0]): outcomes
        for evaluation in task.evaluations
        if evaluation.prompt.source == prompt.source
        for outcomes in evaluation.by_case()
        if len(outcomes) == task.replicates
    }
