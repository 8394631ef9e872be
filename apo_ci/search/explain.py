"""The end of a search in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apo_ci.evaluation.compare import Comparison
from apo_ci.evaluation.expense import Expenses
from apo_ci.search.result import Status

ENDS = {
    "complete": "The search went through all its rounds.",
    "stalled": "The search ended because several rounds in a row found nothing better.",
    "perfect on dev": "The search ended with a prompt that gets every dev case right.",
    "deadline": "The search ended because its time was up.",
    "no usable proposals": "No operator made a prompt that could be tried.",
}
CAPS = {
    "calls": "The search ended because its budget of calls was spent.",
    "tokens": "The search ended because its budget of tokens was spent.",
    "usd": "The search ended because its budget of dollars was spent.",
    "search.calls": "The search ended because the calls that search.calls allows it were spent.",
    "share": "The search ended because its share of the budget was spent.",
}
MOST_REASONS = 3  # for refusals that are told


def end_of(reason: str) -> str:
    """`reason`, a finish reason, as a sentence."""
    if reason.startswith("budget: "):
        return CAPS.get(reason.removeprefix("budget: "), "The search ended because its budget was spent.")
    return ENDS.get(reason, "")


@dataclass(frozen=True, slots=True)
class Efforts:
    """What a search did to find a better prompt than a start that scores `start_score` on `dev` cases.

    Of its `made` candidates, `written` were written and not put together from train cases, `refused` kept out before
    they were tried, by reason, and `tried` have met dev cases. The optimizer model was `asked` so many times;
    `cut_off` replies ended before their time, and `failed` requests got none.
    """

    start_score: float
    dev: int
    made: int
    written: int
    tried: int
    refused: Mapping[str, int]
    asked: int
    cut_off: int
    failed: int


def explain_nothing(reason: str, efforts: Efforts) -> str:
    """Why there is no suggestion when nothing beat the start on dev."""
    if reason == "perfect on dev":
        cases = "the one dev case" if efforts.dev == 1 else f"all {efforts.dev:,} dev cases"
        return f"There is nothing to improve: the start prompt scores 100% on {cases}."
    return " ".join(
        filter(
            None,
            (
                "No better prompt was found.",
                _tried(efforts),
                _left_behind(efforts),
                _refused(efforts),
                _unusable(efforts),
                "" if efforts.made or efforts.asked else end_of("no usable proposals"),
                "" if reason == "no usable proposals" else end_of(reason),
            ),
        )
    )


def _tried(efforts: Efforts) -> str:
    if not efforts.tried:
        return ""
    who = f"None of the {efforts.tried:,} candidates that were tried did"
    if efforts.tried == 1:
        who = "The one candidate that was tried did not do"
    return f"{who} better than the start prompt on the dev cases ({efforts.start_score:.1%})."


def _left_behind(efforts: Efforts) -> str:
    """That candidates never got to the dev cases, where that is all that became of them."""
    number = efforts.made - sum(efforts.refused.values())
    if efforts.tried or number <= 0:
        return ""
    which = "The one candidate" if number == 1 else f"None of the {number:,} candidates"
    return f"{which} {'did not get' if number == 1 else 'got'} as far as the dev cases."


def _refused(efforts: Efforts) -> str:
    """How many candidates were refused, and why, where that is half of them at least."""
    number = sum(efforts.refused.values())
    if not number or 2 * number < efforts.made:
        return ""
    often = sorted(efforts.refused.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]
    were = "was" if number == 1 else "were"
    why = ", ".join(f"{reason} ({times})" for reason, times in often)
    return f"{number} of {efforts.made} candidates {were} refused untried: {why}."


def _unusable(efforts: Efforts) -> str:
    """That the optimizer model wrote nothing that could be read as a change."""
    if efforts.written or not efforts.asked:
        return ""
    times = "once" if efforts.asked == 1 else f"{efforts.asked:,} times"
    cut_off = f"; {efforts.cut_off} replies were cut off (its max_tokens may be too few)" if efforts.cut_off else ""
    failed = f"; {efforts.failed} requests failed" if efforts.failed else ""
    return f"The optimizer model was asked {times} and proposed no change that could be read{cut_off}{failed}."


def explain(
    status: Status,
    comparison: Comparison,
    reason: str,
    *,
    is_revert: bool,
    saving: Saving | None = None,
    objection: str = "",
) -> str:
    """What the confirmation showed; `saving` is what there is to say of the cost, where cost counts.

    `objection` is why the winner is not offered, whatever it scores.
    """
    name = "The base version" if is_revert else "The best candidate"
    won = "did better on the dev cases" if saving is None else "was worth most on the dev cases, score against tokens"
    numbers = (
        f"{comparison.head:.1%} against {comparison.base:.1%} on {comparison.n} test cases that the search never saw "
        f"({100 * comparison.delta:+.1f} points, {comparison.confidence:.0%} interval "
        f"{100 * comparison.ci_low:+.1f} to {100 * comparison.ci_high:+.1f}, p = {comparison.p_value:.2g})"
    )
    if comparison.n == 0:
        verdict = f"{name} {won}, but no test case could be evaluated for both prompts."
    elif objection:
        verdict = f"{name} {won} and scores {numbers}, but {objection}. It is not offered."
    elif status == "better":
        verdict = f"{name} scores {numbers}: the gain is confirmed."
        verdict += " Reverting the prompt brings it." if is_revert else ""
    elif status == "cheaper":
        verdict = f"{name} scores {numbers}: no loss is shown, and one as large as the tolerance is ruled out."
    elif status == "inconclusive":
        verdict = f"{name} {won} and scores {numbers}: too little to call it a gain."
    else:
        verdict = f"{name} {won} but scores {numbers}: it is worse."
    return " ".join(filter(None, (verdict, "" if saving is None else saving.sentence, end_of(reason))))


@dataclass(frozen=True, slots=True)
class Saving:
    """What a call of start and winner took on the test cases, and the loss of score that must be ruled out."""

    expenses: Expenses | None
    max_drop: float

    @property
    def sentence(self) -> str:
        """`A call takes 31% fewer tokens (412 instead of 598); the tolerance is 3.0 points.`"""
        if self.expenses is None:
            return ""
        before, after, saving = self.expenses.base.tokens, self.expenses.head.tokens, self.expenses.saving
        share = f"{abs(saving):.0%} {'fewer' if saving > 0 else 'more'}" if round(saving, 2) else "about as many"
        than = f"{after:,.0f} instead of {before:,.0f}"
        return f"A call takes {share} tokens ({than}); the tolerance is {100 * self.max_drop:.1f} points."


NOT_TRIMMED = "The change was not trimmed: too little of the budget was left."
TRIM_CUT_SHORT = "Trimming the change was cut short, so all of it was kept."


def nothing_trimmed(total: int) -> str:
    """That no hunk could be left out."""
    return f"None of its {total} changes could be shown to be without effect on the dev cases, so all were kept."


def trimmed(number: int, total: int, against: Comparison) -> str:
    """That hunks were left out; `against` compares the trimmed prompt with the whole one on the test cases."""
    were = "was" if number == 1 else "were"
    return (
        f"Of its {total} changes, {number} brought nothing on the dev cases and {were} left out: "
        f"{against.head:.1%} without against {against.base:.1%} with on the test cases."
    )


def not_held(number: int, total: int, against: Comparison) -> str:
    """That hunks seemed to be without effect, and the test cases say otherwise."""
    return (
        f"Of its {total} changes, {number} brought nothing on the dev cases, but the test cases do not bear that out "
        f"({against.head:.1%} without against {against.base:.1%} with), so all were kept."
    )
