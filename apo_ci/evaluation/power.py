"""What a comparison of n cases can see, and how many cases would settle it."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.special import betainc, gammaln, ndtri

from apo_ci.evaluation.metrics import FloatArray

POWER = 0.8
MOST_CASES = 1_000_000  # beyond this the honest answer is that more cases will not settle it
PRECISION = 1e-5


@lru_cache(maxsize=4_096)
def detectable_drop(n: int, discordance: float, confidence: float, power: float = POWER) -> float:
    """The smallest true drop that an exact McNemar test of `n` cases finds with probability `power`.

    `discordance` is the share of cases that change, in either direction; a drop that is larger than it takes
    more changes with it. The power is computed exactly: the number of changed cases is binomial, and of those
    the broken ones are binomial again (Miettinen 1968, Biometrics 24:339-352; Lachin 1992, Statistics in
    Medicine 11:1239-1251). 1 when no drop could be seen.
    """
    if n == 0 or mcnemar_power(n, 1.0, 1.0, confidence) < power:
        return 1.0
    low, high = 0.0, 1.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        if mcnemar_power(n, max(discordance, middle), middle, confidence) >= power:
            high = middle
        else:
            low = middle
    return high


def mcnemar_power(n: int, discordance: float, drop: float, confidence: float) -> float:
    """The probability that `n` cases show a true `drop` when a share `discordance` of them changes."""
    reach = 9 * math.sqrt(n * discordance * (1 - discordance)) + 9
    first = max(0, math.floor(n * discordance - reach))
    changed = np.arange(first, min(n, math.ceil(n * discordance + reach)) + 1, dtype=np.float64)
    broken = min(1.0, (discordance + drop) / (2 * discordance))
    seen = _at_least(_fewest_broken(changed, confidence), changed, broken)
    return float(_binomial(changed, n, discordance) @ seen)


def _at_least(fewest: FloatArray, changed: FloatArray, broken: float) -> FloatArray:
    """The probability that `fewest` or more of `changed` cases break, each with probability `broken`."""
    possible = fewest <= changed
    tail = betainc(fewest, np.where(possible, changed - fewest + 1, 1.0), broken)
    return np.where(possible, tail, 0.0).astype(np.float64)


def _fewest_broken(changed: FloatArray, confidence: float) -> FloatArray:
    """How many of `changed` cases must break for a two-sided p below `1 - confidence`."""
    z = float(ndtri((1 + confidence) / 2))
    fewest: FloatArray = np.maximum(np.floor((changed + z * np.sqrt(changed)) / 2) - 1, np.floor(changed / 2) + 1)
    for _ in range(16):
        too_few = 2 * _at_least(fewest, changed, 0.5) >= 1 - confidence
        if not too_few.any():
            break
        fewest = np.where(too_few, fewest + 1, fewest)
    return fewest


def _binomial(successes: FloatArray, n: int, probability: float) -> FloatArray:
    if probability >= 1:
        certain: FloatArray = (successes == n).astype(np.float64)
        return certain
    logarithm = gammaln(n + 1) - gammaln(successes + 1) - gammaln(n - successes + 1)
    logarithm += successes * math.log(probability) + (n - successes) * math.log1p(-probability)
    probabilities: FloatArray = np.exp(logarithm)
    return probabilities


def detectable_mean_drop(n: int, deviation: float, confidence: float, power: float = POWER) -> float:
    """The smallest true drop in a mean that `n` cases show with probability `power`; at most 1.

    The normal formula (z(1 - α/2) + z(power)) σ / √n, with `deviation` σ of one case's difference.
    """
    return min(1.0, _quantiles(confidence, power) * deviation / math.sqrt(n)) if n else 1.0


def cases_needed(
    delta: float, deviation: float, max_drop: float, confidence: float, power: float = POWER
) -> int | None:
    """How many cases settle whether the drop exceeds `max_drop`, should the true difference be `delta`.

    ((z(1 - α/2) + z(power)) σ / distance)², where the distance is that of `delta` from `-max_drop` and
    `deviation` σ is that of one case's difference. `None` when more than a million are needed.
    """
    distance = abs(delta + max_drop)
    if distance < 1e-9:
        return None
    needed = (_quantiles(confidence, power) * deviation / distance) ** 2
    return math.ceil(needed) if needed <= MOST_CASES else None


def _quantiles(confidence: float, power: float) -> float:
    return float(ndtri((1 + confidence) / 2) + ndtri(power))
