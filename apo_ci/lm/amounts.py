"""Quantities of budget: what may be spent, what one request cost, what one purpose cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from apo_ci.config import Budget

PICODOLLARS = 10**12


class Funds(NamedTuple):
    """Budget in whole numbers, dollars as picodollars, so that adding and taking away leaves no rounding behind."""

    calls: int = 0
    tokens: int = 0
    picodollars: int = 0

    def plus(self, other: Funds) -> Funds:
        """The sum."""
        return Funds(self[0] + other[0], self[1] + other[1], self[2] + other[2])

    def minus(self, other: Funds) -> Funds:
        """The difference; it may be negative."""
        return Funds(self[0] - other[0], self[1] - other[1], self[2] - other[2])

    def floor(self, other: Funds) -> Funds:
        """The larger of the two, part by part."""
        return Funds(max(self[0], other[0]), max(self[1], other[1]), max(self[2], other[2]))


NO_FUNDS = Funds()


@dataclass(slots=True)
class Line:
    """One key's part of a ledger: what was spent and reserved under it, and what is set aside for it."""

    committed: Funds = NO_FUNDS
    earmark: Funds = NO_FUNDS
    baseline: Funds = NO_FUNDS  # what was committed when the earmark was made

    @property
    def outstanding(self) -> Funds:
        """The part of the earmark that has not been drawn on yet."""
        if self.earmark == NO_FUNDS:
            return NO_FUNDS
        drawn = self.committed.minus(self.baseline).floor(NO_FUNDS)
        return self.earmark.minus(drawn).floor(NO_FUNDS)


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity of budget: requests, tokens (prompt and completion together) and dollars."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    @property
    def funds(self) -> Funds:
        """The same in whole numbers."""
        return Funds(self.calls, self.tokens, picodollars(self.usd))


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request cost in the end, all of its attempts together."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def funds(self) -> Funds:
        """The same as budget, in whole numbers."""
        return Funds(self.calls, self.tokens, picodollars(self.usd))

    def __add__(self, other: Charge) -> Charge:
        return Charge(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            dollars(picodollars(self.usd) + picodollars(other.usd)),
        )


@dataclass(frozen=True, slots=True)
class Account:
    """What one purpose cost, and how many replies the cache gave it for nothing."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    cache_hits: int = 0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def plus(self, charge: Charge, cache_hits: int = 0) -> Account:
        """This account after one more charge."""
        return Account(
            self.calls + charge.calls,
            self.prompt_tokens + charge.prompt_tokens,
            self.completion_tokens + charge.completion_tokens,
            dollars(picodollars(self.usd) + picodollars(charge.usd)),
            self.cache_hits + cache_hits,
        )


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left under each cap; `None` is no cap."""

    calls: int | None
    tokens: int | None
    usd: float | None
    seconds: float | None


def picodollars(usd: float) -> int:
    """Dollars as whole picodollars; a price of one dollar for a million tokens is 1,000,000 of them a token."""
    return round(usd * PICODOLLARS)


def dollars(pico: int) -> float:
    """Picodollars as dollars."""
    return pico / PICODOLLARS


def caps_of(budget: Budget) -> tuple[int | None, int | None, int | None]:
    """The caps in whole numbers: calls, tokens, picodollars; `None` is no cap."""
    return budget.calls, budget.tokens, None if budget.usd is None else picodollars(budget.usd)


def least(parts: tuple[int | None, ...]) -> int | None:
    """The smallest of `parts`, not below 0; `None` where none of them is a cap."""
    return min((max(0, part) for part in parts if part is not None), default=None)
