"""The ledger, the cache and the throttle cost little beside the bare SDK; a warm cache costs next to nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import openai
import pytest
from pydantic import SecretStr

from apo_ci.config import Budget, ModelSettings, Parameters, Price
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import open_model
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Message, Request

REQUESTS, CONCURRENCY = 2000, 64


@pytest.fixture
def url() -> Iterator[str]:
    """A server in a process of its own, with a latency of 50 ms."""
    command = [sys.executable, "-m", "tests.integration.loopback", "--latency", "0.05"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["url"]
    process.terminate()
    process.communicate()


async def seconds_for_all(ask: Callable[[int], Awaitable[object]]) -> float:
    """The time for all requests by as many workers as may be in flight."""
    numbers = iter(range(REQUESTS))

    async def work() -> None:
        for number in numbers:
            await ask(number)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return time.perf_counter() - begun


async def bare(url: str) -> float:
    async with openai.AsyncOpenAI(
        api_key="key", base_url=url, max_retries=0, http_client=openai.DefaultAioHttpClient()
    ) as client:

        async def ask(number: int) -> None:
            await client.chat.completions.create(
                model="m",
                messages=[
                    {"role": "system", "content": "You label reviews."},
                    {"role": "user", "content": f"Review {number}: fine.\nLabel:"},
                ],
                temperature=0,
                max_tokens=4,
            )

        return await seconds_for_all(ask)


async def ours(url: str, path: Path) -> tuple[float, float]:
    """Cold and warm."""
    settings = ModelSettings(name="m", base_url=url, concurrency=CONCURRENCY, price=Price(input=1, output=2))
    with Cache(path) as cache:
        ledger = Ledger(Budget(calls=REQUESTS, tokens=10**9, usd=100, seconds=600))
        model = await open_model(settings, SecretStr("key"), cache=cache, ledger=ledger, run="run")
        parameters = Parameters(temperature=0, max_tokens=4)

        async def ask(number: int) -> None:
            messages = (Message("system", "You label reviews."), Message("user", f"Review {number}: fine.\nLabel:"))
            await model.complete(Request("m", messages, parameters))

        cold, warm = await seconds_for_all(ask), await seconds_for_all(ask)
        await model.aclose()
    assert ledger.total.calls == ledger.total.cache_hits == REQUESTS
    return cold, warm


@pytest.mark.slow
def test_two_thousand_requests_take_little_longer_than_with_the_bare_sdk(url: str, tmp_path: Path) -> None:
    """The best of three of each in turn: a busy machine disturbs both."""
    times = [(asyncio.run(bare(url)), *asyncio.run(ours(url, tmp_path / str(turn)))) for turn in range(3)]
    sdk, cold, warm = (min(column) for column in zip(*times, strict=True))
    print(
        f"bare SDK {sdk:.2f} s, apo-ci {cold:.2f} s ({cold / sdk:.2f}x), warm {warm / REQUESTS * 1e6:.0f} µs a request"
    )  # noqa: T201 (shown by pytest -s)
    assert cold <= 1.35 * sdk
    assert warm / REQUESTS < 80e-6
