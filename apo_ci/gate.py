"""The verdict: a comparison and a floor held against the thresholds of an eval set.

`fail` and `pass` are said only when the data show them at the set confidence; otherwise the verdict is
`inconclusive`, with what is missing. `policy: point` holds the plain figures against the thresholds instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from apo_ci.config import GateSettings
from apo_ci.evaluation.compare import Comparison
from apo_ci.evaluation.floor import FloorCheck
from apo_ci.evaluation.power import cases_needed

Outcome = Literal["pass", "fail", "inconclusive", "error"]

SLACK = 1e-9  # a drop of 0.02 is not larger than an allowed 0.02 because of binary fractions
SEVERITY: tuple[Outcome, ...] = ("pass", "inconclusive", "error", "fail")
NAMES = {"accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1", "macro_f1": "Macro-F1"}
SUGGESTED_DROP = 0.02


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, why, in sentences, and whether it keeps the pull request from being merged."""

    outcome: Outcome
    reasons: tuple[str, ...]
    blocks: bool


def judge(
    comparison: Comparison | None, floor: FloorCheck | None, settings: GateSettings, *, left_out: int = 0
) -> Verdict:
    """The verdict on one prompt.

    `comparison` is `None` for a new prompt, which only the floor can fail. `floor` is needed when
    `settings.min` is set. A figure at or above the floor meets it; one below it fails when its interval ends
    below it too. A drop fails when its interval lies beyond `max_drop` and the test of no difference agrees.
    Equal answers to all cases pass; when the budget left some out (`left_out` of them were not even begun),
    equal answers to the others are data like any.
    """
    if settings.min is not None and floor is None:
        raise ValueError("a floor is set: hand in the head's FloorCheck")
    problem = _unusable(comparison or floor, settings)
    if problem is not None:
        return Verdict("error", (problem,), blocks=True)
    findings = []
    if comparison is not None:
        findings.append(_judge_drop(comparison, settings, partial=left_out + comparison.unevaluated > 0))
    if floor is not None and settings.min is not None:
        findings.append(_judge_floor(floor, settings.min, settings))
    if not findings:
        findings.append(("pass", "The prompt is new, and no floor is set: there is nothing to hold it against."))
    outcome = max((outcome for outcome, _ in findings), key=SEVERITY.index)
    reasons = [reason for found, reason in findings if found == outcome]
    reasons.extend(_unevaluated(comparison or floor))
    blocks = outcome == "fail" or (outcome == "inconclusive" and settings.on_inconclusive == "fail")
    return Verdict(outcome, tuple(reasons), blocks)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict over several prompts: a failure before an error, that before an inconclusive one.

    An error leaves a question open; a failure answers it. The reasons are those of the verdicts that decided.
    """
    if not verdicts:
        return Verdict("pass", ("No prompt is affected.",), blocks=False)
    outcome = max((verdict.outcome for verdict in verdicts), key=SEVERITY.index)
    reasons = tuple(reason for verdict in verdicts if verdict.outcome == outcome for reason in verdict.reasons)
    return Verdict(outcome, reasons, any(verdict.blocks for verdict in verdicts))


def unseen(settings: GateSettings) -> Verdict:
    """The verdict where prompts changed that no eval set names."""
    reasons = ("No eval set names what changed, so nothing is known about it.",)
    return Verdict("inconclusive", reasons, settings.on_inconclusive == "fail")


def _unusable(checked: Comparison | FloorCheck | None, settings: GateSettings) -> str | None:
    """Why nothing can be said, if so."""
    if checked is None:
        return None
    cases = checked.n + checked.errored
    if cases == 0:
        return (
            "The budget ended before a case was evaluated: raise it." if checked.unevaluated else "There are no cases."
        )
    share = checked.errored / cases
    if checked.n == 0 or share > settings.max_errored + SLACK:
        return (
            f"{checked.errored} of {_count(cases)} ({100 * share:.1f}%) got no reply from the model; "
            f"at most {100 * settings.max_errored:.1f}% may."
        )
    return None


def _unevaluated(checked: Comparison | FloorCheck | None) -> Iterator[str]:
    if checked is not None and checked.unevaluated:
        asked = checked.n + checked.errored + checked.unevaluated
        yield f"The budget ended before {checked.unevaluated} of {_count(asked)} were evaluated."


def _judge_drop(comparison: Comparison, settings: GateSettings, *, partial: bool) -> tuple[Outcome, str]:
    allowed = _allowed(settings.max_drop)
    if settings.policy == "point":
        too_far = comparison.delta < -settings.max_drop - SLACK
        return ("fail" if too_far else "pass"), f"{_change(comparison)}; {allowed}."
    if comparison.changed == 0 and not partial:
        return "pass", f"{_figure_now(comparison)}: none of the {comparison.n} answers changed."
    significant = comparison.p_value < 1 - settings.confidence
    if significant and comparison.ci_high < -settings.max_drop - SLACK:
        return "fail", f"{_change(comparison)}; {allowed}."
    if comparison.ci_low >= -settings.max_drop - SLACK:
        beyond = "any drop" if settings.max_drop == 0 else f"a drop of more than {_points(settings.max_drop)} points"
        return "pass", f"{_change(comparison)}; the {_confidence(comparison.confidence)} interval rules out {beyond}."
    return "inconclusive", f"{_change(comparison)}; {allowed}. {_what_is_missing(comparison, settings)}"


def _what_is_missing(comparison: Comparison, settings: GateSettings) -> str:
    n, allowed = comparison.n, settings.max_drop
    larger = f"a drop of more than {_points(allowed)} points" if allowed > 0 else "a drop"
    found = f"neither show nor rule out {larger}"
    if comparison.ci_high < -allowed - SLACK:
        found = f"suggest {larger}, but the {comparison.test} test does not confirm it"
    shown = f"The data {found}."
    needed = cases_needed(comparison.delta, comparison.deviation, allowed, settings.confidence)
    if needed is not None:
        return f"{shown} About {max(needed, n + 1):,} cases would settle it if the difference stays the same."
    if allowed > 0:
        return f"{shown} The change is too close to what is allowed for more cases to settle it."
    few = cases_needed(comparison.delta, comparison.deviation, SUGGESTED_DROP, settings.confidence) or n
    return (
        f"{shown} While no drop at all is allowed, more cases will not settle it; "
        f"with `max_drop: {SUGGESTED_DROP}` about {max(few, n + 1):,} cases would."
    )


def _judge_floor(floor: FloorCheck, least: float, settings: GateSettings) -> tuple[Outcome, str]:
    unit = _unit(floor.metric)
    needed = f"at least {_points(least)}{unit} is required"
    figure = f"{_name(floor.metric)} is {_points(floor.value)}{unit}"
    interval = f"{_confidence(floor.confidence)} interval {_points(floor.ci_low)} to {_points(floor.ci_high)}"
    sentence = f"{figure} ({interval}, n = {floor.n}); {needed}."
    if floor.value >= least - SLACK:
        return "pass", sentence
    if settings.policy == "point" or floor.ci_high < least - SLACK:
        return "fail", sentence
    return "inconclusive", f"{sentence} The data ({_count(floor.n)}) do not show that it is missed."


def _change(comparison: Comparison) -> str:
    name, delta = _name(comparison.metric), comparison.delta
    if abs(delta) < SLACK:
        return _figure_now(comparison)
    return f"{name} {'fell' if delta < 0 else 'rose'} by {_points(abs(delta))} points"


def _figure_now(comparison: Comparison) -> str:
    return f"{_name(comparison.metric)} stayed at {_points(comparison.head)}{_unit(comparison.metric)}"


def _allowed(max_drop: float) -> str:
    return f"at most {_points(max_drop)} are allowed" if max_drop > 0 else "no drop is allowed"


def _name(metric: str) -> str:
    return NAMES.get(metric, "The mean score")


def _unit(metric: str) -> str:
    return "%" if metric in ("accuracy", "precision", "recall") else ""


def _points(share: float) -> str:
    return f"{100 * share + 0.0:.1f}".replace("-0.0", "0.0")


def _confidence(confidence: float) -> str:
    return f"{100 * confidence:.4g}%"


def _count(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases:,} cases"
