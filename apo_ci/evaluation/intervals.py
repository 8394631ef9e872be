"""Confidence intervals for what a comparison and a floor report; all are clipped to what is possible.

Coverage was simulated for 20 to 200 cases (`tests/unit/evaluation/test_intervals.py`). None of the intervals
shrinks to a point because few or no cases changed: what did not change here could change on the next case.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from apo_ci.evaluation.metrics import FloatArray

Interval = tuple[float, float]
RESAMPLES = 1_999
BISECTIONS = 52  # halvings of [-1, 1] down to the precision of a float


def tango(broken: int, fixed: int, n: int, confidence: float) -> Interval:
    """Score interval for `(fixed - broken) / n`, the difference of two paired proportions.

    Tango (1998), Statistics in Medicine 17:891-908, equations 5 to 8: it inverts the score test of every
    difference, and at zero that test is McNemar's without continuity correction. Recommended by Fagerland,
    Lydersen & Laake (2014), Statistics in Medicine 33:2850-2875.
    """
    if n == 0:
        return -1.0, 1.0
    z = float(ndtri((1 + confidence) / 2))
    observed = (fixed - broken) / n

    def excluded(difference: float) -> bool:
        return abs(_tango_score(broken, fixed, n, difference)) > z

    return _edge(excluded, -1.0, observed), _edge(excluded, 1.0, observed)


def _tango_score(broken: int, fixed: int, n: int, difference: float) -> float:
    a = 2.0 * n
    b = (2 * n - fixed + broken) * difference - fixed - broken
    c = -broken * difference * (1 - difference)
    only_base = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)  # its restricted maximum likelihood estimate
    distance = fixed - broken - n * difference
    variance = n * (2 * only_base + difference * (1 - difference))
    if variance <= 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _edge(excluded: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where `excluded` changes between `outside` and `inside`; `outside` itself when it is not excluded."""
    if not excluded(outside):
        return outside
    for _ in range(BISECTIONS):
        middle = (outside + inside) / 2
        if excluded(middle):
            outside = middle
        else:
            inside = middle
    return inside


def clopper_pearson(successes: int, n: int, confidence: float) -> Interval:
    """Exact interval for one proportion (Clopper & Pearson 1934): each end errs at most `(1 - confidence) / 2`."""
    if n == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high


def spread(values: FloatArray, pseudo: float) -> float:
    """Standard deviation of `values` together with two pseudo-values, `pseudo` above and below zero.

    The two stand for the changes that were not seen yet, as in the paired interval of Bonett & Price (2012),
    Journal of Educational and Behavioral Statistics 37:479-488, so the result is never zero.
    """
    return float(np.std(np.concatenate([values, [pseudo, -pseudo]]), ddof=1))


def typical_change(differences: FloatArray) -> float:
    """Root mean square of the differences that are not zero; one, the largest possible, when all are."""
    changed = differences[differences != 0]
    return float(np.sqrt(np.mean(changed**2))) if len(changed) else 1.0


def skewness_corrected(values: FloatArray, deviation: float, confidence: float) -> Interval:
    """Interval for the mean of `values`, given their standard deviation, corrected for their skewness.

    Hall (1992), Journal of the Royal Statistical Society B 54:221-228: the cubic, monotone transformation of
    the t statistic, with t quantiles. It keeps its coverage where a few cases drop far and most do not move,
    where the plain t interval loses up to ten points of it.
    """
    n = len(values)
    if n == 0:
        return -math.inf, math.inf
    mean = float(values.mean())
    if deviation <= 0:
        return mean, mean
    skewness = float(np.sum((values - mean) ** 3)) / ((n + 2) * deviation**3)
    quantile = float(stdtrit(max(n - 1, 1), (1 + confidence) / 2)) / math.sqrt(n)
    low = mean - deviation * _without_skewness(quantile, skewness, n)
    high = mean - deviation * _without_skewness(-quantile, skewness, n)
    return low, high


def _without_skewness(quantile: float, skewness: float, n: int) -> float:
    shifted = quantile - skewness / (6 * n)
    if abs(skewness) < 1e-6:
        return shifted
    return 3 / skewness * (float(np.cbrt(1 + skewness * shifted)) - 1)


def bootstrap(
    statistic: Callable[[FloatArray], FloatArray],
    counts: FloatArray,
    pseudo: int,
    confidence: float,
    generator: np.random.Generator,
) -> tuple[Interval, float]:
    """Percentile interval and standard error of `statistic`, by resampling cases.

    `counts` says how often each distinct row occurs, the last `pseudo` of them being pseudo-cases;
    `statistic` maps counts of shape (resamples, rows) to figures of shape (resamples,). The pseudo-cases
    widen the interval where little changed; it is centred on the figure of the real cases alone. A figure that no
    resample moves is undefined (F1 without a positive target): its interval is everything.
    """
    real = counts.copy()
    real[len(counts) - pseudo :] = 0
    size = round(float(counts.sum()))
    resampled = generator.multinomial(size, counts / counts.sum(), size=RESAMPLES).astype(np.float64)
    figures = statistic(resampled)
    error = float(figures.std())
    if error < 1e-9:
        return (-1.0, 1.0), 1.0
    shift = float(statistic(real[None, :])[0] - statistic(counts[None, :])[0])
    low, high = np.quantile(figures, [(1 - confidence) / 2, (1 + confidence) / 2])
    return (float(low) + shift, float(high) + shift), error
