"""One prompt's figure and its interval."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy.stats import binomtest

from apo_ci.evaluation.evaluate import Evaluation
from apo_ci.evaluation.floor import check_floor
from apo_ci.evaluation.metrics import make_metric
from tests.unit.evaluation.builders import HEAD, labelled, replicated, scored

MEAN = make_metric("accuracy")
F1 = make_metric("f1", "Yes", ["Yes", "No"])


def test_right_and_wrong_have_the_exact_interval() -> None:
    floor = check_floor(scored(HEAD, [1] * 30 + [0] * 10 + [None]), MEAN)
    expected = binomtest(30, 40).proportion_ci(method="exact")
    assert (floor.n, floor.errored, floor.value, floor.metric) == (40, 1, 0.75, "accuracy")
    assert (floor.ci_low, floor.ci_high) == pytest.approx((expected.low, expected.high))


def test_a_perfect_f1_has_an_interval_with_a_width() -> None:
    targets = ["Yes", "No"] * 10
    floor = check_floor(labelled(HEAD, targets, targets), F1)
    assert (floor.value, floor.ci_high) == (1.0, 1.0)
    assert floor.ci_low < 0.95


def test_cases_without_a_single_reply_are_errored() -> None:
    floor = check_floor(replicated(HEAD, [[1, None], [None, None], [0, 0]]), make_metric("mean"))
    assert (floor.n, floor.errored, floor.value) == (2, 1, 0.5)


@pytest.mark.parametrize("metric", [MEAN, F1])
@pytest.mark.parametrize("values", [[], [None], [0.5], [0.3, 0.3, 0.3]])
def test_every_figure_is_finite_and_in_range(metric: object, values: list[float | None]) -> None:
    floor = check_floor(scored(HEAD, values), F1 if metric is F1 else MEAN)
    json.dumps(dataclasses.asdict(floor), allow_nan=False)
    assert 0 <= floor.ci_low <= floor.value <= floor.ci_high <= 1
    assert floor.ci_low < floor.ci_high


def test_no_outcomes_at_all_are_told() -> None:
    floor = check_floor(Evaluation(HEAD, (), complete=False, unevaluated=9), MEAN)
    assert (floor.n, floor.unevaluated) == (0, 9)


@pytest.mark.parametrize("n", [30, 150])
def test_the_interval_of_a_graded_mean_covers_at_its_nominal_rate(n: int) -> None:
    generator = np.random.default_rng(n)
    covered = 0
    for _ in range(500):
        floor = check_floor(scored(HEAD, generator.beta(6, 2, n)), MEAN)
        covered += floor.ci_low <= 0.75 <= floor.ci_high
    assert 0.925 <= covered / 500 <= 0.975
