"""Verdicts: what the data show, in sentences that can be read in a pull request."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.config import GateSettings
from apo_ci.evaluation.compare import Comparison, compare
from apo_ci.evaluation.evaluate import Evaluation
from apo_ci.evaluation.floor import FloorCheck, check_floor
from apo_ci.evaluation.metrics import make_metric
from apo_ci.gate import Verdict, judge, unseen, worst
from tests.unit.evaluation.builders import BASE, HEAD, labelled, scored

ACCURACY = make_metric("accuracy")
TWO_POINTS = GateSettings(max_drop=0.02)


def _compare(kept: int, broken: int, fixed: int, lost: int = 0, **changes: object) -> Comparison:
    """Cases right on both sides, right on base only, right on head only, and wrong on both."""
    base = [1] * kept + [1] * broken + [0] * fixed + [0] * lost
    head = [1] * kept + [0] * broken + [1] * fixed + [0] * lost
    comparison = compare(scored(BASE, base), scored(HEAD, head), ACCURACY)
    return replace(comparison, **changes)  # type: ignore[arg-type]  # any field


def _floor(right: int, n: int) -> FloorCheck:
    return check_floor(scored(HEAD, [1] * right + [0] * (n - right)), ACCURACY)


def test_a_drop_that_the_data_show_fails_and_says_so() -> None:
    verdict = judge(_compare(126, 40, 8, 6), None, TWO_POINTS)
    assert verdict == Verdict(
        "fail",
        ("Accuracy fell by 17.8 points; at most 2.0 are allowed.",),
        blocks=True,
    )


def test_a_drop_that_is_ruled_out_passes() -> None:
    verdict = judge(_compare(380, 1, 2, 17), None, TWO_POINTS)
    assert (verdict.outcome, verdict.blocks) == ("pass", False)
    assert verdict.reasons == (
        "Accuracy rose by 0.2 points; the 95% interval rules out a drop of more than 2.0 points.",
    )


def test_a_gain_that_the_data_show_passes_where_no_drop_is_allowed() -> None:
    verdict = judge(_compare(100, 2, 20, 58), None, GateSettings())
    assert verdict.outcome == "pass"
    assert verdict.reasons == ("Accuracy rose by 10.0 points; the 95% interval rules out any drop.",)


def test_answers_that_did_not_change_pass() -> None:
    verdict = judge(_compare(150, 0, 0, 30), None, GateSettings())
    assert verdict == Verdict("pass", ("Accuracy stayed at 83.3%: none of the 180 answers changed.",), blocks=False)


def test_what_the_data_leave_open_is_inconclusive_and_says_what_is_missing() -> None:
    verdict = judge(_compare(30, 5, 2, 3), None, TWO_POINTS)
    assert (verdict.outcome, verdict.blocks) == ("inconclusive", False)
    assert verdict.reasons == (
        "Accuracy fell by 7.5 points; at most 2.0 are allowed. The data neither show nor rule out a drop of more than "
        "2.0 points. About 557 cases would settle it if the difference stays the same.",
    )


def test_an_inconclusive_verdict_blocks_when_the_settings_say_so() -> None:
    assert judge(_compare(30, 5, 2, 3), None, GateSettings(on_inconclusive="fail")).blocks


def test_where_no_drop_is_allowed_an_even_exchange_is_told_what_would_help() -> None:
    verdict = judge(_compare(40, 3, 3, 14), None, GateSettings())
    assert verdict.outcome == "inconclusive"
    assert "no drop is allowed. " in verdict.reasons[0]
    assert "with `max_drop: 0.02` about 2," in verdict.reasons[0]


def test_three_cases_cannot_show_a_drop() -> None:
    verdict = judge(_compare(0, 3, 0), None, GateSettings())
    assert verdict.outcome == "inconclusive"
    assert "neither show nor rule out a drop" in verdict.reasons[0]


def test_an_interval_beyond_the_threshold_does_not_fail_while_the_test_finds_nothing() -> None:
    comparison = _compare(14, 5, 0, 1)
    assert comparison.ci_high < 0
    assert comparison.p_value > 0.05
    verdict = judge(comparison, None, GateSettings())
    assert verdict.outcome == "inconclusive"
    assert "suggest a drop, but the exact McNemar test does not confirm it" in verdict.reasons[0]


def test_a_significant_drop_within_what_is_allowed_passes() -> None:
    comparison = _compare(960, 20, 5, 15)
    assert comparison.p_value < 0.05
    assert judge(comparison, None, GateSettings(max_drop=0.05)).outcome == "pass"


@pytest.mark.parametrize(
    ("delta", "max_drop", "outcome"),
    [
        (-0.1, 0.02, "fail"),
        (-0.02, 0.02, "pass"),
        (-0.02 - 1e-15, 0.02, "pass"),
        (0.0, 0.0, "pass"),
        (-0.001, 0.0, "fail"),
    ],
)
def test_the_point_policy_holds_the_plain_figures_against_the_thresholds(
    delta: float, max_drop: float, outcome: str
) -> None:
    comparison = _compare(2, 1, 0, delta=delta)
    assert judge(comparison, None, GateSettings(policy="point", max_drop=max_drop)).outcome == outcome


@pytest.mark.parametrize(
    ("right", "n", "outcome"), [(90, 100, "pass"), (80, 100, "pass"), (76, 100, "inconclusive"), (65, 100, "fail")]
)
def test_a_floor_is_missed_when_the_interval_ends_below_it(right: int, n: int, outcome: str) -> None:
    assert judge(None, _floor(right, n), GateSettings(min=0.8)).outcome == outcome


def test_a_missed_floor_is_told_in_percent() -> None:
    verdict = judge(None, _floor(107, 150), GateSettings(min=0.8))
    assert verdict.reasons == ("Accuracy is 71.3% (95% interval 63.4 to 78.4, n = 150); at least 80.0% is required.",)


def test_the_point_policy_holds_for_the_floor_too() -> None:
    assert judge(None, _floor(79, 100), GateSettings(min=0.8, policy="point")).outcome == "fail"


def test_unchanged_answers_below_the_floor_still_fail() -> None:
    verdict = judge(_compare(60, 0, 0, 40), _floor(60, 100), GateSettings(min=0.8))
    assert (verdict.outcome, len(verdict.reasons)) == ("fail", 1)


def test_a_floor_is_not_forgotten() -> None:
    with pytest.raises(ValueError, match="floor"):
        judge(_compare(10, 0, 0), None, GateSettings(min=0.8))


def test_a_new_prompt_without_a_floor_passes() -> None:
    assert judge(None, None, GateSettings()).outcome == "pass"


def test_too_many_errored_cases_are_an_error_whatever_the_policy() -> None:
    comparison = compare(scored(BASE, [1] * 20), scored(HEAD, [1] * 18 + [None] * 2), ACCURACY)
    for policy in ("statistical", "point"):
        verdict = judge(comparison, None, GateSettings.model_validate({"policy": policy}))
        assert (verdict.outcome, verdict.blocks) == ("error", True)
        assert verdict.reasons == ("2 of 20 cases (10.0%) got no reply from the model; at most 5.0% may.",)
    assert judge(comparison, None, GateSettings(max_errored=0.1)).outcome == "pass"


@pytest.mark.parametrize("values", [[], [None, None]])
def test_nothing_to_judge_by_is_an_error(values: list[None]) -> None:
    comparison = compare(scored(BASE, values), scored(HEAD, values), ACCURACY)
    assert judge(comparison, None, GateSettings(max_errored=1)).outcome == "error"
    assert judge(None, check_floor(scored(HEAD, values), ACCURACY), GateSettings(min=0.5)).outcome == "error"


def test_a_budget_that_ended_early_is_told() -> None:
    head = Evaluation(HEAD, scored(HEAD, [1] * 6).outcomes, complete=False, unevaluated=4)
    verdict = judge(compare(scored(BASE, [1] * 10), head, ACCURACY), None, GateSettings())
    assert verdict.reasons[-1] == "The budget ended before 4 of 10 cases were evaluated."


@settings(max_examples=150)
@given(st.integers(0, 60), st.integers(0, 20), st.integers(0, 20), st.sampled_from([0.0, 0.02, 0.1]))
def test_verdicts_never_contradict_the_test(kept: int, broken: int, fixed: int, max_drop: float) -> None:
    if kept + broken + fixed == 0:
        return
    comparison = _compare(kept, broken, fixed)
    verdict = judge(comparison, None, GateSettings(max_drop=max_drop))
    if verdict.outcome == "fail":
        assert comparison.p_value < 0.05
        assert comparison.delta < -max_drop
    if verdict.outcome == "pass":
        assert comparison.delta >= -max_drop
        assert max_drop > 0 or not (comparison.p_value < 0.05 and comparison.delta < 0)


@pytest.mark.parametrize("n", [40, 180])
def test_a_prompt_that_is_as_good_fails_one_time_in_forty_at_most(n: int) -> None:
    generator = np.random.default_rng(n)
    drawn = generator.multinomial(n, [0.7, 0.1, 0.1, 0.1], size=1_000).tolist()
    outcomes = Counter(_outcome(*cells) for cells in drawn)
    assert outcomes["fail"] / 1_000 <= 0.025 + 0.01
    assert outcomes["pass"] / 1_000 <= 0.05  # as it is shown to be better, at most


def test_a_prompt_that_is_as_good_by_f1_fails_one_time_in_forty_at_most() -> None:
    generator = np.random.default_rng(1)
    labels, metric = np.array(["No", "Yes"]), make_metric("f1", "Yes", ["Yes", "No"])
    failed = 0
    for _ in range(150):
        positive = generator.random(80) < 0.4
        targets = labels[positive.astype(int)].tolist()
        sides = [labels[np.where(generator.random(80) < 0.8, positive, ~positive).astype(int)] for _ in range(2)]
        comparison = compare(
            labelled(BASE, targets, sides[0].tolist()), labelled(HEAD, targets, sides[1].tolist()), metric
        )
        failed += judge(comparison, None, GateSettings()).outcome == "fail"
    assert failed / 150 <= 0.06  # 0.025, and nearly three standard errors


def test_a_drop_of_what_could_be_detected_fails_four_times_out_of_five() -> None:
    generator = np.random.default_rng(2)
    drop = _compare(126, 18, 18, 18).detectable_drop
    broken = (0.2 + drop) / 2
    drawn = generator.multinomial(180, [0.7, broken, 0.2 - broken, 0.1], size=500).tolist()
    assert sum(_outcome(*cells) == "fail" for cells in drawn) / 500 == pytest.approx(0.8, abs=0.05)


_OUTCOMES: dict[tuple[int, int, int], str] = {}


def _outcome(kept: int, broken: int, fixed: int, lost: int) -> str:
    """The verdict where no drop is allowed; it depends on these three numbers alone."""
    key = kept + lost, broken, fixed
    if key not in _OUTCOMES:
        _OUTCOMES[key] = judge(_compare(kept, broken, fixed, lost), None, GateSettings()).outcome
    return _OUTCOMES[key]


def test_over_several_prompts_a_failure_decides_before_an_error() -> None:
    passed, open_ = Verdict("pass", ("fine",), False), Verdict("inconclusive", ("open",), True)
    failed, error = Verdict("fail", ("worse",), True), Verdict("error", ("down",), True)
    assert worst([passed, open_, error, failed]) == failed
    assert worst([passed, error, open_]) == error
    assert worst([passed, open_]) == open_
    assert worst([failed, failed]).reasons == ("worse", "worse")
    assert worst([]) == Verdict("pass", ("No prompt is affected.",), False)


def test_equal_answers_to_some_of_the_cases_rule_out_only_what_their_number_can() -> None:
    same = _compare(20, 0, 0)
    assert judge(same, None, TWO_POINTS).outcome == "pass"
    assert judge(same, None, TWO_POINTS, left_out=140).outcome == "inconclusive"
    assert judge(_compare(2000, 0, 0), None, TWO_POINTS, left_out=140).outcome == "pass"


def test_prompts_that_no_eval_set_names_are_not_called_good() -> None:
    assert unseen(GateSettings()).outcome == "inconclusive"
    assert not unseen(GateSettings()).blocks
    assert unseen(GateSettings(on_inconclusive="fail")).blocks
