"""What a run spends with: one cache, one ledger, and each model opened once."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from apo_ci import config
from apo_ci.config import Budget, ModelSettings, SearchSettings
from apo_ci.lm.cache import Cache
from apo_ci.lm.cached import CachedModel
from apo_ci.lm.factory import open_model
from apo_ci.lm.ledger import Ledger


class Session:
    """Opens models on first use and closes everything at the end; requests are charged to `ledger`."""

    def __init__(self, cache: Path, budget: Budget, run: str, seed: int | None, *, replay: bool = False) -> None:
        """`run` is the run's id, under which the cache's journal remembers what was paid.

        With `replay` no model is asked: replies come from the cache, and a miss is a `ReplayMissError`.
        """
        self.run = run
        self.replay = replay
        self.ledger = Ledger(budget)
        self._seed = seed
        self.cache = Cache(cache)
        self._models: dict[ModelSettings, CachedModel] = {}

    async def model(self, settings: ModelSettings) -> CachedModel:
        """The model that `settings` describe, at the expense of the whole run."""
        if settings not in self._models:
            self._models[settings] = await open_model(
                settings,
                None if self.replay else config.api_key(settings),
                cache=self.cache,
                ledger=self.ledger,
                run=self.run,
                replay=self.replay,
            )
        return self._models[settings]

    def seeded(self, settings: SearchSettings) -> SearchSettings:
        """`settings` with the seed that the command line asked for, if it did."""
        return settings if self._seed is None else settings.model_copy(update={"seed": self._seed})

    @property
    def new_calls(self) -> int:
        """Requests that left this process."""
        return sum(model.new_calls for model in self._models.values())

    @property
    def models(self) -> dict[ModelSettings, CachedModel]:
        """The models that were opened, by their settings."""
        return dict(self._models)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for model in self._models.values():
                await model.aclose()
        finally:
            self.cache.close()
