"""What a call of a prompt takes: tokens and seconds, of two prompts on the same cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

from scipy.special import ndtri

from apo_ci.evaluation.evaluate import Evaluation, Outcome, case_key
from apo_ci.lm.model import Usage


@dataclass(frozen=True, slots=True)
class Expense:
    """What one call takes: tokens on average, and the median of the seconds that were measured.

    `seconds` is `None` where none were. `reported` is false when tokens of some replies were guessed by length.
    """

    prompt_tokens: float
    completion_tokens: float
    seconds: float | None
    reported: bool

    @property
    def tokens(self) -> float:
        """Prompt and completion tokens of a call."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Expenses:
    """Calls of two prompts on the same `n` cases.

    `high` is the upper end of the interval of the difference in tokens a call, head less base.
    """

    base: Expense
    head: Expense
    high: float
    n: int

    @property
    def saving(self) -> float:
        """The share of the base's tokens that the head does without; negative when it takes more."""
        return 1 - self.head.tokens / self.base.tokens if self.base.tokens else 0.0


def expenses(base: Evaluation, head: Evaluation, *, confidence: float = 0.95) -> Expenses | None:
    """What calls of `base` and `head` took on the cases that both got replies to; `None` where there are none.

    The interval is the normal one for the mean of paired differences, two-sided at `confidence`.
    """
    others = {case_key(outcomes[0]): outcomes for outcomes in head.by_case()}
    pairs = [
        (mine, theirs)
        for outcomes in base.by_case()
        if (mine := _known(outcomes)) and (theirs := _known(others.get(case_key(outcomes[0]), ())))
    ]
    if not pairs:
        return None
    sides = [_expense(side) for side in zip(*pairs, strict=True)]
    differences = [_tokens(theirs) - _tokens(mine) for mine, theirs in pairs]
    high = math.inf
    if len(pairs) > 1:
        high = mean(differences) + float(ndtri((1 + confidence) / 2)) * stdev(differences) / math.sqrt(len(pairs))
    return Expenses(sides[0], sides[1], high, len(pairs))


def _known(outcomes: Sequence[Outcome]) -> list[tuple[Usage, float | None]]:
    return [(outcome.usage, outcome.seconds) for outcome in outcomes if outcome.usage is not None]


def _tokens(replicates: Sequence[tuple[Usage, float | None]]) -> float:
    return mean(usage.tokens for usage, _ in replicates)


def _expense(cases: Sequence[Sequence[tuple[Usage, float | None]]]) -> Expense:
    """Every case counts once, however many replicates of it there are."""
    seconds = [each for case in cases for _, each in case if each is not None]
    return Expense(
        prompt_tokens=mean(mean(usage.prompt_tokens for usage, _ in case) for case in cases),
        completion_tokens=mean(mean(usage.completion_tokens for usage, _ in case) for case in cases),
        seconds=median(seconds) if seconds else None,
        reported=all(usage.reported for case in cases for usage, _ in case),
    )
