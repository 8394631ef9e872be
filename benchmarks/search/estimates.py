"""Means over worlds with their uncertainty: a world is the unit that was drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, t

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `n` values, its standard error, and Student's two-sided interval; the last two need 2 values."""

    n: int
    mean: float
    error: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `n`, with the Clopper-Pearson interval."""

    count: int
    n: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """The share itself."""
        return self.count / self.n


def mean(values: Sequence[float]) -> Mean | None:
    """The mean of `values`, which are independent draws; `None` without any."""
    n = len(values)
    if n == 0:
        return None
    center = float(np.mean(values))
    if n == 1:
        return Mean(1, center, None, None, None)
    error = float(np.std(values, ddof=1) / np.sqrt(n))
    reach = error * float(t.ppf((1 + CONFIDENCE) / 2, n - 1))
    return Mean(n, center, error, center - reach, center + reach)


def share(count: int, n: int) -> Share | None:
    """`count` successes of `n`; `None` without any trial."""
    if n == 0:
        return None
    interval = binomtest(count, n).proportion_ci(CONFIDENCE, method="exact")
    return Share(count, n, float(interval.low), float(interval.high))
