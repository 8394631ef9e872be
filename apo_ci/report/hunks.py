"""What each piece of a suggested change is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import Field

from apo_ci.report import words
from apo_ci.report.values import Text, Value

TITLE = "What each change brought on the dev cases:"
MOST_TEXT = 100  # characters of a change


class HunkReport(Value):
    """One piece of the change that the search confirmed: a sentence, an item or a line, or all examples together."""

    removed: Text = Field(default="", description="What the head's prompt says there.")
    added: Text = Field(default="", description="What the other prompt says instead.")
    examples: int = Field(default=0, ge=0, description="Worked examples that it adds.")
    delta: float | None = Field(
        default=None,
        description="The metric on the dev cases with it less that without it; null when it was not tried.",
    )
    n: int = Field(default=0, ge=0, description="Dev cases on which it was tried.")
    kept: bool = Field(default=True, description="Whether the suggestion has it; false when it brought nothing.")


def lines(hunks: Sequence[HunkReport], quoted: Callable[[str], str], most: int) -> list[str]:
    """One line for each of the pieces that were kept, the most valuable first, at most `most`, and one for the rest.

    `quoted` escapes text of prompts. Empty where there is one piece, whose worth is that of the suggestion.
    """
    kept = sorted((hunk for hunk in hunks if hunk.kept), key=_order)
    shown = [f"{_worth(hunk)}: {_what(hunk, quoted)}" for hunk in kept[:most]]
    if len(hunks) < 2 or not shown or all(hunk.delta is None for hunk in hunks):
        return []
    more, left_out = len(kept) - len(shown), len(hunks) - len(kept)
    if more:
        shown.append(f"… {more:,} more")
    if left_out:
        brought = "was left out: it" if left_out == 1 else "were left out: they"
        shown.append(f"{words.count(left_out, 'change')} {brought} brought nothing")
    return shown


def _order(hunk: HunkReport) -> float:
    return float("inf") if hunk.delta is None else -hunk.delta


def _worth(hunk: HunkReport) -> str:
    if hunk.delta is None:
        return "not tried"
    return f"{words.points(hunk.delta)} points ({words.count(hunk.n, 'case')})"


def _what(hunk: HunkReport, quoted: Callable[[str], str]) -> str:
    if hunk.examples:
        return f"adds {words.count(hunk.examples, 'worked example')}"
    if not hunk.added:
        return f"takes out {quoted(hunk.removed)}"
    return f"{'says now' if hunk.removed else 'adds'} {quoted(hunk.added)}"
