"""Metrics: many cases' scores as one figure in [0, 1].

Every metric here is a function of sums over cases. `rows` gives each case's contribution to the sums, and
`figure` turns sums into the figure; so the figure of any resample is one matrix product away:
`metric.figure(weights @ metric.rows(observations))`, for weights of shape (cases,) or (resamples, cases).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from apo_ci.evaluation.score import target_text

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observation:
    """What one case came to: its mean value over the replicates, and what each replicate predicted."""

    target: Any
    predicted: tuple[str | None, ...]
    value: float


class Metric(Protocol):
    """A figure over cases; `is_mean` when it is the mean of the cases' values."""

    @property
    def name(self) -> str:
        """As in an eval set: `accuracy`, `f1`, …"""
        ...

    @property
    def is_mean(self) -> bool:
        """Whether the figure is the mean of the values, so that tests for means apply."""
        ...

    def rows(self, observations: Sequence[Observation]) -> FloatArray:
        """Each case's contribution to the sums, shape (cases, sums)."""
        ...

    def extremes(self, observations: Sequence[Observation]) -> tuple[FloatArray, FloatArray]:
        """The mean row of these cases had all been answered right, and had all been answered wrong."""
        ...

    def figure(self, totals: FloatArray) -> FloatArray:
        """The figure of sums of shape (…, sums); 0 where it is undefined."""
        ...


def measure(metric: Metric, observations: Sequence[Observation]) -> float:
    """The figure of `observations`; 0 when there are none."""
    if not observations:
        return 0.0
    return float(metric.figure(metric.rows(observations).sum(axis=0)))


def make_metric(name: str, positive_label: str | None = None, labels: Sequence[str] | None = None) -> Metric:
    """The metric called `name`. `labels` are the label scorer's; targets are matched to them whatever their case."""
    if name in ("mean", "accuracy"):
        return Mean(name)
    if name == "macro_f1":
        return MacroF1(Labels(labels))
    if name in ("precision", "recall", "f1"):
        if positive_label is None:
            raise ValueError(f"{name} needs a positive label")
        return PositiveLabel(name, positive_label, Labels(labels))
    raise ValueError(f"there is no metric {name!r}")


class Labels:
    """Spells targets and predictions as the label scorer's labels do."""

    def __init__(self, labels: Sequence[str] | None):
        self._spelling = {label.strip().casefold(): label for label in labels or ()}
        self._exact = set(labels or ())

    def spell(self, target: Any) -> str:
        """The label that `target` means, or its text."""
        text = target_text(target).strip()
        return text if text in self._exact else self._spelling.get(text.casefold(), text)


class Mean:
    """The mean of the cases' values; of right and wrong that is the accuracy."""

    is_mean = True

    def __init__(self, name: str = "mean"):
        self.name = name

    def rows(self, observations: Sequence[Observation]) -> FloatArray:
        """Columns: the value, and one."""
        return np.array([(observation.value, 1.0) for observation in observations]).reshape(-1, 2)

    def extremes(self, observations: Sequence[Observation]) -> tuple[FloatArray, FloatArray]:
        """A value of one, and of zero."""
        return np.array([1.0, 1.0]), np.array([0.0, 1.0])

    def figure(self, totals: FloatArray) -> FloatArray:
        """Sum of values over number of cases."""
        return _ratio(totals[..., 0], totals[..., 1])


class PositiveLabel:
    """Precision, recall or F1 of one label. A reply without a label predicts no label at all."""

    is_mean = False

    def __init__(self, name: str, positive: str, labels: Labels):
        self.name = name
        self._labels = labels
        self._positive = labels.spell(positive)

    def rows(self, observations: Sequence[Observation]) -> FloatArray:
        """Columns: true positives, false positives, false negatives."""
        rows = np.zeros((len(observations), 3))
        for row, observation in zip(rows, observations, strict=True):
            hits = sum(label is not None and self._is_positive(label) for label in observation.predicted)
            row[:] = self._row(self._is_positive(observation.target), hits / max(len(observation.predicted), 1))
        return rows

    def extremes(self, observations: Sequence[Observation]) -> tuple[FloatArray, FloatArray]:
        """Every label right, and every label wrong."""
        positive = [self._is_positive(observation.target) for observation in observations]
        right = [self._row(is_positive, float(is_positive)) for is_positive in positive]
        wrong = [self._row(is_positive, float(not is_positive)) for is_positive in positive]
        return np.mean(right, axis=0), np.mean(wrong, axis=0)

    def figure(self, totals: FloatArray) -> FloatArray:
        """As scikit-learn defines them with `zero_division=0`."""
        true, false, missed = totals[..., 0], totals[..., 1], totals[..., 2]
        if self.name == "precision":
            return _ratio(true, true + false)
        if self.name == "recall":
            return _ratio(true, true + missed)
        return _ratio(2 * true, 2 * true + false + missed)

    def _is_positive(self, label: Any) -> bool:
        return self._labels.spell(label) == self._positive

    @staticmethod
    def _row(target_is_positive: bool, share_positive: float) -> tuple[float, float, float]:
        if target_is_positive:
            return share_positive, 0.0, 1.0 - share_positive
        return 0.0, share_positive, 0.0


class MacroF1:
    """The mean F1 of the labels that occur among the targets, each label counting the same.

    A prediction outside of them is a miss for the target's label and nobody's false positive.
    """

    name = "macro_f1"
    is_mean = False

    def __init__(self, labels: Labels):
        self._labels = labels

    def rows(self, observations: Sequence[Observation]) -> FloatArray:
        """Columns: true positives, false positives and false negatives of the first label, of the second, …"""
        targets, index = self._targets(observations)
        rows = np.zeros((len(observations), len(index), 3))
        for row, target, observation in zip(rows, targets, observations, strict=True):
            share = 1 / max(len(observation.predicted), 1)
            row[target, 2] = 1.0
            for label in observation.predicted:
                found = None if label is None else index.get(self._labels.spell(label))
                if found == target:
                    row[target] += (share, 0.0, -share)
                elif found is not None:
                    row[found, 1] += share
        return rows.reshape(len(observations), -1)

    def extremes(self, observations: Sequence[Observation]) -> tuple[FloatArray, FloatArray]:
        """Every label right; and every label wrong, the wrong ones spread evenly over the other labels."""
        targets, index = self._targets(observations)
        share = np.bincount(targets, minlength=len(index)) / len(targets)
        right, wrong = np.zeros((len(index), 3)), np.zeros((len(index), 3))
        right[:, 0] = share
        wrong[:, 2] = share
        wrong[:, 1] = (1 - share) / max(len(index) - 1, 1)
        return right.reshape(-1), wrong.reshape(-1)

    def figure(self, totals: FloatArray) -> FloatArray:
        """The mean over the labels that these sums hold targets of."""
        by_label = totals.reshape(*totals.shape[:-1], -1, 3)
        true, false, missed = by_label[..., 0], by_label[..., 1], by_label[..., 2]
        scores = _ratio(2 * true, 2 * true + false + missed)
        occurs = (true + missed > 1e-9).astype(np.float64)
        return _ratio((scores * occurs).sum(axis=-1), occurs.sum(axis=-1))

    def _targets(self, observations: Sequence[Observation]) -> tuple[list[int], dict[str, int]]:
        spelled = [self._labels.spell(observation.target) for observation in observations]
        index = {label: position for position, label in enumerate(sorted(set(spelled)))}
        return [index[label] for label in spelled], index


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    defined = denominator > 0
    return np.where(defined, numerator / np.where(defined, denominator, 1.0), 0.0)
