"""What calls of the present and of a suggested prompt cost, and when the search that found it is paid for."""

from __future__ import annotations

import math

from apo_ci.config import Config, ModelSettings
from apo_ci.evaluation.expense import Expense
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.prices import price_of
from apo_ci.pipeline.examination import Examination
from apo_ci.report.tradeoff import LARGEST, PER, Call, Tradeoff, calls_to_pay
from apo_ci.search.result import SearchResult


def tradeoff_of(examination: Examination, found: SearchResult, config: Config) -> Tradeoff | None:
    """Start and winner side by side on the test cases; `None` where nothing is suggested or nothing was measured."""
    spent, confirmed = found.expenses, found.confirmation
    if spent is None or confirmed is None or found.status == "none":
        return None
    applied = examination.affected.governing.settings.applied_to(config)
    present = _call(found.start.prompt, confirmed.base, spent.base, applied.model)
    suggested = _call(found.winner.prompt, confirmed.head, spent.head, applied.model)
    search = _cost_of_search(examination, applied)
    return Tradeoff(
        present=present,
        suggested=suggested,
        estimated=not (spent.base.reported and spent.head.reported),
        pays_after=calls_to_pay(search, present.usd, suggested.usd),
    )


def _call(prompt: Prompt, score: float, expense: Expense, settings: ModelSettings) -> Call:
    return Call(
        score=score,
        prompt_tokens=expense.prompt_tokens,
        completion_tokens=expense.completion_tokens,
        usd=_dollars(prompt, expense, settings),
        seconds=expense.seconds,
        length=sum(len(message.text) for message in prompt.messages),
    )


def _dollars(prompt: Prompt, expense: Expense, settings: ModelSettings) -> float | None:
    """Dollars for 1,000 calls; `None` when nobody knows, as for replies that are replayed."""
    if settings.provider == "replay" and settings.price is None:
        return None
    price = price_of(settings, prompt.header.model or settings.name, math.ceil(expense.prompt_tokens))
    if price is None:
        return None
    usd = PER * (expense.prompt_tokens * price.input + expense.completion_tokens * price.output) / 1e6
    return usd if usd < LARGEST else None


def _cost_of_search(examination: Examination, applied: Config) -> float | None:
    """Dollars that the search paid; `None` where the optimizer's price is unknown, and the ledger's sum too low."""
    ledger = examination.search_ledger
    return None if ledger is None or price_of(applied.proposer_model) is None else ledger.total.usd
