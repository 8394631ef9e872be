"""What the runs of one pull request may spend together. The comment keeps the account, so pushes do not reset it."""

from __future__ import annotations

from dataclasses import replace

from apo_ci.config import Budget, Config
from apo_ci.lm.amounts import Charge
from apo_ci.pipeline import RunOptions
from apo_ci.publish.state import Spent, State

NOTHING_LEFT = "the runs of this pull request have spent its budget (`pull_request_budget`)"
NO_ACCOUNT = "the account of this pull request (`pull_request_budget`) is kept in its comment, which cannot be read"
NO_ROOM = "no room on the pull request's account (`pull_request_budget`), or it could not be written"
KEPT = ("calls", "tokens", "usd")


def has_account(config: Config) -> bool:
    """Whether the runs of a pull request have caps together."""
    return any(getattr(config.pull_request_budget, name) is not None for name in KEPT)


def within_pull_request(options: RunOptions, config: Config, state: State) -> RunOptions:
    """`options` with no more budget than the pull request has left; without any, no model is asked.

    What runs under way have set aside counts as spent, also when they died.
    """
    caps, wanted = config.pull_request_budget, options.budget.over(config.budget)
    taken = sum(state.reserved.values(), start=state.spent)
    left = {name: max(0, cap - getattr(taken, name)) for name in KEPT if (cap := getattr(caps, name)) is not None}
    if 0 in left.values():
        return replace(options, without_model=NOTHING_LEFT, search=False)
    capped = {name: _least(getattr(wanted, name), value) for name, value in left.items()}
    return replace(options, budget=Budget(**{**wanted.model_dump(), **capped}))


def without_account(options: RunOptions) -> RunOptions:
    """`options` where there are caps and nobody knows what was spent: no model is asked."""
    return replace(options, without_model=NO_ACCOUNT, search=False)


def has_room(state: State, wanted: Spent, config: Config) -> bool:
    """Whether `wanted` fits under the caps beside what is spent and set aside by now."""
    caps = config.pull_request_budget
    taken = sum(state.reserved.values(), start=state.spent + wanted)
    return all(getattr(taken, name) <= cap for name in KEPT if (cap := getattr(caps, name)) is not None)


def _least(cap: float | None, left: float) -> float:
    return left if cap is None else min(cap, left)


def worst_case(options: RunOptions, config: Config) -> Spent:
    """The most that a run can spend: what is set aside on the account while it goes on."""
    budget = options.budget.over(config.budget)
    return Spent(calls=budget.calls or 0, tokens=budget.tokens or 0, usd=budget.usd or 0)


def spent(paid: Charge) -> Spent:
    """`paid` as the account has it."""
    return Spent(calls=paid.calls, tokens=paid.tokens, usd=paid.usd)
