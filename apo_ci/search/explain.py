"""The end of a search in plain sentences."""

from __future__ import annotations

from apo_ci.evaluation.compare import Comparison
from apo_ci.search.result import Status

ENDS = {
    "complete": "The search went through all its rounds.",
    "stalled": "The search ended because several rounds in a row found nothing better.",
    "perfect on dev": "The search ended with a prompt that gets every dev case right.",
    "deadline": "The search ended because its time was up.",
    "no usable proposals": "No operator made a prompt that could be tried.",
}


def end_of(reason: str) -> str:
    """`reason`, a finish reason, as a sentence."""
    if reason.startswith("budget: "):
        return f"The search ended because its budget of {reason.removeprefix('budget: ')} was spent."
    return ENDS.get(reason, "")


def explain_nothing(reason: str, tried: int, start_score: float) -> str:
    """Why there is no suggestion when nothing beat the start on dev."""
    found = f"None of the {tried} candidates did better than the start prompt on the dev cases ({start_score:.1%})."
    return f"No better prompt was found. {found if tried else ''} {end_of(reason)}".replace("  ", " ").strip()


def explain(status: Status, comparison: Comparison, reason: str, *, is_revert: bool) -> str:
    """What the confirmation showed."""
    name = "The base version" if is_revert else "The best candidate"
    numbers = (
        f"{comparison.head:.1%} against {comparison.base:.1%} on {comparison.n} test cases that the search never saw "
        f"({100 * comparison.delta:+.1f} points, {comparison.confidence:.0%} interval "
        f"{100 * comparison.ci_low:+.1f} to {100 * comparison.ci_high:+.1f}, p = {comparison.p_value:.2g})"
    )
    if comparison.n == 0:
        verdict = f"{name} did better on the dev cases, but no test case could be evaluated for both prompts."
    elif status == "better":
        verdict = f"{name} scores {numbers}: the gain is confirmed."
        verdict += " Reverting the prompt brings it." if is_revert else ""
    elif status == "inconclusive":
        verdict = f"{name} did better on the dev cases and scores {numbers}: too little to call it a gain."
    else:
        verdict = f"{name} did better on the dev cases but scores {numbers}: it is worse."
    return f"{verdict} {end_of(reason)}".strip()
