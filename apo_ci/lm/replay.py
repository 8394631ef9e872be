"""A source that has nothing: with it, every reply comes from the cache, and a miss is an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from apo_ci.errors import ReplayMissError
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Request


@dataclass(frozen=True, slots=True)
class Replay:
    """Stands where the endpoint stood when the cache was filled; `provider` is that endpoint's."""

    provider: str
    concurrency: int = 1
    calls: int = 0

    async def ask(self, request: Request, ledger: Ledger) -> NoReturn:
        """Raise `ReplayMissError`."""
        last = request.messages[-1].content if request.messages else ""
        raise ReplayMissError(
            f"the cache has no reply of {request.model} ({self.provider}) to {last[-60:]!r}",
            cure="Fill the cache by a run with the real provider and the same prompts, cases and parameters.",
        )

    async def aclose(self) -> None:
        """Nothing to release."""
