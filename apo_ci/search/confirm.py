"""The one look at the test cases: start against winner, paired, after every other decision has been taken.

The winner is the best of many on dev, so its dev score flatters it (the winner's curse). The test cases took no part in
choosing it, so one two-sided test at confidence c calls a winner better that is not in at most (1 - c) / 2 of all runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apo_ci.evaluation.compare import Comparison, compare
from apo_ci.evaluation.evaluate import Evaluation, Outcome, case_key, evaluate
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.model import Purpose
from apo_ci.search.result import Status
from apo_ci.search.task import SearchTask


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Winner against start and, where there is one and the budget allowed it, against base."""

    over_start: Comparison
    over_base: Comparison | None


async def confirm(task: SearchTask, winner: Prompt, cases: Sequence[Case]) -> Confirmation:
    """Evaluate what is missing on `cases`, and compare. Raises `InfrastructureError`."""
    candidate = await _evaluation(task, winner, cases)
    start = await _evaluation(task, task.start, cases)
    over_start = compare(start, candidate, task.metric, confidence=task.confidence, seed=task.settings.seed)
    if task.base is None:
        return Confirmation(over_start, None)
    base = await _evaluation(task, task.base, cases)
    over_base = compare(base, candidate, task.metric, confidence=task.confidence, seed=task.settings.seed)
    return Confirmation(over_start, over_base if over_base.n else None)


def is_confirmed(comparison: Comparison) -> bool:
    """Whether the gain is real at the comparison's confidence: by the test and by the interval."""
    significant = comparison.p_value < 1 - comparison.confidence
    return comparison.delta > 0 and comparison.ci_low > 0 and significant


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
