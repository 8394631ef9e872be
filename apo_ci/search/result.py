"""What a search hands back, and what it says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from apo_ci.evaluation.compare import Comparison
from apo_ci.evaluation.expense import Expenses
from apo_ci.search.candidate import Candidate
from apo_ci.search.hunks import Hunk

Status = Literal["better", "cheaper", "inconclusive", "none"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate and what became of it; `dev_score` is the metric on its `dev_n` dev cases, `None` without any."""

    candidate: Candidate
    dev_n: int
    dev_score: float | None
    fate: str

    @property
    def round(self) -> int:
        """The round that made the candidate."""
        return self.candidate.round


@dataclass(frozen=True, slots=True)
class HunkGain:
    """A hunk of the confirmed winner's change, and what it is worth.

    `delta` is the metric of the winner on dev less that of the winner without this hunk, on the `n` cases that both
    were tried on; `None` where it was not tried. `kept` tells whether the suggestion still has it.
    """

    hunk: Hunk
    delta: float | None
    n: int
    kept: bool = True


@dataclass(frozen=True)
class SearchResult:
    """The end of a search.

    `winner` is the candidate that did best on dev; the start itself when nothing did better. `status` is
    `better` only when its gain over the start is confirmed on the test cases, which no decision before
    that had seen; `cheaper` (under `score_per_cost` alone) when they show fewer tokens a call and rule out a loss of
    `max_drop`; `inconclusive` when it won on dev and the test cases cannot tell, `none` otherwise.
    `expenses` are what calls of start and winner took on the test cases.
    `hunks` are the pieces of a confirmed winner's change, those that trimming left out among them.
    `lineage` leads from the start (or the base) to the winner. `finish_reason` says why the search ended,
    `explanation` says all of it in plain sentences.
    """

    status: Status
    start: Candidate
    winner: Candidate
    confirmation: Comparison | None
    confirmation_over_base: Comparison | None
    lineage: tuple[Candidate, ...]
    history: tuple[Trial, ...]
    finish_reason: str
    is_revert: bool
    explanation: str
    expenses: Expenses | None = None
    hunks: tuple[HunkGain, ...] = ()


@dataclass(frozen=True, slots=True)
class RoundReport:
    """The state of a search after a round; round 0 is the baseline. Scores are on the dev cases.

    `best_source` is the whole prompt file of the best candidate so far: what to use should the search end now.
    """

    round: int
    rounds: int
    candidates: int
    start_score: float
    best_score: float
    best_operator: str
    best_source: str
    calls_left: int | None


class Progress(Protocol):
    """Is told about each round as it ends."""

    def __call__(self, report: RoundReport, /) -> None:
        """Show `report`; must not raise."""
        ...
