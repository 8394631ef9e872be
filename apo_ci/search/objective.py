"""What a search is after: the score, or the score against the tokens of a call.

`score_per_cost` holds tokens against points at a fixed rate: a call that takes as many tokens again as the start's must
bring `exchange_rate` more score, 0.05 by default, and one that takes half as many is worth half of that. A line, not
the quotient of score and tokens: by the quotient an empty prompt that is right by luck beats a good one, since tokens
can fall a hundredfold and a score can not rise so. On the line all tokens together are worth `exchange_rate` at most.
Tokens are relative to the start's on the same cases, so the rate needs no prices and means the same for every prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from apo_ci.config import SearchSettings
from apo_ci.evaluation.compare import Comparison
from apo_ci.evaluation.expense import Expenses

LEAST_SAVING = 0.05  # of a call's tokens: a smaller one is not worth a changed prompt
ROUNDING = 1e-9


class Objective(Protocol):
    """Ranks candidates; scores are in units of the metric, `tokens` those of a call relative to the start's."""

    def utility(self, score: float, tokens: float) -> float:
        """What is to be as high as possible, in units of the metric."""
        ...

    def admits(self, score: float, start: float) -> bool:
        """Whether a candidate with `score` may replace a start that scores `start` on the same cases."""
        ...


@dataclass(frozen=True, slots=True)
class Score:
    """The score alone."""

    def utility(self, score: float, tokens: float) -> float:
        """As in `Objective`."""
        return score

    def admits(self, score: float, start: float) -> bool:
        """As in `Objective`: none that scores less, whatever train cases promise."""
        return score >= start - ROUNDING


@dataclass(frozen=True, slots=True)
class ScorePerCost:
    """The score less `exchange_rate` for each time that a call takes the start's tokens once more.

    However many tokens it saves, a candidate may score at most `max_drop` less than the start.
    """

    exchange_rate: float
    max_drop: float

    def utility(self, score: float, tokens: float) -> float:
        """As in `Objective`."""
        return score - self.exchange_rate * (tokens - 1)

    def admits(self, score: float, start: float) -> bool:
        """As in `Objective`."""
        return score >= start - self.max_drop - ROUNDING


def make_objective(settings: SearchSettings) -> Objective:
    """The objective that the settings name."""
    if settings.minds_cost:
        return ScorePerCost(settings.exchange_rate, settings.max_drop)
    return Score()


def is_cheaper(comparison: Comparison, expenses: Expenses | None, settings: SearchSettings) -> bool:
    """Whether the test cases show that the winner's calls are cheaper than the start's, and that it scores no worse.

    Cheaper: at least `LEAST_SAVING` fewer tokens, and fewer at the comparison's confidence. No worse: the lower end of
    the interval lies above -`max_drop` (non-inferiority; CONSORT, JAMA 2012, 308:2594-2604), and no loss is confirmed.
    """
    if not settings.minds_cost or expenses is None or not comparison.n:
        return False
    worse = comparison.delta < 0 and comparison.p_value < 1 - comparison.confidence
    saves = expenses.saving >= LEAST_SAVING and expenses.high < 0
    return saves and not worse and comparison.ci_low > -settings.max_drop
