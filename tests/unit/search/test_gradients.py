"""Failures are grouped by what went wrong."""

from __future__ import annotations

import random

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.gradients import failures, group_failures, passes, success_threshold


def outcome(number: int, target: str, predicted: str | None, reason: str = "wrong", value: float = 0.0) -> Outcome:
    return Outcome(Case(str(number), {}, target), 0, predicted, Score(value, reason, predicted))


def test_labels_are_grouped_by_target_and_output() -> None:
    failed = [outcome(n, "Yes", "No") for n in range(3)] + [outcome(9, "No", "Yes"), outcome(10, "No", "Yes")]
    groups = group_failures(failed, groups=2, size=4, rng=random.Random(0))
    assert [group.cause for group in groups] == ["expected Yes, got No", "expected No, got Yes"]


def test_other_failures_are_grouped_by_reason() -> None:
    failed = [outcome(1, "x", None, "not JSON"), outcome(2, "x", None, "not JSON"), outcome(3, "x", None, "no date")]
    groups = group_failures(failed, groups=5, size=4, rng=random.Random(0))
    assert [(group.cause, len(group.outcomes)) for group in groups] == [("not JSON", 2), ("no date", 1)]


def test_every_cause_comes_before_a_second_helping_of_a_large_one() -> None:
    failed = [outcome(n, "Yes", "No") for n in range(9)] + [outcome(20, "No", "Yes")]
    groups = group_failures(failed, groups=3, size=4, rng=random.Random(0))
    assert [len(group.outcomes) for group in groups] == [4, 1, 4]
    assert len({member.case.id for group in groups for member in group.outcomes}) == 9


def test_an_errored_case_is_neither_failure_nor_pass() -> None:
    lost = Outcome(Case("1", {}, "Yes"), 0, None, None, "no reply")
    assert failures([lost]) == passes([lost]) == ()


def test_graded_scores_fail_below_their_median() -> None:
    assert success_threshold([0.0, 1.0, 1.0]) == 1.0
    assert success_threshold([0.1, 0.4, 0.8]) == 0.4
    assert success_threshold([0.3, 0.3, 0.3]) == 1.0


def test_with_more_causes_than_groups_failures_of_one_target_are_taken_together() -> None:
    failed = [outcome(n, "Yes", predicted) for n, predicted in enumerate(("No", "Maybe", "Never"))]
    failed += [outcome(n, "No", predicted) for n, predicted in enumerate(("Yes", "Maybe"), start=10)]
    groups = group_failures(failed, groups=2, size=4, rng=random.Random(0))
    assert [(group.cause, len(group.outcomes)) for group in groups] == [("expected Yes", 3), ("expected No", 2)]


def test_with_more_targets_than_groups_the_frequent_ones_are_kept() -> None:
    failed = [outcome(10 * kind + n, f"label {kind}", "none") for kind in range(5) for n in range(kind + 1)]
    groups = group_failures(failed, groups=2, size=9, rng=random.Random(0))
    assert [group.cause for group in groups] == ["expected label 4", "expected label 3"]


def test_reasons_are_not_taken_together_whatever_the_target() -> None:
    failed = [outcome(n, "x", None, f"reason {n}") for n in range(4)]
    groups = group_failures(failed, groups=2, size=9, rng=random.Random(0))
    assert [len(group.outcomes) for group in groups] == [1, 1]


def test_no_failures_give_no_groups() -> None:
    assert group_failures([], groups=3, size=4, rng=random.Random(0)) == ()


def test_what_was_shown_counts_less_so_that_small_groups_have_their_turn() -> None:
    failed = [outcome(n, "Yes", "No") for n in range(3)] + [outcome(n, "No", "Yes") for n in (10, 11)]
    shown = {"0": 1, "1": 1, "2": 1}
    groups = group_failures(failed, groups=2, size=4, rng=random.Random(0), shown=shown)
    assert [group.cause for group in groups] == ["expected No, got Yes", "expected Yes, got No"]


def test_within_a_group_those_come_first_that_were_shown_least() -> None:
    failed = [outcome(n, "Yes", "No") for n in range(6)]
    shown = {"0": 2, "1": 1, "2": 1}
    (group,) = group_failures(failed, groups=1, size=5, rng=random.Random(0), shown=shown)
    assert [member.case.id for member in group.outcomes[3:]] in (["1", "2"], ["2", "1"])
    assert {member.case.id for member in group.outcomes[:3]} == {"3", "4", "5"}
