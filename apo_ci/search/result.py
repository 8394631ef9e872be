"""What a search hands back, and what it says while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from apo_ci.evaluation.compare import Comparison
from apo_ci.search.candidate import Candidate

Status = Literal["better", "inconclusive", "none"]


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


@dataclass(frozen=True)
class SearchResult:
    """The end of a search.

    `winner` is the candidate that did best on dev; the start itself when nothing did better. `status` is
    `better` only when its gain over the start is confirmed on the test cases, which no decision before
    that had seen; `inconclusive` when it won on dev and the test cases cannot tell, `none` otherwise.
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
