"""The ledger never lets more leave than its caps allow, and uses what they allow."""

from __future__ import annotations

import asyncio
import random

import pytest

from apo_ci.config import Budget
from apo_ci.errors import BudgetExhaustedError
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.model import Purpose

ONE = Amount(calls=1)
PAID = Charge(calls=1, prompt_tokens=10, completion_tokens=2, usd=0.001)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_last_call_under_the_cap_is_granted_and_the_next_refused() -> None:
    ledger = Ledger(Budget(calls=2))
    for _ in range(2):
        ledger.settle(await ledger.reserve(ONE, Purpose.HEAD), PAID)
    with pytest.raises(BudgetExhaustedError, match="2 of 2 calls") as refused:
        await ledger.reserve(ONE, Purpose.HEAD)
    assert refused.value.cap == "calls"


async def test_a_budget_of_nothing_lets_nothing_leave() -> None:
    for budget in (Budget(calls=0), Budget(tokens=0), Budget(usd=0.0), Budget(seconds=0)):
        with pytest.raises(BudgetExhaustedError):
            await Ledger(budget).reserve(Amount(1, 1, 0.1), Purpose.BASE)


async def test_without_caps_everything_is_granted() -> None:
    ledger = Ledger(Budget())
    await ledger.reserve(Amount(10**9, 10**12, 10.0**9), Purpose.SEARCH)
    assert ledger.remaining(Purpose.SEARCH).calls is None
    assert ledger.seconds_left() is None


async def test_a_reservation_that_only_open_ones_block_waits_for_them() -> None:
    ledger = Ledger(Budget(tokens=100))
    first = await ledger.reserve(Amount(1, 80), Purpose.HEAD)
    second = asyncio.ensure_future(ledger.reserve(Amount(1, 80), Purpose.HEAD))
    await asyncio.sleep(0)
    assert not second.done()
    ledger.settle(first, Charge(1, 15, 5))
    ledger.settle(await second, Charge(1, 70, 10))
    assert ledger.total.tokens == 100


async def test_a_waiting_reservation_is_refused_once_it_cannot_fit() -> None:
    ledger = Ledger(Budget(tokens=100))
    first = await ledger.reserve(Amount(1, 80), Purpose.HEAD)
    second = asyncio.ensure_future(ledger.reserve(Amount(1, 80), Purpose.HEAD))
    await asyncio.sleep(0)
    ledger.settle(first, Charge(1, 70, 10))
    with pytest.raises(BudgetExhaustedError, match="tokens"):
        await second


async def test_ten_reservations_of_ten_cents_fit_into_a_dollar() -> None:
    ledger = Ledger(Budget(usd=1.0))
    for _ in range(10):
        ledger.settle(await ledger.reserve(Amount(1, 5, 0.1), Purpose.HEAD), Charge(1, 3, 2, 0.1))
    assert ledger.total.usd == 1.0
    assert ledger.remaining(Purpose.HEAD).usd == 0.0
    with pytest.raises(BudgetExhaustedError):
        await ledger.reserve(Amount(1, 5, 1e-12), Purpose.HEAD)


async def test_nothing_leaves_after_the_deadline() -> None:
    clock = Clock()
    ledger = Ledger(Budget(seconds=30), clock)
    clock.now = 29.5
    await ledger.reserve(ONE, Purpose.HEAD)
    assert ledger.seconds_left() == 0.5
    clock.now = 30
    with pytest.raises(BudgetExhaustedError) as refused:
        await ledger.reserve(ONE, Purpose.HEAD)
    assert refused.value.cap == "seconds"


async def test_a_reservation_is_settled_once() -> None:
    ledger = Ledger(Budget())
    reservation = await ledger.reserve(ONE, Purpose.HEAD)
    ledger.settle(reservation, PAID)
    with pytest.raises(ValueError, match="once"):
        ledger.settle(reservation, PAID)


async def test_each_purpose_has_its_account() -> None:
    ledger = Ledger(Budget())
    ledger.settle(await ledger.reserve(ONE, Purpose.BASE), PAID)
    ledger.settle(await ledger.reserve(ONE, Purpose.SEARCH), PAID)
    ledger.settle(await ledger.reserve(ONE, Purpose.SEARCH), PAID)
    ledger.hit(Purpose.BASE)
    assert (ledger.accounts[Purpose.BASE].calls, ledger.accounts[Purpose.BASE].cache_hits) == (1, 1)
    assert ledger.accounts[Purpose.SEARCH].prompt_tokens == 20
    assert (ledger.total.calls, ledger.total.usd, ledger.total.cache_hits) == (3, 0.003, 1)


