"""Paired comparisons, their edge cases, and what they do when nothing is different."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from apo_ci.evaluation.compare import MCNEMAR, PERMUTATION, SIGN_FLIP, Comparison, compare
from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.metrics import Metric, make_metric
from apo_ci.evaluation.score import UNPARSED, Score
from tests.unit.evaluation.builders import BASE, HEAD, case, labelled, replicated, scored

MEAN = make_metric("mean")
F1 = make_metric("f1", "Yes", ["Yes", "No"])
MACRO = make_metric("macro_f1", None, ["Yes", "No"])


def _is_json_safe(comparison: Comparison) -> bool:
    json.dumps(dataclasses.asdict(comparison), allow_nan=False)
    return all(math.isfinite(value) for value in dataclasses.astuple(comparison) if isinstance(value, float))


def test_right_and_wrong_are_compared_by_mcnemars_exact_test() -> None:
    base = scored(BASE, [1] * 12 + [0] * 3 + [1] * 25)
    head = scored(HEAD, [0] * 12 + [1] * 3 + [1] * 25)
    comparison = compare(base, head, MEAN)
    assert (comparison.test, comparison.n, comparison.base, comparison.head) == (MCNEMAR, 40, 37 / 40, 28 / 40)
    assert comparison.delta == pytest.approx(-9 / 40)
    assert comparison.p_value == pytest.approx(binomtest(3, 15).pvalue)
    assert comparison.ci_low < comparison.delta < comparison.ci_high < 0
    assert comparison.broken == tuple(f"case-{number}" for number in range(12))
    assert comparison.fixed == ("case-12", "case-13", "case-14")
    assert comparison.changed == 15


def test_graded_scores_are_compared_by_sign_flips() -> None:
    generator = np.random.default_rng(0)
    values = generator.random(60)
    comparison = compare(scored(BASE, values), scored(HEAD, np.clip(values - 0.1, 0, 1)), MEAN)
    assert comparison.test == SIGN_FLIP
    assert comparison.p_value < 0.001
    assert comparison.ci_low < comparison.delta < comparison.ci_high < 0


def test_replicates_are_averaged_before_they_are_compared() -> None:
    base = replicated(BASE, [[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    head = replicated(HEAD, [[1, 0, 0], [1, 0, 0], [0, 0, 1]])
    comparison = compare(base, head, MEAN)
    assert (comparison.n, comparison.test) == (3, SIGN_FLIP)
    assert (comparison.base, comparison.head) == pytest.approx((4 / 9, 3 / 9))
    assert (comparison.broken, comparison.fixed) == (("case-0",), ("case-2",))


def test_identical_answers_give_no_difference_and_an_interval_with_a_width() -> None:
    comparison = compare(scored(BASE, [1, 0] * 90), scored(HEAD, [1, 0] * 90), MEAN)
    assert (comparison.delta, comparison.p_value, comparison.changed) == (0, 1, 0)
    assert comparison.ci_low == pytest.approx(-comparison.ci_high)
    assert 0.01 < comparison.ci_high < 0.03


def test_a_prompt_does_not_differ_from_itself() -> None:
    comparison = compare(scored(BASE, [1, 0, 1]), scored(BASE, [1, 0, 1]), MEAN)
    assert (comparison.delta, comparison.ci_low, comparison.ci_high, comparison.p_value) == (0, 0, 0, 1)


@pytest.mark.parametrize("metric", [F1, MACRO])
def test_f1_is_compared_by_exchanging_the_sides_of_cases(metric: Metric) -> None:
    targets = ["Yes", "No"] * 60
    right = list(targets)
    worse = ["No" if number % 5 == 0 else label for number, label in enumerate(targets)]
    comparison = compare(labelled(BASE, targets, right), labelled(HEAD, targets, worse), metric)
    assert comparison.test == PERMUTATION
    assert comparison.p_value < 0.01
    assert comparison.ci_low < comparison.delta < comparison.ci_high < 0


def test_f1_of_unchanged_answers_has_an_interval_with_a_width() -> None:
    targets = ["Yes", "No"] * 30
    comparison = compare(labelled(BASE, targets, targets), labelled(HEAD, targets, targets), F1)
    assert (comparison.delta, comparison.p_value) == (0, 1)
    assert comparison.ci_low < -0.01
    assert comparison.ci_high > 0.01


def test_f1_without_a_positive_target_says_nothing() -> None:
    targets = ["No"] * 40
    comparison = compare(labelled(BASE, targets, ["Yes"] * 40), labelled(HEAD, targets, targets), F1)
    assert (comparison.delta, comparison.p_value, comparison.detectable_drop) == (0, 1, 1)
    assert (comparison.ci_low, comparison.ci_high) == (-1, 1)


@pytest.mark.parametrize("metric", [F1, MACRO])
def test_unparsed_replies_count_against_recall_and_nothing_else(metric: Metric) -> None:
    targets = ["Yes", "No"] * 20
    replies = [UNPARSED if number < 4 else label for number, label in enumerate(targets)]
    comparison = compare(labelled(BASE, targets, targets), labelled(HEAD, targets, replies), metric)
    assert comparison.head == pytest.approx(2 * 18 / (2 * 18 + 2))


def test_an_errored_side_leaves_both_sides() -> None:
    comparison = compare(scored(BASE, [1, 1, None, 0]), scored(HEAD, [0, None, 1, 0]), MEAN)
    assert (comparison.n, comparison.errored, comparison.base, comparison.head) == (2, 2, 0.5, 0.0)


def test_of_replicates_those_count_that_both_sides_have() -> None:
    base = replicated(BASE, [[1, 0, None], [None, 1, 1]])
    head = replicated(HEAD, [[None, 0, 1], [1, None, None]])
    comparison = compare(base, head, MEAN)
    assert (comparison.n, comparison.errored, comparison.base, comparison.head) == (1, 1, 0.0, 0.0)


def test_cases_that_the_budget_left_out_are_counted() -> None:
    base = scored(BASE, [1] * 10)
    head = Evaluation(HEAD, scored(HEAD, [1] * 6).outcomes, complete=False, unevaluated=4)
    comparison = compare(base, head, MEAN)
    assert (comparison.n, comparison.unevaluated, comparison.errored) == (6, 4, 0)


@pytest.mark.parametrize("metric", [MEAN, F1, MACRO])
@pytest.mark.parametrize("values", [[], [None], [None, None, None]])
def test_without_pairs_everything_is_open(metric: Metric, values: list[float | None]) -> None:
    comparison = compare(scored(BASE, values), scored(HEAD, values), metric)
    assert (comparison.n, comparison.errored, comparison.p_value) == (0, len(values), 1.0)
    assert (comparison.ci_low, comparison.ci_high, comparison.detectable_drop) == (-1, 1, 1)
    assert _is_json_safe(comparison)


@pytest.mark.parametrize("metric", [MEAN, F1, MACRO])
@pytest.mark.parametrize("n", [1, 3])
def test_a_few_cases_show_nothing(metric: Metric, n: int) -> None:
    comparison = compare(labelled(BASE, ["Yes"] * n, ["Yes"] * n), labelled(HEAD, ["Yes"] * n, ["No"] * n), metric)
    assert comparison.delta == -1
    assert comparison.p_value >= 0.25
    assert _is_json_safe(comparison)


answers = st.lists(st.sampled_from(["Yes", "No", UNPARSED]), min_size=1, max_size=25)


@settings(max_examples=60)
@given(st.data(), answers, st.sampled_from([MEAN, F1, MACRO, make_metric("precision", "Yes")]))
def test_every_figure_is_finite_and_in_range(data: st.DataObject, base: list[str], metric: Metric) -> None:
    n = len(base)
    head = data.draw(st.lists(st.sampled_from(["Yes", "No", UNPARSED]), min_size=n, max_size=n))
    targets = data.draw(st.lists(st.sampled_from(["Yes", "No"]), min_size=n, max_size=n))
    comparison = compare(labelled(BASE, targets, base), labelled(HEAD, targets, head), metric)
    assert _is_json_safe(comparison)
    assert -1 <= comparison.ci_low <= comparison.delta <= comparison.ci_high <= 1
    assert 0 < comparison.p_value <= 1
    assert 0 < comparison.detectable_drop <= 1


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30))
def test_graded_figures_are_finite_and_in_range(rows: list[tuple[float, float]]) -> None:
    comparison = compare(scored(BASE, [one for one, _ in rows]), scored(HEAD, [other for _, other in rows]), MEAN)
    assert _is_json_safe(comparison)
    assert -1 <= comparison.ci_low <= comparison.delta <= comparison.ci_high <= 1


@pytest.mark.parametrize("metric", [MEAN, F1])
def test_the_same_seed_gives_the_same_comparison(metric: Metric) -> None:
    generator = np.random.default_rng(0)
    sides = [generator.choice(["Yes", "No"], 80).tolist() for _ in range(3)]
    base, head = labelled(BASE, sides[0], sides[1]), labelled(HEAD, sides[0], sides[2])
    assert compare(base, head, metric, seed=4) == compare(base, head, metric, seed=4)


def test_an_answer_that_differs_in_wording_alone_is_not_changed() -> None:
    def evaluation(prompt_is_head: bool, reply: str) -> Evaluation:
        outcome = Outcome(case(0), 0, reply, Score(1.0, "correct", "Yes"))
        return Evaluation(HEAD if prompt_is_head else BASE, (outcome,))

    assert compare(evaluation(False, "Yes"), evaluation(True, "yes."), MEAN).changed == 0


def test_an_unparsed_reply_that_differs_is_changed() -> None:
    def evaluation(prompt_is_head: bool, reply: str) -> Evaluation:
        outcome = Outcome(case(0), 0, reply, Score(0.0, "no label", UNPARSED))
        return Evaluation(HEAD if prompt_is_head else BASE, (outcome,))

    assert compare(evaluation(False, "Hm"), evaluation(True, "Well"), MEAN).changed == 1


def test_duplicate_rows_are_cases_of_their_own() -> None:
    rows = [dataclasses.replace(case(0), line=line) for line in (1, 2)]
    outcomes = tuple(Outcome(row, 0, "x", Score(1.0, "correct")) for row in rows)
    assert compare(Evaluation(BASE, outcomes), Evaluation(HEAD, outcomes), MEAN).n == 2


def test_the_cases_needed_are_those_for_the_allowed_drop() -> None:
    base = scored(BASE, [1] * 45 + [0] * 15)
    head = scored(HEAD, [1] * 43 + [0] * 15 + [1] * 2)
    comparison = compare(base, head, MEAN, max_drop=0.05)
    assert comparison.delta == 0
    assert comparison.cases_needed is not None
    assert 200 < comparison.cases_needed < 500
    assert compare(base, head, MEAN).cases_needed is None


@pytest.mark.parametrize("n", [50, 150])
def test_the_interval_of_f1_covers_at_its_nominal_rate(n: int) -> None:
    generator = np.random.default_rng(n)
    labels = np.array(["No", "Yes"])
    covered = 0
    for _ in range(200):
        positive = generator.random(n) < 0.4
        right = generator.random(n) < 0.85
        still_right = np.where(right, generator.random(n) > 0.1, generator.random(n) < 0.2)
        targets = labels[positive.astype(int)].tolist()
        before = labels[np.where(right, positive, ~positive).astype(int)].tolist()
        after = labels[np.where(still_right, positive, ~positive).astype(int)].tolist()
        comparison = compare(labelled(BASE, targets, before), labelled(HEAD, targets, after), F1)
        # Accuracy falls from 0.85 to 0.795 for both labels, so F1 = 2 a p / (a p + p + (1 - a)(1 - p)) falls by:
        truth = _f1(0.795, 0.4) - _f1(0.85, 0.4)
        covered += comparison.ci_low <= truth <= comparison.ci_high
    assert 0.91 <= covered / 200 <= 0.995  # 0.95 to 0.97 by longer simulations, and 200 runs' own error


def _f1(accuracy: float, prevalence: float) -> float:
    hits = accuracy * prevalence
    return 2 * hits / (2 * hits + (1 - accuracy))
