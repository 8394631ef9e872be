"""What a search is handed: prompts, cases, models and a budget. Nothing here does input or output."""

from __future__ import annotations

from dataclasses import dataclass, field

from apo_ci.config import SearchSettings
from apo_ci.evaluation.evaluate import Evaluation, TaskModel
from apo_ci.evaluation.metrics import Metric
from apo_ci.evaluation.scorers import Scorer
from apo_ci.inputs.prompts import Prompt
from apo_ci.inputs.splits import Splits
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import LanguageModel


@dataclass(frozen=True)
class SearchTask:
    """One prompt to be improved.

    `start` is the head's version and `base` the target branch's, where there is one. `evaluations` are those
    that exist already, such as the gate's: what they hold is not asked again. `proposer_settings` are the
    parameters that were set for the optimizer's own requests, not those of the task. `replicates` is how
    often the confirmation asks each case; the search asks once. `confidence` is two-sided.
    """

    start: Prompt
    base: Prompt | None
    splits: Splits
    scorer: Scorer
    metric: Metric
    task_model: LanguageModel
    task_settings: TaskModel
    proposer_model: LanguageModel
    proposer_settings: TaskModel
    ledger: Ledger
    settings: SearchSettings = field(default_factory=SearchSettings)
    replicates: int = 1
    confidence: float = 0.95
    evaluations: tuple[Evaluation, ...] = ()
