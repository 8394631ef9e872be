"""The outermost model: replies from the cache, equal requests in flight made one, payments in the run's journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

from apo_ci.errors import BudgetExhaustedError
from apo_ci.lm.cache import Cache
from apo_ci.lm.estimate import DEFAULT_MAX_TOKENS
from apo_ci.lm.journal import Payment
from apo_ci.lm.ledger import Charge, Ledger
from apo_ci.lm.model import Completion, Request

_GRACE_SECONDS = 5.0  # what replies that are paid for get to arrive when the run ends
_NO_REPLY = frozenset({"error"})  # finish reasons that are failures of the service, by OpenRouter's API


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and what it cost, failed attempts included."""

    completion: Completion
    charge: Charge


class Source(Protocol):
    """Where replies come from that the cache lacks; errors as in `LanguageModel.complete`."""

    @property
    def provider(self) -> str: ...
    @property
    def concurrency(self) -> int: ...
    @property
    def calls(self) -> int:
        """Requests that have left this process so far."""
        ...

    async def ask(self, request: Request, ledger: Ledger) -> Answer:
        """Answer `request` at the expense of `ledger`."""
        ...

    async def aclose(self) -> None: ...


class CachedModel:
    """A `LanguageModel` that pays once for each request; `ledger` pays, the journal of `run` remembers."""

    def __init__(self, inner: Source, cache: Cache, ledger: Ledger, run: str) -> None:
        self._inner = inner
        self._cache = cache
        self._ledger = ledger
        self._journal = cache.journal(run)
        self._journal.resume(ledger)
        self._in_flight: dict[str, asyncio.Task[Completion]] = {}

    def charging(self, ledger: Ledger) -> CachedModel:
        """The same model, its cache, connections and limits, at the expense of another ledger (a child's)."""
        other = CachedModel(self._inner, self._cache, ledger, self._journal.run)
        other._in_flight = self._in_flight
        return other

    @property
    def provider(self) -> str:
        """As in `LanguageModel`."""
        return self._inner.provider

    @property
    def concurrency(self) -> int:
        """As in `LanguageModel`."""
        return self._inner.concurrency

    @property
    def new_calls(self) -> int:
        """Requests that left this process: 0 when everything came from the cache."""
        return self._inner.calls

    async def complete(self, request: Request) -> Completion:
        """As in `LanguageModel`."""
        request = self._bounded(request)
        key = request.cache_key(self.provider)
        while (other := self._in_flight.get(key)) is not None:
            try:
                completion = await asyncio.shield(other)
            except BudgetExhaustedError:
                continue  # the other's share is spent, perhaps not ours
            self._ledger.hit(request.purpose)
            return replace(completion, cached=True)
        found = self._cache.get(key)
        if found is not None:
            self._account_for(key, request)
            return found
        task = asyncio.create_task(self._pay_for(key, request))
        self._in_flight[key] = task
        # Whoever waits may be cancelled; the reply is being paid for, and will be kept.
        return await asyncio.shield(task)

    def key_of(self, request: Request) -> str:
        """The key under which the cache keeps the reply to `request`."""
        return self._bounded(request).cache_key(self.provider)

    async def aclose(self) -> None:
        """Let the replies that are paid for arrive, for a few seconds; then close the connections."""
        tasks = list(self._in_flight.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._inner.aclose()

    def _bounded(self, request: Request) -> Request:
        """`request` with a length for its reply, where the budget must know the worst case."""
        if request.parameters.max_tokens is not None or not self._ledger.bounds_tokens:
            return request
        return replace(request, parameters=request.parameters.model_copy(update={"max_tokens": DEFAULT_MAX_TOKENS}))

    def _account_for(self, key: str, request: Request) -> None:
        paid = self._journal.claim(key)
        if paid is None:
            self._ledger.hit(request.purpose)
        else:
            self._ledger.recharge(paid.charge, paid.purpose)

    async def _pay_for(self, key: str, request: Request) -> Completion:
        try:
            answer = await self._inner.ask(request, self._ledger)
            completion, charge, purpose = answer.completion, answer.charge, request.purpose
            if completion.finish_reason in _NO_REPLY:
                return completion
            before = self._journal.claim(key)  # paid before, and the reply since lost
            if before is not None:
                self._ledger.recharge(before.charge, before.purpose)
                charge, purpose = before.charge + charge, before.purpose
            return self._cache.put(key, completion, self.provider, self._journal.run, Payment(purpose, charge))
        finally:
            del self._in_flight[key]
