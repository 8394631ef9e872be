"""A search that was killed goes on where it stopped, pays for nothing twice, and comes to the same end."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest

from apo_ci.config import Budget
from apo_ci.errors import EndpointError
from apo_ci.lm.cache import Cache
from apo_ci.lm.cached import Answer, CachedModel
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.model import LanguageModel, Request
from apo_ci.search.loop import optimize
from apo_ci.search.result import SearchResult
from tests.unit.search.worlds import world

CALLS = 300


@dataclass
class Mortal:
    """A source of replies that is gone after a number of requests."""

    inner: LanguageModel
    lifetime: int
    calls: int = 0
    provider: str = "simulated"
    concurrency: int = 4

    async def ask(self, request: Request, ledger: Ledger) -> Answer:
        if self.calls >= self.lifetime:
            raise EndpointError("killed")
        self.calls += 1
        reservation = await ledger.reserve(Amount(1, 20), request.purpose)
        ledger.settle(reservation, Charge(1, 10, 1))
        return Answer(await self.inner.complete(request), Charge(1, 10, 1))

    async def aclose(self) -> None:
        pass


def run(cache: Path, lifetime: int = 10**6) -> tuple[SearchResult, Ledger, int]:
    """One process's attempt at the search; its result, its ledger, and the requests that left."""
    place = world(lambda text: 0.9 if text.count("Label:") > 1 else 0.5, budget=Budget())
    ledger = Ledger(Budget(calls=CALLS), clock=lambda: 0.0)
    task_source, scribe_source = Mortal(place.model, lifetime), Mortal(place.scribe, lifetime)
    with Cache(cache) as store:
        task_model = CachedModel(task_source, store, ledger, "run")
        scribe = CachedModel(scribe_source, store, ledger, "run")
        task = dataclasses.replace(place.task, ledger=ledger, task_model=task_model, proposer_model=scribe)
        result = asyncio.run(optimize(task))
    return result, ledger, task_source.calls + scribe_source.calls


@pytest.mark.parametrize("lifetime", [10, 60, 150])
def test_a_killed_search_ends_as_if_nothing_had_happened(tmp_path: Path, lifetime: int) -> None:
    whole, ledger, calls = run(tmp_path / "whole.sqlite")
    with pytest.raises(EndpointError):
        run(tmp_path / "cut.sqlite", lifetime)
    resumed, ledger_after, calls_after = run(tmp_path / "cut.sqlite")
    assert [(trial.candidate.prompt.source, trial.dev_score, trial.fate) for trial in resumed.history] == [
        (trial.candidate.prompt.source, trial.dev_score, trial.fate) for trial in whole.history
    ]
    assert resumed.explanation == whole.explanation
    assert ledger_after.total.calls == ledger.total.calls <= CALLS
    assert calls_after <= calls - lifetime


def test_a_finished_search_is_repeated_for_nothing(tmp_path: Path) -> None:
    first, ledger, _ = run(tmp_path / "cache.sqlite")
    again, ledger_again, calls = run(tmp_path / "cache.sqlite")
    assert calls == 0
    assert again.explanation == first.explanation
    assert ledger_again.accounts == ledger.accounts
