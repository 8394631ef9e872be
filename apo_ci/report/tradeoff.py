"""A suggestion beside what is there now: what each scores, and what a call of it takes."""

from __future__ import annotations

import math

from pydantic import Field

from apo_ci.report import words
from apo_ci.report.values import Value

NOTHING = "–"
PER = 1_000
LARGEST = 2**53
ROUNDING = 1e-12  # a whole number of calls stays that number
COLUMNS = ("Score", "1,000 calls", "Median latency", "Tokens a call", "Prompt")


class Call(Value):
    """One version of a prompt: its score, and what one call of it takes."""

    score: float = Field(description="The metric on the test cases.")
    prompt_tokens: float = Field(ge=0, le=LARGEST, description="Prompt tokens of a call, on average.")
    completion_tokens: float = Field(ge=0, le=LARGEST, description="Completion tokens of a call, on average.")
    usd: float | None = Field(
        default=None, ge=0, le=LARGEST, description="Dollars for 1,000 calls; null when the price is unknown."
    )
    seconds: float | None = Field(
        default=None,
        ge=0,
        le=LARGEST,
        description="Median latency, a cached reply's as it was when it was paid for; null when none was measured. "
        "Varies between repetitions that do not share a cache.",
    )
    length: int = Field(ge=0, le=LARGEST, description="Characters of the prompt's messages, inputs not filled in.")

    @property
    def tokens(self) -> float:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


class Tradeoff(Value):
    """Quality against cost: the present prompt and the suggested one on the same test cases."""

    present: Call = Field(description="The head's prompt.")
    suggested: Call = Field(description="The suggested prompt.")
    estimated: bool = Field(
        default=False, description="Whether tokens were guessed by length, since replies did not report them."
    )
    pays_after: int | None = Field(
        default=None,
        ge=1,
        le=LARGEST,
        description="Calls after which the saving has paid for the search; null when calls are not cheaper, the search "
        "cost nothing, or a price is unknown.",
    )

    @property
    def saving(self) -> float:
        """The share of the present prompt's tokens that the suggestion does without; negative when it takes more."""
        return 1 - self.suggested.tokens / self.present.tokens if self.present.tokens >= 1 else 0.0


def calls_to_pay(search_usd: float | None, present: float | None, suggested: float | None) -> int | None:
    """Calls until a search of `search_usd` is paid for; the other two are dollars for 1,000 calls, before and after.

    `None` when it never is, or when there is nothing to pay or no price.
    """
    if not search_usd or present is None or suggested is None or suggested >= present:
        return None
    calls = PER * search_usd / (present - suggested)
    return max(1, math.ceil(calls * (1 - ROUNDING))) if calls < LARGEST else None


def figures(found: Tradeoff) -> list[tuple[str, ...]]:
    """The two versions in figures as people read them: a name, then `COLUMNS`."""
    about = "≈ " if found.estimated else ""
    return [("Now", *_figures(found.present, about)), ("Suggested", *_figures(found.suggested, about))]


def _figures(call: Call, about: str) -> tuple[str, ...]:
    return (
        words.percent(call.score),
        NOTHING if call.usd is None else about + _dollars(call.usd),
        NOTHING if call.seconds is None else words.latency(call.seconds),
        f"{about}{call.tokens:,.0f}",
        words.count(call.length, "character"),
    )


def _dollars(usd: float) -> str:
    """As exact as two versions need to be told apart: `$0.0419`."""
    return f"${usd:.4f}" if 0.0001 <= usd < 1 else words.dollars(usd)


def payback(found: Tradeoff) -> str:
    """After how many calls the search has paid for itself; empty when it does not, or nobody knows."""
    if found.pays_after is None:
        return ""
    return f"The search has paid for itself after {words.count(found.pays_after, 'call')}."
