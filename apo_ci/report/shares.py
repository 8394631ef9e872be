"""How the searches of a run shared its budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from apo_ci.report import words
from apo_ci.report.escape import Markdown, cell
from apo_ci.report.values import Text, Value

NOTHING = "–"
COLUMNS = ("Calls", "Dollars", "Share", "Rounds", "Gain on dev", "Gain on test")
HOW = (
    "Each search had an equal share for its first round. What was left went, round by round, where the rounds before "
    "had gained most for a call. Gains are in points."
)


class SearchShare(Value):
    """One search among several on the same budget."""

    calls: int = Field(default=0, ge=0, description="Requests that it paid for, its confirmation among them.")
    usd: float | None = Field(default=0.0, description="Dollars they cost; null when the price is unknown.")
    share: float = Field(default=0.0, ge=0, le=1, description="Its part of the calls of all searches.")
    rounds: int = Field(default=0, ge=0, description="The last round that made a candidate.")
    dev_gain: float | None = Field(
        default=None, description="Gain of the best candidate over head on dev cases; null when none did better."
    )
    gain: float | None = Field(default=None, description="Gain over head on the test cases; null when not confirmed.")
    finish_reason: Text = Field(default="", description="Why it ended.")


def figures(found: SearchShare) -> tuple[str, ...]:
    """`COLUMNS` as people read them."""
    return (
        f"{found.calls:,}",
        NOTHING if found.usd is None else words.dollars(found.usd),
        f"{found.share:.0%}",
        f"{found.rounds:,}",
        *(NOTHING if gain is None else words.points(gain) for gain in (found.dev_gain, found.gain)),
    )


def table(found: Sequence[tuple[str, SearchShare]], rows: int) -> dict[str, Any] | None:
    """What the template needs for shares by the names of their prompts, the largest first, in at most `rows` rows.

    `None` where nothing was shared.
    """
    calls = sum(share.calls for _, share in found)
    if len(found) < 2 or not calls or not rows:
        return None
    ordered = sorted(found, key=lambda pair: -pair[1].calls)
    return {
        "total": Markdown(words.count(calls, "call")),
        "searches": Markdown(words.count(len(found), "search", "searches")),
        "columns": COLUMNS,
        "rows": [
            {"name": cell(name), "figures": [Markdown(figure) for figure in figures(share)]}
            for name, share in ordered[:rows]
        ],
        "missing": max(len(found) - rows, 0),
        "how": HOW,
    }
