"""Against a real server that counts: no cap is overshot, at any concurrency, with retries and faults."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from apo_ci.config import Budget, ModelSettings, Parameters, Price
from apo_ci.errors import BudgetExhaustedError, EndpointError, RequestFailedError
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import open_model
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import LanguageModel, Message, Request
from tests.integration.loopback import Body, Fault, Kind, Loopback

PRICE = Price(input=2.0, output=8.0)
KINDS: tuple[Kind, ...] = (
    "busy",
    "error",
    "truncated",
    "not_json",
    "empty_choices",
    "no_usage",
    "length",
    "drop",
    "cut",
)


def question(number: int) -> Request:
    messages = (Message("system", "You label reviews."), Message("user", f"Review {number}: {'fine ' * (number % 9)}"))
    return Request("m", messages, Parameters(temperature=0, max_tokens=1 + number % 5))


def troubled(seed: int, share: float) -> Callable[[int, Body], Fault | None]:
    """Faults of every kind, at random."""
    rng = random.Random(seed)

    def fault(number: int, body: Body) -> Fault | None:
        if rng.random() >= share:
            return None
        kind = rng.choice(KINDS)
        return Fault(kind, retry_after=rng.choice([None, "0.05"]) if kind == "busy" else None)

    return fault


@dataclass
class Outcome:
    """What became of the requests."""

    answered: int = 0
    failed: int = 0
    exhausted: int = 0


async def ask_all(model: LanguageModel, requests: int) -> Outcome:
    """Ask with as many workers as the model has slots; stop when the budget ends."""
    outcome, numbers = Outcome(), iter(range(requests))

    async def work() -> None:
        for number in numbers:
            try:
                await model.complete(question(number))
                outcome.answered += 1
            except RequestFailedError:
                outcome.failed += 1
            except (BudgetExhaustedError, EndpointError):
                outcome.exhausted += 1
                return

    await asyncio.gather(*(work() for _ in range(model.concurrency)))
    return outcome


async def run(
    directory: Path, server: Loopback, budget: Budget, concurrency: int, requests: int, retries: int = 1
) -> tuple[Ledger, Outcome]:
    settings = ModelSettings(
        name="m", base_url=server.url, concurrency=concurrency, price=PRICE, max_retries=retries, timeout_seconds=5
    )
    with Cache(directory / "cache") as cache:
        ledger = Ledger(budget)
        model = await open_model(settings, SecretStr("sk-test-key"), cache=cache, ledger=ledger, run="run")
        try:
            outcome = await ask_all(model, requests)
        finally:
            await model.aclose()
    return ledger, outcome


def dollars(server: Loopback) -> float:
    return (server.prompt_tokens * PRICE.input + server.completion_tokens * PRICE.output) / 1e6


@pytest.mark.parametrize("concurrency", [1, 16, 256])
@pytest.mark.parametrize(
    "budget",
    [Budget(calls=41), Budget(tokens=4321), Budget(usd=0.004), Budget(calls=60, tokens=9000, usd=0.02)],
    ids=str,
)
async def test_the_server_never_sees_more_than_a_cap(tmp_path: Path, budget: Budget, concurrency: int) -> None:
    with Loopback(latency=0.002, fault=troubled(concurrency, 0.15)) as server:
        ledger, outcome = await run(tmp_path, server, budget, concurrency, 400)
    assert outcome.exhausted > 0
    assert server.calls == ledger.total.calls
    assert server.calls <= (budget.calls or server.calls)
    assert server.tokens <= ledger.total.tokens <= (budget.tokens or ledger.total.tokens)
    assert dollars(server) <= ledger.total.usd + 1e-12
    assert ledger.total.usd <= (budget.usd or ledger.total.usd)


@pytest.mark.parametrize("concurrency", [1, 64])
async def test_nothing_reaches_the_server_after_the_deadline(tmp_path: Path, concurrency: int) -> None:
    with Loopback(latency=0.1, fault=troubled(concurrency, 0.1)) as server:
        begun = time.monotonic()
        ledger, outcome = await run(tmp_path, server, Budget(seconds=0.7), concurrency, 100_000)
        ended = time.monotonic()
    assert outcome.exhausted == concurrency
    assert max(server.arrivals) - begun < 0.7 + 0.3
    assert ended - begun < 0.7 + 1.0
    assert server.calls <= ledger.total.calls


@pytest.mark.parametrize("calls", [0, 1, 2, 7])
async def test_small_caps_are_kept_to_the_letter(tmp_path: Path, calls: int) -> None:
    with Loopback() as server:
        _ledger, outcome = await run(tmp_path, server, Budget(calls=calls), 256, 300)
    assert (server.calls, outcome.answered) == (calls, calls)


async def test_without_faults_a_budget_of_calls_is_used_to_the_last(tmp_path: Path) -> None:
    with Loopback(latency=0.001) as server:
        ledger, outcome = await run(tmp_path, server, Budget(calls=500, tokens=10**6), 64, 500)
    assert (server.calls, outcome.answered, outcome.exhausted) == (500, 500, 0)
    assert (ledger.total.prompt_tokens, ledger.total.completion_tokens) == (
        server.prompt_tokens,
        server.completion_tokens,
    )


async def test_no_more_requests_are_in_flight_than_set(tmp_path: Path) -> None:
    with Loopback(latency=0.01) as server:
        await run(tmp_path, server, Budget(), 12, 100)
    assert 2 <= server.max_in_flight <= 12
