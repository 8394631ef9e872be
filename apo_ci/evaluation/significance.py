"""Two-sided p-values for a paired comparison, all of them exact or, by Monte Carlo, never too small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import bdtr

from apo_ci.evaluation.metrics import FloatArray

EXACT_UP_TO = 14  # 2^14 exchanges are all looked at; with more cases that differ, DRAWS of them are
DRAWS = 9_999
DRAWS_OF_MANY = 1_999
MANY = 4_000  # cases that differ; from here on fewer draws say as much as is needed
CELLS = 4_000_000  # numbers held at once
TIE = 1e-12  # statistics closer than this are one: sums in another order differ in the last bits


def mcnemar(broken: int, fixed: int) -> float:
    """Exact McNemar test: of the cases that changed, as many should break as are fixed, by a fair coin.

    McNemar (1947), Psychometrika 12:153-157, with the binomial in place of its approximation.
    """
    changed = broken + fixed
    return min(1.0, 2 * float(bdtr(min(broken, fixed), changed, 0.5))) if changed else 1.0


def exchange(
    base: FloatArray,
    head: FloatArray,
    figure: Callable[[FloatArray], FloatArray],
    generator: np.random.Generator,
) -> float:
    """Paired permutation test of `figure(head) - figure(base)`: each case's two sides may have changed places.

    `base` and `head` hold one row of sums for each case. For a mean this is the sign-flip test of the
    differences. Exact when at most `EXACT_UP_TO` cases differ; otherwise by Monte Carlo, counting the
    observed arrangement itself (Phipson & Smyth 2010, Statistical Applications in Genetics 9:39).
    """
    difference = head - base
    difference = difference[np.any(difference != 0, axis=1)]
    if len(difference) == 0:
        return 1.0
    base_sum, head_sum = base.sum(axis=0), head.sum(axis=0)

    def at_least_as_far(exchanged: FloatArray) -> int:
        moved = exchanged @ difference
        statistic = np.abs(figure(head_sum - moved) - figure(base_sum + moved))
        return int(np.count_nonzero(statistic >= observed - TIE))

    observed = float(np.abs(figure(head_sum) - figure(base_sum)))
    if len(difference) <= EXACT_UP_TO:
        every = np.arange(2 ** len(difference))[:, None] >> np.arange(len(difference)) & 1
        return at_least_as_far(every.astype(np.float64)) / len(every)
    draws = DRAWS if len(difference) < MANY else DRAWS_OF_MANY
    extreme = 0
    for start in range(0, draws, max(1, CELLS // len(difference))):
        size = min(draws - start, max(1, CELLS // len(difference)))
        extreme += at_least_as_far(generator.integers(0, 2, (size, len(difference)), np.int8).astype(np.float64))
    return (extreme + 1) / (draws + 1)
