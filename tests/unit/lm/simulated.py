"""An endpoint in memory, at the seam of `Transport`: it counts what arrives, and fails as it is told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from apo_ci.config import Budget, Parameters, Price
from apo_ci.errors import RequestFailedError
from apo_ci.lm.cached import Answer
from apo_ci.lm.failures import AttemptFailedError, Failure
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.metered import MeteredModel
from apo_ci.lm.model import Completion, Message, Request, Usage
from apo_ci.lm.openai_client import Reply
from apo_ci.lm.throttle import Throttle

PRICE = Price(input=1.0, output=10.0)


def ask_for(text: str, max_tokens: int | None = 8, **changes: Any) -> Request:
    """A request of one user message."""
    return Request("m", (Message("user", text),), Parameters(temperature=0, max_tokens=max_tokens), **changes)


def fault(failure: Failure, **details: Any) -> AttemptFailedError:
    """A failure to be raised by a transport."""
    return AttemptFailedError(failure, RequestFailedError(f"simulated: {failure.value}"), **details)


class Simulated:
    """A `Transport`: `behave(number, request)` gives a reply's text, a whole reply, or an exception to raise."""

    provider = "simulated"

    def __init__(
        self, behave: Callable[[int, Request], str | Reply | Exception] = lambda *_: "Yes", seconds: float = 0.0
    ):
        self.behave = behave
        self.seconds = seconds
        self.requests: list[Request] = []
        self.alive = True
        self.closed = False

    async def send(self, request: Request, seconds: float) -> Reply:
        number = len(self.requests)
        self.requests.append(request)
        await asyncio.sleep(self.seconds)
        outcome = self.behave(number, request)
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, Reply):
            return outcome
        usage = Usage(len(request.messages[-1].content), 1)
        return Reply(Completion(outcome, "stop", usage, request.model), usage)

    async def answers(self, seconds: float) -> bool:
        return self.alive

    async def aclose(self) -> None:
        self.closed = True


def metered(transport: Simulated, concurrency: int = 8, **settings: Any) -> MeteredModel:
    """A metered model on `transport`, with no spread in its retries."""
    throttle = Throttle(concurrency, clock=settings.get("clock", lambda: 0.0))
    return MeteredModel(transport, throttle, lambda *_: PRICE, rng=random.Random(0), **settings)


class Counting:
    """A `Source` that answers each request with its text, for one call of one token."""

    provider = "counting"
    concurrency = 4

    def __init__(self, seconds: float = 0.0) -> None:
        self.calls = 0
        self.seconds = seconds
        self.error: Exception | None = None
        self.finish_reason = "stop"
        self.asked: list[Request] = []
        self.closed = False

    async def ask(self, request: Request, ledger: Ledger) -> Answer:
        self.calls += 1
        self.asked.append(request)
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        charge = Charge(1, 1, 0, 0.001)
        reservation = await ledger.reserve(Amount(1, 1, 0.001), request.purpose)
        ledger.settle(reservation, charge)
        text = request.messages[-1].content
        return Answer(Completion(text, self.finish_reason, Usage(1, 0), request.model), charge)

    async def aclose(self) -> None:
        self.closed = True


def uncapped() -> Ledger:
    """A ledger without caps."""
    return Ledger(Budget())
