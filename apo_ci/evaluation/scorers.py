"""From the scorers that an eval set asks for to one `Scorer`."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.errors import InputError
from apo_ci.evaluation.labels import Label
from apo_ci.evaluation.numbers import Number
from apo_ci.evaluation.score import CORRECT, UNPARSED, Score, Scorer
from apo_ci.evaluation.structured import Json
from apo_ci.evaluation.texts import Contains, ExactMatch, Pattern, Rouge
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import ScorerSettings

__all__ = ["UNPARSED", "MeanOfScorers", "Score", "Scorer", "make_scorer"]


def make_scorer(settings: Sequence[ScorerSettings]) -> Scorer:
    """The scorer that `settings` describe; of several, the mean."""
    scorers = tuple(_make_one(one) for one in settings)
    if not scorers:
        raise InputError("An eval set needs a scorer.", cure="Add one under `scorers`.")
    return scorers[0] if len(scorers) == 1 else MeanOfScorers(scorers)


def _make_one(settings: ScorerSettings) -> Scorer:
    match settings.type:
        case "exact_match":
            return ExactMatch(case_sensitive=settings.case_sensitive, strip=settings.strip)
        case "label":
            return Label(settings.labels, case_sensitive=settings.case_sensitive)
        case "contains":
            return Contains(case_sensitive=settings.case_sensitive)
        case "regex":
            return Pattern(settings.pattern)
        case "number":
            return Number(absolute=settings.absolute, relative=settings.relative)
        case "json":
            return Json(settings.json_schema, compare=settings.compare)
        case "rouge":
            return Rouge(settings.variant)


class MeanOfScorers:
    """The mean of several scorers; the prediction is that of the first that makes one."""

    def __init__(self, scorers: Sequence[Scorer]):
        self.scorers = tuple(scorers)

    def score(self, case: Case, reply: str) -> Score:
        """The mean value, and the reasons of the scorers that were not satisfied."""
        scores = [scorer.score(case, reply) for scorer in self.scorers]
        reasons = [score.reason for score in scores if score.value < 1]
        predicted = next((score.predicted for score in scores if score.predicted is not None), None)
        return Score(sum(score.value for score in scores) / len(scores), "; ".join(reasons) or CORRECT, predicted)
