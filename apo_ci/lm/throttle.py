"""How many requests may be in flight, and how many may leave in a minute."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Bucket:
    """A token bucket: not more than `per_minute` in any 60 seconds, at most a second's worth of them at once.

    One request may be larger than the bucket; it waits for a full one, and leaves it in debt.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._capacity = max(1.0, per_minute / 60)
        self._rate = (per_minute - self._capacity + 1) / 60  # so that a full bucket and a minute's flow make one limit
        self._level = self._capacity
        self._filled = clock()

    def take(self, amount: float) -> float:
        """Take `amount` out; the seconds to wait before using it."""
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._filled) * self._rate)
        self._filled = now
        missing = min(amount, self._capacity) - self._level
        self._level -= amount
        return max(0.0, missing / self._rate)

    def give_back(self, amount: float) -> None:
        """Put back what was taken and not used."""
        self._level = min(self._capacity, self._level + amount)


class Throttle:
    """Slots for requests in flight: halved when the endpoint is busy, one more for each round that it answers.

    Additive increase, multiplicative decrease (Chiu and Jain, 1989), as TCP does it.
    """

    def __init__(
        self,
        concurrency: int,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.concurrency = concurrency
        self._clock = clock
        self._limit = float(concurrency)
        self._in_use = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._halved = clock()
        self._resume = clock()
        self._requests = Bucket(requests_per_minute, clock) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute, clock) if tokens_per_minute else None

    @property
    def limit(self) -> int:
        """How many requests may be in flight now."""
        return int(self._limit)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the slots, in the order of asking."""
        if self._in_use >= self.limit or self._queue:
            await self._turn()
        else:
            self._in_use += 1
        try:
            yield
        finally:
            self._in_use -= 1
            self._admit()

    def pace(self, tokens: int) -> float:
        """Count one request of `tokens` towards the limits by the minute; the seconds to wait before it may leave."""
        waits = [bucket.take(amount) for bucket, amount in ((self._requests, 1), (self._tokens, tokens)) if bucket]
        return max(waits, default=0.0)

    def correct(self, tokens: int) -> None:
        """Give back `tokens` of an estimate that was too high."""
        if self._tokens is not None:
            self._tokens.give_back(tokens)

    def paused(self) -> float:
        """Seconds for which the endpoint asked for quiet, from now."""
        return max(0.0, self._resume - self._clock())

    def busy(self, sent: float, retry_after: float | None) -> None:
        """Slow down after a 429 to a request that left at `sent`; one halving answers all requests of its time."""
        if retry_after is not None:
            self._resume = max(self._resume, self._clock() + retry_after)
        if sent >= self._halved:
            self._limit = max(1.0, self._limit / 2)
            self._halved = self._clock()

    def answered(self) -> None:
        """Grow a little after a reply."""
        self._limit = min(float(self.concurrency), self._limit + 1 / self._limit)
        self._admit()

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted and cancelled in the same moment
                self._in_use -= 1
            self._admit()
            raise

    def _admit(self) -> None:
        while self._queue and self._in_use < self.limit:
            turn = self._queue.popleft()
            if not turn.done():
                self._in_use += 1
                turn.set_result(None)