async def test_an_earmark_is_kept_for_its_purpose() -> None:
    ledger = Ledger(Budget(calls=10))
    ledger.earmark(Purpose.CONFIRM, Amount(calls=4))
    for _ in range(6):
        ledger.settle(await ledger.reserve(ONE, Purpose.SEARCH), PAID)
    assert ledger.remaining(Purpose.SEARCH).calls == 0
    assert ledger.remaining(Purpose.CONFIRM).calls == 4
    with pytest.raises(BudgetExhaustedError):
        await ledger.reserve(ONE, Purpose.SEARCH)
    ledger.settle(await ledger.reserve(ONE, Purpose.CONFIRM), PAID)
    assert ledger.remaining(Purpose.CONFIRM).calls == 3
    ledger.release_earmark(Purpose.CONFIRM)
    assert ledger.remaining(Purpose.SEARCH).calls == 3


async def test_an_earmark_that_is_not_there_is_refused() -> None:
    ledger = Ledger(Budget(calls=3))
    with pytest.raises(BudgetExhaustedError):
        ledger.earmark(Purpose.CONFIRM, Amount(calls=4))
    assert ledger.remaining(Purpose.SEARCH).calls == 3


async def test_a_child_has_its_own_caps_and_draws_on_its_parent() -> None:
    parent = Ledger(Budget(calls=3))
    child = parent.child(Budget(calls=2))
    for _ in range(2):
        child.settle(await child.reserve(ONE, Purpose.HEAD), PAID)
    with pytest.raises(BudgetExhaustedError, match="2 of 2"):
        await child.reserve(ONE, Purpose.HEAD)
    sibling = parent.child(Budget(calls=2))
    sibling.settle(await sibling.reserve(ONE, Purpose.HEAD), PAID)
    with pytest.raises(BudgetExhaustedError, match="3 of 3"):
        await sibling.reserve(ONE, Purpose.HEAD)
    assert parent.total.calls == 3
    assert child.total.calls == 2


async def test_a_childs_earmark_binds_its_siblings() -> None:
    parent = Ledger(Budget(calls=10))
    first, second = parent.child(Budget()), parent.child(Budget())
    first.earmark(Purpose.CONFIRM, Amount(calls=3))
    second.earmark(Purpose.CONFIRM, Amount(calls=3))
    assert first.remaining(Purpose.SEARCH).calls == 4
    assert second.remaining(Purpose.CONFIRM).calls == 7


async def test_new_requests_leave_room_for_what_the_run_paid_before_it_was_interrupted() -> None:
    ledger = Ledger(Budget(calls=3))
    ledger.carry(PAID, Purpose.HEAD)
    ledger.carry(PAID, Purpose.HEAD)
    assert ledger.remaining(Purpose.HEAD).calls == 3
    ledger.settle(await ledger.reserve(ONE, Purpose.HEAD), PAID)
    with pytest.raises(BudgetExhaustedError):
        await ledger.reserve(ONE, Purpose.HEAD)
    ledger.recharge(PAID, Purpose.HEAD)
    ledger.recharge(PAID, Purpose.HEAD)
    assert ledger.total.calls == 3


async def test_what_was_carried_for_an_earmarked_purpose_is_not_set_aside_twice() -> None:
    ledger = Ledger(Budget(calls=5))
    ledger.earmark(Purpose.CONFIRM, Amount(calls=3))
    for _ in range(3):
        ledger.carry(PAID, Purpose.CONFIRM)
    for _ in range(2):
        ledger.settle(await ledger.reserve(ONE, Purpose.SEARCH), PAID)
    assert ledger.total.calls == 2


async def test_settlements_are_announced() -> None:
    seen: list[int] = []
    ledger = Ledger(Budget(), on_settled=lambda current: seen.append(current.total.calls))
    child = ledger.child(Budget())
    ledger.settle(await ledger.reserve(ONE, Purpose.HEAD), PAID)
    child.settle(await child.reserve(ONE, Purpose.HEAD), PAID)
    assert seen == [1, 2]


