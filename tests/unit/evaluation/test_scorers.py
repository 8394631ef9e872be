"""From an eval set's scorers to one scorer."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from apo_ci.errors import InputError
from apo_ci.evaluation.scorers import Scorer, make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import ScorerSettings

ONE: TypeAdapter[ScorerSettings] = TypeAdapter(ScorerSettings)


def _scorer(*settings: dict[str, object]) -> Scorer:
    return make_scorer([ONE.validate_python(one) for one in settings])


@pytest.mark.parametrize(
    ("settings", "target", "right", "wrong"),
    [
        ({"type": "exact_match", "case_sensitive": False}, "Paris", "paris", "Rome"),
        ({"type": "label", "labels": ["Yes", "No"]}, "Yes", "**yes**", "no"),
        ({"type": "contains"}, "Paris", "in Paris", "in Rome"),
        ({"type": "regex", "pattern": "^P"}, None, "Paris", "Rome"),
        ({"type": "number", "absolute": 1}, 5, "6", "7"),
        ({"type": "json", "schema": {"type": "object"}}, None, "{}", "[]"),
        ({"type": "rouge", "variant": "rouge1"}, "a b", "a b", "c d"),
    ],
)
def test_every_type_has_its_scorer(settings: dict[str, object], target: object, right: str, wrong: str) -> None:
    scorer = _scorer(settings)
    case = Case("one", {}, target)
    assert [scorer.score(case, reply).value for reply in (right, wrong)] == [1.0, 0.0]


def test_several_scorers_give_their_mean_and_the_reasons_of_the_unsatisfied() -> None:
    scorer = _scorer({"type": "label", "labels": ["Yes", "No"]}, {"type": "regex", "pattern": "^yes$"})
    score = scorer.score(Case("one", {}, "Yes"), "Yes")
    assert (score.value, score.reason, score.predicted) == (0.5, "the pattern does not match the reply", "Yes")
    assert scorer.score(Case("one", {}, "Yes"), "yes").reason == "correct"


def test_no_scorer_is_an_error() -> None:
    with pytest.raises(InputError):
        make_scorer([])
