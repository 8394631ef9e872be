"""Metrics, checked against their definitions written out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.evaluation.metrics import Metric, Observation, make_metric, measure
from apo_ci.evaluation.score import UNPARSED

LABELS = ("a", "b", "c")
pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, UNPARSED])), min_size=1, max_size=30)


def _observe(rows: Sequence[tuple[str, str]]) -> list[Observation]:
    return [Observation(target, (label,), float(target == label)) for target, label in rows]


def _figures(rows: Sequence[tuple[str, str]], label: str) -> tuple[float, float, float]:
    """Precision, recall and F1 by counting."""
    true = sum(target == label == predicted for target, predicted in rows)
    false = sum(target != label == predicted for target, predicted in rows)
    missed = sum(target == label != predicted for target, predicted in rows)
    precision = true / (true + false) if true + false else 0.0
    recall = true / (true + missed) if true + missed else 0.0
    return precision, recall, 2 * true / (2 * true + false + missed) if true + false + missed else 0.0


@given(pairs)
def test_precision_recall_and_f1_are_what_counting_gives(rows: list[tuple[str, str]]) -> None:
    measured = [measure(make_metric(name, "a", LABELS), _observe(rows)) for name in ("precision", "recall", "f1")]
    assert measured == pytest.approx(_figures(rows, "a"))


@given(pairs)
def test_macro_f1_is_the_mean_over_the_labels_among_the_targets(rows: list[tuple[str, str]]) -> None:
    expected = np.mean([_figures(rows, label)[2] for label in sorted({target for target, _ in rows})])
    assert measure(make_metric("macro_f1", None, LABELS), _observe(rows)) == pytest.approx(expected)


@given(pairs)
def test_accuracy_is_the_share_of_right_answers(rows: list[tuple[str, str]]) -> None:
    expected = sum(target == label for target, label in rows) / len(rows)
    assert measure(make_metric("accuracy"), _observe(rows)) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1", "macro_f1"])
@given(rows=pairs, data=st.data())
def test_weights_count_cases_as_often_as_they_say(name: str, rows: list[tuple[str, str]], data: st.DataObject) -> None:
    metric = make_metric(name, "a", LABELS)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    repeated = [row for row, weight in zip(rows, weights, strict=True) for _ in range(weight)]
    weighted = metric.figure(np.array(weights, float) @ metric.rows(_observe(rows)))
    assert float(weighted) == pytest.approx(measure(metric, _observe(repeated)))


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1", "macro_f1"])
@given(rows=pairs)
def test_extremes_are_the_mean_rows_of_all_right_and_all_wrong(name: str, rows: list[tuple[str, str]]) -> None:
    metric = make_metric(name, "a", LABELS)
    right, wrong = metric.extremes(_observe(rows))
    perfect = _observe([(target, target) for target, _ in rows])
    assert right == pytest.approx(metric.rows(perfect).mean(axis=0))
    assert metric.figure(wrong) == pytest.approx(0)


def _shared(name: str) -> Metric:
    return make_metric(name, "a", LABELS)


def test_replicates_count_their_share() -> None:
    observed = [Observation("a", ("a", "b"), 0.5), Observation("b", ("b", "b"), 1.0)]
    assert measure(_shared("precision"), observed) == pytest.approx(1.0)
    assert measure(_shared("recall"), observed) == pytest.approx(0.5)
    assert measure(_shared("macro_f1"), observed) == pytest.approx((2 * 0.5 / 1.5 + 2 / 2.5) / 2)


def test_targets_are_matched_to_the_labels_whatever_their_case() -> None:
    metric = make_metric("f1", "Yes", ["Yes", "No"])
    assert measure(metric, [Observation(" yes", ("Yes",), 1.0), Observation("NO", ("No",), 1.0)]) == 1.0


@pytest.mark.parametrize("name", ["accuracy", "mean", "precision", "recall", "f1", "macro_f1"])
def test_no_cases_measure_zero(name: str) -> None:
    assert measure(_shared(name), []) == 0.0


def test_one_label_alone_is_no_obstacle() -> None:
    rows = _observe([("a", "a"), ("a", UNPARSED)])
    assert measure(make_metric("macro_f1"), rows) == pytest.approx(2 / 3)
    assert measure(make_metric("f1", "b"), rows) == 0.0


@pytest.mark.parametrize(("name", "positive"), [("bleu", None), ("f1", None)])
def test_a_metric_that_cannot_be_made_is_refused(name: str, positive: str | None) -> None:
    with pytest.raises(ValueError, match=name):
        make_metric(name, positive)
