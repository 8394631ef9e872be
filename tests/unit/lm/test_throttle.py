"""The throttle keeps to what the endpoint can take, and to what was set."""

from __future__ import annotations

import asyncio

import pytest

from apo_ci.lm.throttle import Bucket, Throttle
from tests.unit.lm.virtual_time import run_virtually, virtual_clock


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_no_more_than_the_limit_are_in_flight_and_they_come_in_order() -> None:
    throttle, running, most, order = Throttle(3), 0, 0, list[int]()

    async def work(number: int) -> None:
        nonlocal running, most
        async with throttle.slot():
            running += 1
            most = max(most, running)
            order.append(number)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(work(number) for number in range(20)))
    assert (most, order) == (3, list(range(20)))


async def test_a_cancelled_waiter_takes_no_slot() -> None:
    throttle = Throttle(1)
    async with throttle.slot():
        waiters = [asyncio.create_task(throttle.slot().__aenter__()) for _ in range(3)]
        await asyncio.sleep(0)
        waiters[0].cancel()
        await asyncio.sleep(0)
    await asyncio.wait_for(waiters[1], 1)
    waiters[2].cancel()
    waiters[1].cancel()
    await asyncio.gather(*waiters, return_exceptions=True)


async def test_a_waiter_that_is_cancelled_as_it_is_admitted_gives_the_slot_back() -> None:
    throttle = Throttle(1)
    async with throttle.slot():
        waiter = asyncio.create_task(throttle.slot().__aenter__())
        await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    async with asyncio.timeout(1), throttle.slot():
        pass


def test_busy_answers_of_one_time_halve_the_limit_once() -> None:
    clock = Clock()
    throttle = Throttle(64, clock=clock)
    clock.now = 1.0
    for _ in range(64):
        throttle.busy(0.5, None)
    assert throttle.limit == 32
    for _ in range(10):
        clock.now += 1
        throttle.busy(clock.now, None)
    assert throttle.limit == 1


def test_replies_raise_the_limit_by_one_a_round() -> None:
    throttle = Throttle(64)
    throttle.busy(float("inf"), None)
    for _ in range(33):
        throttle.answered()
    assert throttle.limit == 33
    for _ in range(10_000):
        throttle.answered()
    assert throttle.limit == 64


def test_retry_after_asks_everyone_for_quiet() -> None:
    clock = Clock()
    throttle = Throttle(4, clock=clock)
    throttle.busy(0.0, 7.0)
    clock.now = 2.0
    assert throttle.paused() == 5.0
    clock.now = 8.0
    assert throttle.paused() == 0.0


@pytest.mark.parametrize("per_minute", [1, 2, 10, 60, 90, 600])
def test_no_minute_sees_more_than_its_limit(per_minute: int) -> None:
    async def leave_at_once() -> list[float]:
        bucket, times = Bucket(per_minute, virtual_clock), list[float]()

        async def leave() -> None:
            await asyncio.sleep(bucket.take(1))
            times.append(virtual_clock())

        await asyncio.gather(*(leave() for _ in range(per_minute * 3)))
        return times

    times = run_virtually(leave_at_once())
    busiest = max(sum(start <= time < start + 60 - 1e-6 for time in times) for start in times[::7])
    assert busiest <= per_minute
    assert times[-1] < 60 * 3.2 + 60 / per_minute


def test_a_request_larger_than_the_bucket_waits_for_a_full_one_and_leaves_debt() -> None:
    clock = Clock()
    bucket = Bucket(600, clock)
    assert bucket.take(300) == 0.0
    assert bucket.take(1) == pytest.approx(291 / (591 / 60))
    bucket.give_back(10_000)
    assert bucket.take(10) == 0.0


def test_requests_and_tokens_by_the_minute_both_count() -> None:
    clock = Clock()
    throttle = Throttle(8, requests_per_minute=60, tokens_per_minute=6000, clock=clock)
    assert throttle.pace(100) == 0.0
    assert throttle.pace(100) > 0.9
    throttle.correct(100)
    assert Throttle(8).pace(10**9) == 0.0
