"""The paired comparison of two prompts on the same cases: difference, interval, p-value and power."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from apo_ci.evaluation.evaluate import Evaluation
from apo_ci.evaluation.intervals import Interval, bootstrap, skewness_corrected, spread, tango, typical_change
from apo_ci.evaluation.metrics import FloatArray, Metric, measure
from apo_ci.evaluation.pairs import Pairs, pair
from apo_ci.evaluation.power import cases_needed, detectable_drop, detectable_mean_drop
from apo_ci.evaluation.significance import exchange, mcnemar

MCNEMAR = "exact McNemar"
SIGN_FLIP = "sign-flip permutation"
PERMUTATION = "paired permutation"
PSEUDO_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `n` pairs of outcomes say about head against base. Figures are shares: 0.02 is two points.

    `delta` is head minus base, `ci_low` and `ci_high` its two-sided interval at `confidence`, `p_value` that of
    no difference (two-sided, by `test`), and `detectable_drop` the smallest true drop that so many cases would
    have shown with probability 0.8. `errored` cases left both sides for want of a reply, `unevaluated` ones
    because the budget ended. `fixed` and `broken` are the ids of the cases whose value rose and fell;
    `changed` counts those that were answered differently. `cases_needed` is how many settle whether the drop
    exceeds the `max_drop` that `compare` was told, should `delta` be the truth; `None` when none do.
    `deviation` is the standard deviation of one case's difference. No field is ever NaN or infinite.
    """

    n: int
    base: float
    head: float
    delta: float
    ci_low: float
    ci_high: float
    p_value: float
    detectable_drop: float
    errored: int
    confidence: float
    test: str
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    changed: int
    cases_needed: int | None
    metric: str = "mean"
    unevaluated: int = 0
    deviation: float = 0.0


@dataclass(frozen=True, slots=True)
class _Finding:
    interval: Interval
    p_value: float
    detectable_drop: float
    deviation: float
    test: str


def compare(
    base: Evaluation,
    head: Evaluation,
    metric: Metric,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    max_drop: float = 0.0,
) -> Comparison:
    """Compare two evaluations of the same cases; the same arguments give the same result.

    Scores of zero and one: exact McNemar test and Tango's interval. Other means: sign-flip permutation test and
    Hall's interval. Other metrics: paired permutation test and bootstrap on pairs.
    """
    pairs = pair(base, head)
    before, after = measure(metric, pairs.base), measure(metric, pairs.head)
    delta = after - before
    finding = _find(pairs, metric, confidence, np.random.default_rng(seed))
    low, high = finding.interval
    if not pairs.changed and pairs.ids and base.prompt.source == head.prompt.source:
        low = high = delta  # a prompt does not differ from itself, on any case
    differences = pairs.differences
    return Comparison(
        n=len(pairs.ids),
        base=before,
        head=after,
        delta=delta,
        ci_low=max(-1.0, min(low, delta)),
        ci_high=min(1.0, max(high, delta)),
        p_value=finding.p_value,
        detectable_drop=finding.detectable_drop,
        errored=pairs.errored,
        confidence=confidence,
        test=finding.test,
        fixed=tuple(case for case, difference in zip(pairs.ids, differences, strict=True) if difference > 0),
        broken=tuple(case for case, difference in zip(pairs.ids, differences, strict=True) if difference < 0),
        changed=pairs.changed,
        cases_needed=cases_needed(delta, finding.deviation, max_drop, confidence) if pairs.ids else None,
        metric=metric.name,
        unevaluated=pairs.unevaluated,
        deviation=finding.deviation,
    )


def _find(pairs: Pairs, metric: Metric, confidence: float, generator: np.random.Generator) -> _Finding:
    if not pairs.ids:
        return _Finding((-1.0, 1.0), 1.0, 1.0, 0.0, MCNEMAR if metric.is_mean else PERMUTATION)
    if not metric.is_mean:
        return _of_figures(pairs, metric, confidence, generator)
    differences = pairs.differences
    deviation = spread(differences, typical_change(differences))
    if pairs.are_binary:
        return _of_binary(differences, deviation, confidence)
    return _of_means(differences, deviation, confidence, generator)


def _of_binary(differences: FloatArray, deviation: float, confidence: float) -> _Finding:
    n = len(differences)
    broken, fixed = int(np.count_nonzero(differences < 0)), int(np.count_nonzero(differences > 0))
    discordance = (broken + fixed + PSEUDO_PAIRS) / (n + PSEUDO_PAIRS)
    return _Finding(
        tango(broken, fixed, n, confidence),
        mcnemar(broken, fixed),
        detectable_drop(n, discordance, confidence),
        deviation,
        MCNEMAR,
    )


def _of_means(differences: FloatArray, deviation: float, confidence: float, generator: np.random.Generator) -> _Finding:
    n = len(differences)
    column = differences[:, None]
    return _Finding(
        skewness_corrected(differences, deviation, confidence),
        exchange(np.zeros_like(column), column, lambda totals: totals[..., 0] / n, generator),
        detectable_mean_drop(n, deviation, confidence),
        deviation,
        SIGN_FLIP,
    )


def _of_figures(pairs: Pairs, metric: Metric, confidence: float, generator: np.random.Generator) -> _Finding:
    n = len(pairs.ids)
    base, head = metric.rows(pairs.base), metric.rows(pairs.head)
    p_value = exchange(base, head, metric.figure, generator)
    both, counts = np.unique(np.hstack([base, head]), axis=0, return_counts=True)
    right, wrong = metric.extremes(pairs.base)
    both = np.vstack([both, np.hstack([right, wrong]), np.hstack([wrong, right])])
    width = base.shape[1]

    def difference(weights: FloatArray) -> FloatArray:
        return metric.figure(weights @ both[:, width:]) - metric.figure(weights @ both[:, :width])

    weights = np.concatenate([counts.astype(np.float64), np.ones(PSEUDO_PAIRS)])
    interval, error = bootstrap(difference, weights, PSEUDO_PAIRS, confidence, generator)
    deviation = error * math.sqrt(n + PSEUDO_PAIRS)
    return _Finding(interval, p_value, detectable_mean_drop(n, deviation, confidence), deviation, PERMUTATION)
