"""Intervals: their defining equations, and their coverage by simulation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import binomtest

from apo_ci.evaluation.intervals import (
    bootstrap,
    clopper_pearson,
    skewness_corrected,
    spread,
    tango,
    typical_change,
)
from apo_ci.evaluation.metrics import FloatArray
from apo_ci.evaluation.significance import mcnemar

Z = 1.959963984540054


def test_tangos_interval_of_no_change_is_known_in_closed_form() -> None:
    n = 180
    edge = Z**2 / (n + Z**2)
    assert tango(0, 0, n, 0.95) == pytest.approx((-edge, edge))


@pytest.mark.parametrize(("broken", "fixed", "n"), [(1, 2, 44), (12, 2, 50), (0, 5, 30), (40, 10, 90)])
def test_tangos_interval_ends_where_the_score_test_just_rejects(broken: int, fixed: int, n: int) -> None:
    for end in tango(broken, fixed, n, 0.95):
        # The restricted maximum likelihood estimate, found numerically.
        def minus_log_likelihood(only_base: float, end: float = end) -> float:
            shares = np.array([only_base, only_base + end, 1 - 2 * only_base - end])
            return -float(np.sum(xlogy([broken, fixed, n - broken - fixed], shares)))

        bounds = (max(0, -end), (1 - end) / 2)
        only_base = minimize_scalar(minus_log_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        score = (fixed - broken - n * end) / np.sqrt(n * (2 * only_base + end * (1 - end)))
        assert abs(score) == pytest.approx(Z, abs=1e-4)


@pytest.mark.parametrize(("broken", "fixed"), [(0, 0), (5, 2), (0, 7), (20, 0), (10, 10)])
def test_tangos_interval_is_symmetric_in_the_two_sides(broken: int, fixed: int) -> None:
    low, high = tango(broken, fixed, 20, 0.95)
    assert tango(fixed, broken, 20, 0.95) == pytest.approx((-high, -low))
    assert -1 <= low <= (fixed - broken) / 20 <= high <= 1


def test_a_significant_mcnemar_test_always_has_an_interval_without_zero() -> None:
    for n in (8, 25, 60):
        for broken in range(n + 1):
            for fixed in range(min(broken, n - broken + 1)):
                if mcnemar(broken, fixed) < 0.05:
                    assert tango(broken, fixed, n, 0.95)[1] < 0


@cache
def _tango(broken: int, fixed: int, n: int) -> tuple[float, float]:
    return tango(broken, fixed, n, 0.95)


@pytest.mark.parametrize("n", [20, 50, 100, 200])
@pytest.mark.parametrize(("discordance", "drop"), [(0.1, 0), (0.2, 0), (0.2, 0.1), (0.4, 0), (0.4, 0.2), (0.3, 0.25)])
def test_tangos_interval_covers_at_its_nominal_rate(n: int, discordance: float, drop: float) -> None:
    generator = np.random.default_rng(n)
    chances = [(discordance + drop) / 2, (discordance - drop) / 2, 1 - discordance]
    drawn, counts = np.unique(generator.multinomial(n, chances, size=20_000), axis=0, return_counts=True)
    covered = 0
    for (broken, fixed, _), count in zip(drawn.tolist(), counts.tolist(), strict=True):
        low, high = _tango(broken, fixed, n)
        covered += count * (low <= -drop <= high)
    assert covered / 20_000 >= 0.935
    if n * discordance >= 10:  # with fewer changes there are too few possible outcomes to come as near
        assert covered / 20_000 <= 0.965


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (3, 17), (150, 200)])
def test_clopper_pearson_is_the_exact_binomial_interval(successes: int, n: int) -> None:
    expected = binomtest(successes, n).proportion_ci(0.9, method="exact")
    assert clopper_pearson(successes, n, 0.9) == pytest.approx((expected.low, expected.high))


def _graded(generator: np.random.Generator, kind: str, n: int) -> FloatArray:
    """Differences with a known mean; some kinds are sparse, some are lopsided."""
    if kind == "even, mean -0.05":
        return generator.normal(-0.05, 0.1, n)
    if kind == "three replicates, mean -0.1":
        return (generator.binomial(3, 0.6, n) - generator.binomial(3, 0.7, n)) / 3
    some = generator.random(n) < 0.2
    return np.where(some, -generator.random(n), 0.0)  # one in five drops by anything up to one: mean -0.1


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize(
    ("kind", "mean"),
    [("even, mean -0.05", -0.05), ("three replicates, mean -0.1", -0.1), ("one in five drops, mean -0.1", -0.1)],
)
def test_the_interval_of_graded_differences_covers_at_its_nominal_rate(n: int, kind: str, mean: float) -> None:
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(3_000):
        differences = _graded(generator, kind, n)
        low, high = skewness_corrected(differences, spread(differences, typical_change(differences)), 0.95)
        covered += low <= mean <= high
    assert 0.935 <= covered / 3_000 <= 0.98


def test_the_interval_of_no_change_has_a_width() -> None:
    nothing = np.zeros(50)
    low, high = skewness_corrected(nothing, spread(nothing, typical_change(nothing)), 0.95)
    assert low == pytest.approx(-high)
    assert high > 0.03


def test_a_value_of_its_own_spread_has_a_wide_interval() -> None:
    one = np.array([-0.5])
    low, high = skewness_corrected(one, spread(one, typical_change(one)), 0.95)
    assert low < -1 < 0 < high


def test_the_bootstrap_of_a_mean_agrees_with_its_standard_error() -> None:
    generator = np.random.default_rng(0)
    rows = np.array([0.0, 1.0, 0.0, 1.0])  # the last two are the pseudo-cases
    weights = np.array([60.0, 40.0, 1.0, 1.0])
    (low, high), error = bootstrap(lambda counts: counts @ rows / counts.sum(axis=-1), weights, 2, 0.95, generator)
    assert (low + high) / 2 == pytest.approx(0.4, abs=0.01)
    assert error == pytest.approx(np.sqrt(0.24 / 102), rel=0.05)
    assert high - low == pytest.approx(2 * Z * error, rel=0.1)
