"""p-values, against scipy and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test

from apo_ci.evaluation.metrics import FloatArray, Observation, make_metric
from apo_ci.evaluation.significance import DRAWS, exchange, mcnemar


def _sign_flip(differences: FloatArray, seed: int = 0) -> float:
    column = differences[:, None]
    mean = lambda totals: totals[..., 0] / len(differences)  # noqa: E731 -- a metric in one line
    return exchange(np.zeros_like(column), column, mean, np.random.default_rng(seed))


def test_mcnemar_is_the_exact_binomial_test() -> None:
    for broken in range(15):
        for fixed in range(15):
            expected = binomtest(broken, broken + fixed).pvalue if broken + fixed else 1.0
            assert mcnemar(broken, fixed) == pytest.approx(expected)


def test_the_sign_flip_test_of_few_differences_is_exact() -> None:
    differences = np.array([0.3, -0.1, 0.25, 0.0, 0.4, -0.05, 0.2, 0.0])
    expected = permutation_test(
        (differences, np.zeros(8)), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=10_000
    )
    assert _sign_flip(differences) == pytest.approx(float(expected.pvalue))


def test_the_sign_flip_test_of_right_and_wrong_is_mcnemars() -> None:
    differences = np.array([-1.0] * 9 + [1.0] * 2 + [0.0] * 30)
    assert _sign_flip(differences) == pytest.approx(mcnemar(9, 2))


def test_many_differences_are_sampled_with_the_observed_arrangement_counted() -> None:
    assert _sign_flip(np.full(40, -0.2)) == 1 / (DRAWS + 1)


def test_sampling_comes_near_the_exact_value() -> None:
    differences = np.array([-1.0] * 14 + [1.0] * 5)
    assert _sign_flip(differences) == pytest.approx(mcnemar(14, 5), abs=0.012)


def test_one_seed_gives_one_p_value() -> None:
    differences = np.random.default_rng(1).normal(0.05, 0.2, 60)
    assert _sign_flip(differences, seed=3) == _sign_flip(differences, seed=3)


def test_no_difference_has_a_p_value_of_one() -> None:
    assert _sign_flip(np.zeros(20)) == 1.0


def test_the_p_value_of_f1_is_that_of_all_exchanges() -> None:
    metric = make_metric("f1", "a")
    targets = "aaabbbab"
    base = [Observation(target, (label,), 0) for target, label in zip(targets, "aaabbbab", strict=True)]
    head = [Observation(target, (label,), 0) for target, label in zip(targets, "abbbaabb", strict=True)]
    rows = metric.rows(base), metric.rows(head)

    def statistic(x: FloatArray, y: FloatArray) -> float:
        first, second = x.astype(int), y.astype(int)
        both = np.stack(rows)
        index = np.arange(len(targets))
        return float(metric.figure(both[first, index].sum(0)) - metric.figure(both[second, index].sum(0)))

    labels = np.zeros(len(targets)), np.ones(len(targets))
    expected = permutation_test(labels, statistic, permutation_type="samples", n_resamples=10_000)
    assert exchange(*rows, metric.figure, np.random.default_rng(0)) == pytest.approx(float(expected.pvalue))


@pytest.mark.parametrize("n", [20, 60])
def test_without_a_difference_the_test_rejects_at_most_at_its_level(n: int) -> None:
    generator = np.random.default_rng(11)
    rejected = sum(_sign_flip(generator.choice([-0.5, -0.25, 0, 0, 0.25, 0.5], n)) < 0.05 for _ in range(200))
    assert rejected / 200 <= 0.09  # 0.05, and two and a half standard errors of 200 runs
