"""One prompt's figure with its interval, to be held against a floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from apo_ci.evaluation.evaluate import Evaluation
from apo_ci.evaluation.intervals import Interval, bootstrap, clopper_pearson, skewness_corrected, spread
from apo_ci.evaluation.metrics import FloatArray, Metric, Observation, measure
from apo_ci.evaluation.pairs import observe

PSEUDO_CASES = 2


@dataclass(frozen=True, slots=True)
class FloorCheck:
    """The figure of `n` cases and its two-sided interval at `confidence`; `errored` cases got no reply."""

    n: int
    value: float
    ci_low: float
    ci_high: float
    confidence: float
    errored: int
    metric: str = "mean"
    unevaluated: int = 0


def check_floor(evaluation: Evaluation, metric: Metric, *, confidence: float = 0.95, seed: int = 0) -> FloorCheck:
    """Measure one evaluation. Right and wrong: Clopper-Pearson. Other means: Hall. Other metrics: bootstrap."""
    scored = [[outcome for outcome in case if outcome.score is not None] for case in evaluation.by_case()]
    observations = [observe(outcomes) for outcomes in scored if outcomes]
    value = measure(metric, observations)
    low, high = _interval(observations, metric, confidence, np.random.default_rng(seed))
    return FloorCheck(
        n=len(observations),
        value=value,
        ci_low=max(0.0, min(low, value)),
        ci_high=min(1.0, max(high, value)),
        confidence=confidence,
        errored=len(scored) - len(observations),
        metric=metric.name,
        unevaluated=evaluation.unevaluated,
    )


def _interval(
    observations: list[Observation], metric: Metric, confidence: float, generator: np.random.Generator
) -> Interval:
    if not observations:
        return 0.0, 1.0
    if not metric.is_mean:
        return _bootstrapped(observations, metric, confidence, generator)
    values = np.array([observation.value for observation in observations])
    if np.all((values == 0) | (values == 1)):
        return clopper_pearson(int(values.sum()), len(values), confidence)
    around = values - values.mean()
    typical = float(np.sqrt(np.mean(around**2)))
    return skewness_corrected(values, spread(around, typical if typical > 1e-9 else 0.5), confidence)


def _bootstrapped(
    observations: list[Observation], metric: Metric, confidence: float, generator: np.random.Generator
) -> Interval:
    rows, counts = np.unique(metric.rows(observations), axis=0, return_counts=True)
    rows = np.vstack([rows, *metric.extremes(observations)])

    def figure(weights: FloatArray) -> FloatArray:
        return metric.figure(weights @ rows)

    weights = np.concatenate([counts.astype(np.float64), np.ones(PSEUDO_CASES)])
    return bootstrap(figure, weights, PSEUDO_CASES, confidence, generator)[0]
