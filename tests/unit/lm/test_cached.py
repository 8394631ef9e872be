"""Each request is paid for once, whoever asks, however often, and whatever is killed in between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from apo_ci.config import Budget
from apo_ci.errors import BudgetExhaustedError, EndpointError, ReplayMissError, RequestFailedError
from apo_ci.lm.cache import Cache
from apo_ci.lm.cached import CachedModel
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from apo_ci.lm.replay import Replay
from tests.unit.lm.simulated import Counting, ask_for, uncapped


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "cache") as opened:
        yield opened


async def test_the_second_time_is_free(cache: Cache) -> None:
    source, ledger = Counting(), uncapped()
    model = CachedModel(source, cache, ledger, "run")
    first = await model.complete(ask_for("a"))
    second = await model.complete(ask_for("a", purpose=Purpose.BASE))
    assert (first.text, first.cached, second.text, second.cached) == ("a", False, "a", True)
    assert (source.calls, ledger.total.calls, ledger.accounts[Purpose.BASE].cache_hits) == (1, 1, 1)


async def test_replicates_and_parameters_are_different_requests(cache: Cache) -> None:
    source = Counting()
    model = CachedModel(source, cache, uncapped(), "run")
    for request in (ask_for("a"), ask_for("a", replicate=1), ask_for("a", 9), ask_for("a", response_schema="{}")):
        await model.complete(request)
    assert source.calls == 4


async def test_equal_requests_in_flight_are_one(cache: Cache) -> None:
    source, ledger = Counting(seconds=0.01), uncapped()
    model = CachedModel(source, cache, ledger, "run")
    replies = await asyncio.gather(*(model.complete(ask_for("a")) for _ in range(50)))
    assert source.calls == 1
    assert [reply.cached for reply in replies] == [False] + [True] * 49
    assert ledger.total.cache_hits == 49


@pytest.mark.parametrize("error", [RequestFailedError("no"), EndpointError("dead")])
async def test_a_failure_is_delivered_to_all_who_wait_and_kept_for_none(cache: Cache, error: Exception) -> None:
    source = Counting(seconds=0.01)
    source.error = error
    model = CachedModel(source, cache, uncapped(), "run")
    outcomes = await asyncio.gather(*(model.complete(ask_for("a")) for _ in range(5)), return_exceptions=True)
    assert outcomes == [error] * 5
    assert source.calls == 1
    source.error = None
    assert (await model.complete(ask_for("a"))).text == "a"


async def test_the_end_of_one_share_is_not_the_end_of_another(cache: Cache) -> None:
    source, ledger = Counting(seconds=0.01), uncapped()
    model = CachedModel(source, cache, ledger, "run")
    poor = model.charging(ledger.child(Budget(calls=0)))
    first, second = await asyncio.gather(
        poor.complete(ask_for("a")), model.complete(ask_for("a")), return_exceptions=True
    )
    assert isinstance(first, BudgetExhaustedError)
    assert not isinstance(second, BaseException)


async def test_a_cut_off_reply_is_a_reply_and_a_failed_one_is_not(cache: Cache) -> None:
    source = Counting()
    model = CachedModel(source, cache, uncapped(), "run")
    for finish_reason, calls in (("length", 1), ("error", 2)):
        source.finish_reason, source.calls = finish_reason, 0
        for _ in range(2):
            await model.complete(ask_for(finish_reason))
        assert source.calls == calls


async def test_a_reply_that_is_paid_for_is_kept_though_its_caller_is_gone(cache: Cache) -> None:
    source = Counting(seconds=0.02)
    model = CachedModel(source, cache, uncapped(), "run")
    caller = asyncio.create_task(model.complete(ask_for("a")))
    await asyncio.sleep(0.005)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await model.aclose()
    assert source.closed
    assert await CachedModel(Counting(), cache, uncapped(), "run").complete(ask_for("a"))
    assert source.calls == 1


async def test_a_cap_that_depends_on_the_length_of_replies_bounds_it(cache: Cache) -> None:
    source = Counting()
    await CachedModel(source, cache, Ledger(Budget(calls=5)), "run").complete(ask_for("a", None))
    await CachedModel(source, cache, Ledger(Budget(tokens=10**6)), "run").complete(ask_for("a", None))
    assert [request.parameters.max_tokens for request in source.asked] == [None, 1024]


async def run_all(path: Path, stop_after: int, ledger: Ledger, run: str = "run") -> int:
    """A process of a run that asks for ten replies, two of them twice; how many requests left it."""
    source = Counting()
    with Cache(path) as cache:
        model = CachedModel(source, cache, ledger, run)
        for number in [*range(10), 3, 3][:stop_after]:
            await model.complete(ask_for(str(number), purpose=Purpose.BASE if number < 5 else Purpose.SEARCH))
        await model.aclose()
    return source.calls


@pytest.mark.parametrize("killed_after", range(13))
async def test_a_resumed_run_pays_for_nothing_twice_and_ends_with_the_same_ledger(
    tmp_path: Path, killed_after: int
) -> None:
    straight = uncapped()
    await run_all(tmp_path / "straight", 12, straight)
    first, second, third = uncapped(), uncapped(), uncapped()
    calls = await run_all(tmp_path / "killed", killed_after, first)
    calls += await run_all(tmp_path / "killed", 12, second)
    assert calls == 10
    assert second.accounts == straight.accounts
    assert await run_all(tmp_path / "killed", 12, third) == 0
    assert third.accounts == straight.accounts


async def test_a_resumed_run_keeps_to_its_budget_with_what_was_paid_before(tmp_path: Path) -> None:
    await run_all(tmp_path / "c", 6, Ledger(Budget(calls=8)))
    resumed = Ledger(Budget(calls=8))
    with pytest.raises(BudgetExhaustedError):
        await run_all(tmp_path / "c", 12, resumed)
    assert resumed.total.calls == 8


async def test_another_run_has_the_same_replies_for_nothing(tmp_path: Path) -> None:
    await run_all(tmp_path / "c", 12, uncapped())
    ledger = uncapped()
    assert await run_all(tmp_path / "c", 12, ledger, run="another") == 0
    assert (ledger.total.calls, ledger.total.cache_hits) == (0, 12)


async def test_a_reply_that_was_lost_after_it_was_paid_for_counts_both_times(tmp_path: Path) -> None:
    await run_all(tmp_path / "c", 12, uncapped())
    with Cache(tmp_path / "c") as cache:
        cache._db.execute("DELETE FROM replies WHERE key = ?", (ask_for("7").cache_key("counting"),))
    ledger = uncapped()
    assert await run_all(tmp_path / "c", 12, ledger) == 1
    assert ledger.total.calls == 11


async def test_replay_answers_from_the_cache_and_misses_by_name(cache: Cache) -> None:
    await CachedModel(Counting(), cache, uncapped(), "run").complete(ask_for("a"))
    model = CachedModel(Replay("counting"), cache, uncapped(), "replayed")
    assert (await model.complete(ask_for("a"))).text == "a"
    with pytest.raises(ReplayMissError, match="'never asked'"):
        await model.complete(ask_for("never asked"))
    assert model.new_calls == 0
    await model.aclose()
