"""Every attempt in its order: a slot, a reservation, the request, the settlement; and again, if that can help."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from apo_ci.config import Price
from apo_ci.lm.cached import Answer
from apo_ci.lm.circuit import Circuit
from apo_ci.lm.estimate import Estimator, charge_for, charge_for_failure
from apo_ci.lm.failures import AttemptFailedError, Failure
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.model import Completion, Request
from apo_ci.lm.openai_client import Reply
from apo_ci.lm.throttle import Throttle

_PROBE_AFTER, _PROBE_SECONDS = 6.0, 3.0  # how long an endpoint may be silent before it is asked for a sign of life
_PILOT_SECONDS = 10.0  # what the first request of a model gets to come back before others follow
_BACKOFF_SECONDS, _LONGEST_BACKOFF = 0.5, 8.0
_UNSENT_PAUSE = 2.0


class Transport(Protocol):
    """Makes single attempts; see `OpenAIModel`."""

    @property
    def provider(self) -> str: ...
    async def send(self, request: Request, seconds: float) -> Reply: ...
    async def answers(self, seconds: float) -> bool: ...
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became of an attempt that left at `sent`, and its charge."""

    outcome: Completion | AttemptFailedError
    charge: Charge
    sent: float


class MeteredModel:
    """Answers requests at the expense of the ledger that it is given, with retries, and never beyond its caps."""

    def __init__(
        self,
        transport: Transport,
        throttle: Throttle,
        price: Callable[[str, int], Price | None],
        *,
        timeout_seconds: float = 60.0,
        max_retries: int = 4,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        """`price` knows what a model costs for a prompt of at most so many tokens; `rng` spreads the retries."""
        self._transport = transport
        self._throttle = throttle
        self._estimator = Estimator(price)
        self._timeout = timeout_seconds
        self._max_retries = max_retries
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 (spreads retries, hides nothing)
        self._circuit = Circuit(transport.provider, clock)
        self._pilots: dict[str, asyncio.Event] = {}
        self.calls = 0

    @property
    def provider(self) -> str:
        """As in `LanguageModel`."""
        return self._transport.provider

    @property
    def concurrency(self) -> int:
        """As in `LanguageModel`."""
        return self._throttle.concurrency

    async def ask(self, request: Request, ledger: Ledger) -> Answer:
        """Answer `request`, with retries; errors as in `LanguageModel.complete`."""
        charge, failures = Charge(), 0
        while True:
            attempt = await self._attempt(request, ledger)
            charge += attempt.charge
            if isinstance(attempt.outcome, Completion):
                return Answer(attempt.outcome, charge)
            failed = attempt.outcome
            self._circuit.failed(failed, attempt.sent, id(request))
            self._circuit.check()
            if ledger.seconds_left() == 0:
                raise ledger.out_of_time()
            if failed.failure is Failure.ADAPTED:
                continue
            # A connection that could not be made cost nothing: the circuit ends these, not the number of retries.
            failures += failed.failure is not Failure.UNSENT
            if failed.failure is Failure.REFUSED or failures > self._max_retries:
                raise failed.final
            await _wait(self._backoff(failed, failures), ledger)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def _attempt(self, request: Request, ledger: Ledger) -> _Attempt:
        pilot = await self._is_pilot(request.model)
        try:
            async with self._throttle.slot():
                return await self._metered(request, ledger, pilot)
        finally:
            if pilot:
                self._pilots[request.model].set()

    async def _is_pilot(self, model: str) -> bool:
        """Whether this is a model's first request, which goes alone.

        It finds out, at the price of one, what would fail them all: a wrong key, a parameter that the model wants
        named differently, tokens that the endpoint adds to each prompt.
        """
        if (returned := self._pilots.get(model)) is None:
            self._pilots[model] = asyncio.Event()
            return True
        if not returned.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(returned.wait(), _PILOT_SECONDS)
        return False

    async def _metered(self, request: Request, ledger: Ledger, pilot: bool) -> _Attempt:
        """Reserve the worst case, make one attempt, settle what it cost."""
        worst = self._estimator.worst_case(request)
        price = self._estimator.price_of(request.model, worst, self.provider, ledger)
        reserved = charge_for(worst, price)
        await self._pace(reserved.tokens, ledger)
        reservation = await ledger.reserve(Amount(1, reserved.tokens, reserved.usd), request.purpose)
        charge, sent = Charge(), self._clock()
        try:
            self._circuit.check()
            charge = reserved  # until we hear otherwise
            left = ledger.seconds_left()
            reply = await self._send(request, self._timeout if left is None else min(self._timeout, left), pilot)
            seconds = round(self._clock() - sent, 3)
            used = reply.usage or replace(worst, reported=False)
            charge = charge_for(used, price)
            self._estimator.learn(request, used, worst)
            self._throttle.answered()
            self._circuit.answered()
            return _Attempt(replace(reply.completion, usage=used, seconds=seconds), charge, sent)
        except AttemptFailedError as failed:
            charge = charge_for_failure(failed, worst, price)
            if failed.failure is Failure.BUSY:
                self._throttle.busy(sent, failed.retry_after)
            return _Attempt(failed, charge, sent)
        finally:
            ledger.settle(reservation, charge)
            self._throttle.correct(reserved.tokens - charge.tokens)
            self.calls += charge.calls

    async def _pace(self, tokens: int, ledger: Ledger) -> None:
        """Wait for the limits by the minute, and for as long as the endpoint asked for quiet."""
        await _wait(self._throttle.pace(tokens), ledger)
        while (pause := self._throttle.paused()) > 0:
            await _wait(pause, ledger)

    async def _send(self, request: Request, seconds: float, pilot: bool) -> Reply:
        """One attempt. An endpoint that was never heard of and stays silent is asked for a sign of life."""
        if self._circuit.alive or not pilot or seconds <= _PROBE_AFTER:
            return await self._transport.send(request, seconds)
        attempt = asyncio.ensure_future(self._transport.send(request, seconds))
        try:
            done, _ = await asyncio.wait({attempt}, timeout=_PROBE_AFTER)
            if not done:
                if await self._transport.answers(_PROBE_SECONDS):
                    self._circuit.answered()
                    self._pilots[request.model].set()
                elif not attempt.done():
                    self._circuit.give_up(f"no sign of life within {_PROBE_AFTER + _PROBE_SECONDS:g} s")
                    self._circuit.check()
            return await attempt
        finally:
            attempt.cancel()

    def _backoff(self, failed: AttemptFailedError, failures: int) -> float:
        """Seconds before the next attempt: what the endpoint asks for, or doubling, spread so that no herd forms."""
        if failed.retry_after is not None:
            return failed.retry_after + 0.1 * self._rng.random()
        doubled = min(_LONGEST_BACKOFF, _BACKOFF_SECONDS * 2.0 ** max(0, failures - 1))
        return (_UNSENT_PAUSE if failed.failure is Failure.UNSENT else doubled) * self._rng.uniform(0.5, 1.0)


async def _wait(seconds: float, ledger: Ledger) -> None:
    """Sleep, unless the deadline comes first: then there is nothing to wait for."""
    left = ledger.seconds_left()
    if left is not None and seconds >= left:
        raise ledger.out_of_time()
    if seconds > 0:
        await asyncio.sleep(seconds)
