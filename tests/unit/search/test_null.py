"""What a search claims: nothing where there is nothing to find, the rule where there is one."""

from __future__ import annotations

import asyncio

from apo_ci.config import Budget, SearchSettings
from apo_ci.lm.model import Request
from apo_ci.search.loop import optimize
from apo_ci.search.result import SearchResult
from tests.unit.search.worlds import chance, wordy, world

RUNS = 400
RULE = "think twice"


def search_for_nothing(seed: int) -> SearchResult:
    """One search in a world where every prompt is right on six cases in ten, whatever it says."""
    small = SearchSettings(seed=seed, rounds=2, max_expansion_factor=6, demonstrations=2)
    found = world(lambda text: 0.6, seed=seed, sizes=(12, 16, 40), budget=Budget(calls=220), settings=small)
    return asyncio.run(optimize(found.task))


def test_where_no_prompt_is_better_hardly_any_search_says_so() -> None:
    results = [search_for_nothing(seed) for seed in range(RUNS)]
    better = sum(result.status == "better" for result in results)
    assert better <= 0.05 * RUNS
    confirmed = sum(result.confirmation is not None for result in results)
    assert confirmed > 0.25 * RUNS  # dev did flatter many
    assert better <= 0.05 * confirmed
    assert all(result.confirmation is not None for result in results if result.status != "none")


def now_and_then_the_rule(request: Request) -> str:
    """A scribe that has the right idea one time in five."""
    reply = wordy(request)
    return reply.replace("by rule", f"{RULE}, by rule") if chance("idea", request.messages) < 0.2 else reply


def test_a_hidden_rule_is_found_by_its_effect() -> None:
    found = 0
    for seed in range(40):
        settings = SearchSettings(seed=seed, demonstrations=0)
        hidden = world(
            lambda text: 0.9 if RULE in text else 0.5,
            answer=now_and_then_the_rule,
            sizes=(40, 48, 72),
            budget=Budget(calls=700),
            settings=settings,
            seed=seed,
        )
        result = asyncio.run(optimize(hidden.task))
        found += result.status == "better" and RULE in result.winner.prompt.body
        assert hidden.ledger.total.calls <= 700
    assert found >= 32


def test_demonstrations_are_found_where_only_they_help() -> None:
    found = 0
    for seed in range(20):
        shown = world(
            lambda text: 0.88 if text.count("Label:") > 1 else 0.6,
            answer=lambda request: "no idea",
            sizes=(54, 54, 72),
            budget=Budget(calls=500),
            settings=SearchSettings(seed=seed),
            seed=seed,
        )
        result = asyncio.run(optimize(shown.task))
        found += result.status == "better" and result.winner.operator == "demonstrations"
    assert found >= 17