@pytest.mark.parametrize("seed", range(100))
async def test_no_schedule_of_reservations_overshoots_any_cap(seed: int) -> None:
    rng = random.Random(seed)
    budget = Budget(
        calls=rng.choice([None, rng.randint(0, 60)]),
        tokens=rng.choice([None, rng.randint(0, 5000)]),
        usd=rng.choice([None, rng.uniform(0, 0.5)]),
    )
    parent = Ledger(budget)
    ledgers = [parent, parent.child(Budget(calls=rng.choice([None, 20]))), parent.child(Budget(tokens=2000))]

    async def spend() -> None:
        for _ in range(rng.randint(1, 10)):
            worst = Amount(1, rng.randint(1, 400), rng.uniform(0, 0.03))
            purpose = rng.choice(list(Purpose))
            ledger = rng.choice(ledgers)
            try:
                reservation = await ledger.reserve(worst, purpose)
            except BudgetExhaustedError:
                continue
            for _ in range(rng.randint(0, 3)):
                await asyncio.sleep(0)
            used = rng.randint(0, worst.tokens)
            ledger.settle(reservation, Charge(rng.randint(0, 1), used, 0, worst.usd * rng.random()))
            assert budget.calls is None or parent.total.calls <= budget.calls
            assert budget.tokens is None or parent.total.tokens <= budget.tokens
            assert budget.usd is None or parent.total.usd <= budget.usd + 1e-12

    if rng.random() < 0.5 and parent.remaining(Purpose.CONFIRM).calls is None:
        parent.earmark(Purpose.CONFIRM, Amount(calls=1))
    await asyncio.gather(*(spend() for _ in range(rng.choice([1, 8, 64]))))
    assert ledgers[1].budget.calls is None or ledgers[1].total.calls <= 20
    assert ledgers[2].total.tokens <= 2000


async def test_what_an_earlier_process_paid_is_not_paid_now() -> None:
    ledger = Ledger(Budget(calls=5))
    ledger.carry(Charge(calls=2), Purpose.HEAD)
    ledger.recharge(Charge(calls=2), Purpose.HEAD)
    reservation = await ledger.child(Budget()).reserve(Amount(calls=1), Purpose.HEAD)
    ledger.settle(reservation, Charge(calls=1, prompt_tokens=7))
    assert (ledger.total.calls, ledger.paid) == (3, Charge(calls=1, prompt_tokens=7))


async def test_the_first_request_is_told_once_and_before_it_leaves() -> None:
    told: list[int] = []
    ledger = Ledger(Budget(calls=5))
    ledger.on_begin = lambda: told.append(ledger.total.calls)
    ledger.hit(Purpose.BASE)
    assert told == []
    for _ in range(2):
        ledger.settle(await ledger.child(Budget()).reserve(Amount(calls=1), Purpose.HEAD), Charge(calls=1))
    assert told == [0]


async def test_an_allotment_comes_on_top_of_what_is_spent_and_set_aside() -> None:
    parent = Ledger(Budget(calls=20))
    child = parent.child(Budget(calls=8))
    child.earmark(Purpose.CONFIRM, Amount(calls=3))
    for _ in range(2):
        child.settle(await child.reserve(ONE, Purpose.SEARCH), PAID)
    child.allot(Budget(calls=4))
    assert (child.remaining(Purpose.SEARCH).calls, child.remaining(Purpose.CONFIRM).calls) == (4, 7)
    assert child.budget.calls == 2 + 3 + 4
    child.allot(Budget())
    assert child.remaining(Purpose.SEARCH).calls == 20 - 2 - 3


async def test_an_allotment_of_nothing_leaves_what_is_set_aside() -> None:
    ledger = Ledger(Budget())
    ledger.earmark(Purpose.CONFIRM, Amount(1, 50, 0.2))
    ledger.allot(Budget(calls=0, tokens=0, usd=0.0))
    assert ledger.set_aside == Amount(1, 50, 0.2)
    with pytest.raises(BudgetExhaustedError):
        await ledger.reserve(Amount(1, 1, 0.1), Purpose.SEARCH)
    ledger.settle(await ledger.reserve(Amount(1, 50, 0.2), Purpose.CONFIRM), Charge(1, 40, 10, 0.2))
    assert ledger.set_aside == Amount()


async def test_the_seconds_of_an_allotment_count_from_now() -> None:
    clock = Clock()
    ledger = Ledger(Budget(seconds=5), clock)
    clock.now = 4
    ledger.allot(Budget(seconds=10))
    assert ledger.seconds_left() == 10


async def test_a_larger_allotment_lets_those_that_wait_go_on() -> None:
    ledger = Ledger(Budget(tokens=100))
    first = await ledger.reserve(Amount(1, 80), Purpose.SEARCH)
    second = asyncio.ensure_future(ledger.reserve(Amount(1, 80), Purpose.SEARCH))
    await asyncio.sleep(0)
    ledger.allot(Budget(tokens=100))
    ledger.settle(await second, PAID)
    ledger.settle(first, PAID)
    assert ledger.total.calls == 2
