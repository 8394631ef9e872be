"""Every attempt is reserved and charged; what can be tried again is, and what cannot stops at once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from apo_ci.config import Budget
from apo_ci.errors import (
    AuthenticationError,
    BudgetExhaustedError,
    EndpointError,
    InfrastructureError,
    PriceUnknownError,
    RequestFailedError,
)
from apo_ci.lm.failures import AttemptFailedError, Failure
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.metered import MeteredModel
from apo_ci.lm.model import Completion, Request, Usage
from apo_ci.lm.openai_client import Reply
from apo_ci.lm.throttle import Throttle
from tests.unit.lm.simulated import PRICE, Simulated, ask_for, fault, metered, uncapped
from tests.unit.lm.virtual_time import run_virtually, virtual_clock


def failing(*failures: AttemptFailedError) -> Callable[[int, Request], Any]:
    """Fails as told, then answers."""
    return lambda number, _: failures[number] if number < len(failures) else "Yes"


async def ask(transport: Simulated, ledger: Ledger, **settings: Any) -> Completion:
    model = metered(transport, clock=virtual_clock, **settings)
    return (await model.ask(ask_for("a"), ledger)).completion


def asked(transport: Simulated, **settings: Any) -> Ledger:
    """The ledger after one request in virtual time."""

    async def main() -> Ledger:
        ledger = Ledger(Budget(), virtual_clock)
        await ask(transport, ledger, **settings)
        return ledger

    return run_virtually(main())


def test_a_reply_is_charged_what_it_reports() -> None:
    total = asked(Simulated(lambda *_: Reply(Completion("Yes", "stop", Usage(30, 2)), Usage(30, 2)))).total
    assert (total.calls, total.prompt_tokens, total.completion_tokens, total.usd) == (1, 30, 2, 50e-6)


def test_a_reply_without_usage_is_charged_its_worst_case() -> None:
    total = asked(Simulated(lambda *_: Reply(Completion("Yes", "stop", Usage()), None))).total
    assert (total.prompt_tokens, total.completion_tokens) == (1 + 64 + 16, 8)


@pytest.mark.parametrize(
    ("failure", "calls", "tokens"),
    [(Failure.BUSY, 3, 2), (Failure.UNSENT, 1, 2), (Failure.ADAPTED, 3, 2), (Failure.BROKEN, 3, 2 + 2 * 89)],
)
def test_a_retry_is_charged_what_may_have_been_billed(failure: Failure, calls: int, tokens: int) -> None:
    total = asked(Simulated(failing(fault(failure), fault(failure)))).total
    assert (total.calls, total.tokens) == (calls, tokens)


def test_a_failure_that_reports_its_usage_is_charged_that() -> None:
    total = asked(Simulated(failing(fault(Failure.BROKEN, usage=Usage(5, 1))))).total
    assert total.tokens == 6 + 2


@pytest.mark.parametrize("failure", [Failure.BUSY, Failure.BROKEN])
def test_a_request_fails_for_good_after_its_retries(failure: Failure) -> None:
    transport = Simulated(lambda *_: fault(failure))
    with pytest.raises(RequestFailedError, match="simulated"):
        asked(transport, max_retries=3)
    assert len(transport.requests) == 4


def test_what_was_refused_is_not_asked_again() -> None:
    transport = Simulated(lambda *_: fault(Failure.REFUSED))
    with pytest.raises(RequestFailedError):
        asked(transport)
    assert len(transport.requests) == 1


def test_a_text_that_cannot_be_sent_costs_nothing() -> None:
    transport, ledger = Simulated(), uncapped()
    with pytest.raises(RequestFailedError, match="surrogate"):
        run_virtually(metered(transport).ask(ask_for("half \ud83d"), ledger))
    assert (transport.requests, ledger.total.calls) == ([], 0)


def test_a_wrong_key_stops_every_request_after_a_single_call() -> None:
    transport = Simulated(lambda *_: AttemptFailedError(Failure.FATAL, AuthenticationError("wrong key")), seconds=0.1)

    async def main() -> list[Any]:
        model, ledger = metered(transport, 64, clock=virtual_clock), uncapped()
        requests = (model.ask(ask_for(str(number)), ledger) for number in range(100))
        return await asyncio.gather(*requests, return_exceptions=True)

    assert {type(outcome) for outcome in run_virtually(main())} == {AuthenticationError}
    assert len(transport.requests) == 1


def test_retry_after_is_waited_for() -> None:
    async def main() -> float:
        await ask(Simulated(failing(fault(Failure.BUSY, retry_after=30.0))), uncapped())
        return virtual_clock()

    assert 30 <= run_virtually(main()) < 31


def test_a_wait_of_hours_stops_the_run_at_once() -> None:
    transport = Simulated(lambda *_: fault(Failure.BUSY, retry_after=3600.0))

    async def main() -> float:
        with pytest.raises(EndpointError, match="to wait for 3,600 s"):
            await ask(transport, uncapped())
        return virtual_clock()

    assert run_virtually(main()) == 0
    assert len(transport.requests) == 1


def test_retries_wait_longer_each_time() -> None:
    times: list[float] = []

    def note(number: int, _: Request) -> Any:
        times.append(virtual_clock())
        return fault(Failure.BROKEN) if number < 4 else "Yes"

    asked(Simulated(note))
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(0.25 * 2**number <= pause <= 0.5 * 2**number for number, pause in enumerate(pauses))


@pytest.mark.parametrize("concurrency", [1, 16, 64])
@pytest.mark.parametrize("failure", [Failure.UNSENT, Failure.BROKEN])
def test_a_dead_endpoint_is_given_up_within_fifteen_seconds(failure: Failure, concurrency: int) -> None:
    transport = Simulated(lambda *_: fault(failure))

    async def main() -> tuple[list[Any], float]:
        model = metered(transport, concurrency, clock=virtual_clock)
        requests = iter(range(1000))

        async def work() -> Exception:
            for number in requests:
                try:
                    await model.ask(ask_for(str(number)), uncapped())
                except RequestFailedError:
                    continue
                except InfrastructureError as exc:
                    return exc
            raise AssertionError("all requests failed one by one")

        return await asyncio.gather(*(work() for _ in range(concurrency))), virtual_clock()

    outcomes, seconds = run_virtually(main())
    assert {type(outcome) for outcome in outcomes} == {EndpointError}
    assert "Check base_url" in str(outcomes[0])
    assert seconds < 15


def test_an_endpoint_that_was_never_heard_of_and_stays_silent_is_given_up_within_fifteen_seconds() -> None:
    transport = Simulated(seconds=10_000)
    transport.alive = False

    async def main() -> float:
        with pytest.raises(EndpointError, match="no sign of life"):
            await ask(transport, uncapped())
        return virtual_clock()

    assert run_virtually(main()) < 15


def test_no_other_request_is_lost_in_an_endpoint_that_stays_silent() -> None:
    transport = Simulated(seconds=10_000)
    transport.alive = False

    async def main() -> tuple[list[Any], float]:
        model = metered(transport, 64, clock=virtual_clock)
        requests = (model.ask(ask_for(str(number)), uncapped()) for number in range(64))
        return await asyncio.gather(*requests, return_exceptions=True), virtual_clock()

    outcomes, seconds = run_virtually(main())
    assert {type(outcome) for outcome in outcomes} == {EndpointError}
    assert len(transport.requests) == 1
    assert seconds < 15


def test_a_slow_endpoint_that_gives_a_sign_of_life_is_waited_for() -> None:
    asked(Simulated(seconds=50))


def test_one_request_that_hangs_is_no_dead_endpoint() -> None:
    def behave(number: int, request: Request) -> Any:
        return fault(Failure.BROKEN) if request.messages[-1].content == "poison" else "Yes"

    async def main() -> None:
        model = metered(Simulated(behave, seconds=20), 1, clock=virtual_clock)
        await model.ask(ask_for("a"), uncapped())
        with pytest.raises(RequestFailedError):
            await model.ask(ask_for("poison"), uncapped())
        await model.ask(ask_for("b"), uncapped())

    run_virtually(main())


def test_an_endpoint_that_comes_up_after_some_seconds_is_not_dead() -> None:
    def behave(*_: Any) -> Any:
        return fault(Failure.UNSENT) if virtual_clock() < 6 else "Yes"

    assert asked(Simulated(behave)).total.calls == 1


def test_the_deadline_cuts_a_request_short() -> None:
    given: list[float] = []

    class Noting(Simulated):
        async def send(self, request: Request, seconds: float) -> Reply:
            given.append(seconds)
            await asyncio.sleep(seconds)
            raise fault(Failure.BROKEN)

    async def main() -> float:
        with pytest.raises(BudgetExhaustedError) as exhausted:
            await ask(Noting(), Ledger(Budget(seconds=25), virtual_clock), timeout_seconds=10.0)
        assert exhausted.value.cap == "seconds"
        return virtual_clock()

    assert run_virtually(main()) == 25
    assert given[0] == 10
    assert given[-1] < 10


def test_a_pause_that_outlasts_the_deadline_is_not_begun() -> None:
    async def main() -> float:
        with pytest.raises(BudgetExhaustedError):
            await ask(
                Simulated(lambda *_: fault(Failure.BUSY, retry_after=60.0)), Ledger(Budget(seconds=30), virtual_clock)
            )
        return virtual_clock()

    assert run_virtually(main()) == 0


def test_a_cap_in_dollars_needs_a_price() -> None:
    model = MeteredModel(transport := Simulated(), Throttle(1), lambda *_: None)
    with pytest.raises(PriceUnknownError, match=r"the price of m at simulated is not known[^$]*model\.price"):
        run_virtually(model.ask(ask_for("a"), Ledger(Budget(usd=1), lambda: 0.0)))
    assert transport.requests == []


def test_the_first_request_of_a_model_goes_alone() -> None:
    most = 0

    async def main() -> None:
        nonlocal most
        transport = Simulated(seconds=1)
        model = metered(transport, 8, clock=virtual_clock)
        running = [asyncio.create_task(model.ask(ask_for(str(number)), uncapped())) for number in range(8)]
        await asyncio.sleep(0.5)
        assert len(transport.requests) == 1
        await asyncio.sleep(1)
        assert len(transport.requests) == 8
        await asyncio.gather(*running)

    run_virtually(main())


def test_a_slow_first_request_does_not_hold_up_the_others() -> None:
    async def main() -> float:
        model = metered(Simulated(seconds=40), 8, clock=virtual_clock)
        await asyncio.gather(*(model.ask(ask_for(str(number)), uncapped()) for number in range(8)))
        return virtual_clock()

    assert run_virtually(main()) == 46


def test_tokens_that_an_endpoint_adds_to_each_prompt_are_learnt_from_its_first_reply() -> None:
    hidden = Usage(5000, 1)
    transport = Simulated(lambda *_: Reply(Completion("Yes", "stop", hidden), hidden))

    async def main() -> Ledger:
        ledger = Ledger(Budget(tokens=22_000), virtual_clock)
        model = metered(transport, 64, clock=virtual_clock)
        await asyncio.gather(*(model.ask(ask_for(str(n)), ledger) for n in range(64)), return_exceptions=True)
        return ledger

    assert run_virtually(main()).total.tokens == 4 * 5001


class Hostile(Simulated):
    """Answers late, wrongly or not at all, bills what it may, and checks at every arrival that it may be asked."""

    def __init__(self, rng: random.Random, budget: Budget, trouble: float) -> None:
        super().__init__()
        self.rng, self.budget, self.trouble = rng, budget, trouble
        self.calls = self.tokens = 0
        self.usd = 0.0

    async def send(self, request: Request, seconds: float) -> Reply:
        failure = self.rng.choice(list(Failure)[:5]) if self.rng.random() < self.trouble else None
        if failure is Failure.UNSENT:
            raise fault(failure)
        self.calls += 1
        assert self.budget.calls is None or self.calls <= self.budget.calls
        assert self.budget.seconds is None or virtual_clock() < self.budget.seconds
        bound = len(request.messages[-1].content.encode()) + 64 + 16
        usage = Usage(self.rng.randint(0, bound), self.rng.randint(0, request.parameters.max_tokens or 1024))
        if failure in (None, Failure.BROKEN):
            self._bill(usage)
        await asyncio.sleep(delay := self.rng.choice([0, self.rng.random(), 2 * seconds]))
        if failure is not None or delay > seconds:
            retry_after = self.rng.choice([None, self.rng.uniform(0, 3)])
            raise fault(failure or Failure.BROKEN, retry_after=retry_after)
        return Reply(Completion("Yes", "stop", usage), usage if self.rng.random() < 0.9 else None)

    def _bill(self, usage: Usage) -> None:
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        self.usd += (usage.prompt_tokens * PRICE.input + usage.completion_tokens * PRICE.output) / 1e6
        assert self.budget.tokens is None or self.tokens <= self.budget.tokens
        assert self.budget.usd is None or self.usd <= self.budget.usd + 1e-12


async def spend(seed: int) -> tuple[Hostile, Ledger]:
    """A run at random: caps, concurrency, retries, faults, cancelled callers."""
    rng = random.Random(seed)
    budget = Budget(
        calls=rng.choice([None, rng.randint(0, 80)]),
        tokens=rng.choice([None, rng.randint(0, 8000)]),
        usd=rng.choice([None, rng.uniform(0, 0.02)]),
        seconds=rng.choice([None, rng.uniform(0, 60)]),
    )
    concurrency = rng.choice([1, 2, 7, 32, 256])
    server = Hostile(rng, budget, trouble=rng.choice([0.0, 0.1, 0.5]))
    ledger = Ledger(budget, virtual_clock)
    model = MeteredModel(
        server,
        Throttle(concurrency, rng.choice([None, 600]), rng.choice([None, 20_000]), virtual_clock),
        lambda *_: PRICE,
        timeout_seconds=rng.choice([0.5, 5.0]),
        max_retries=rng.randint(0, 4),
        clock=virtual_clock,
        rng=rng,
    )
    requests = iter(ask_for("x" * rng.randint(0, 200), rng.randint(1, 50)) for _ in range(rng.randint(1, 150)))

    async def work() -> None:
        for request in requests:
            with contextlib.suppress(RequestFailedError, BudgetExhaustedError, EndpointError, TimeoutError):
                await asyncio.wait_for(model.ask(request, ledger), rng.choice([None, None, None, 1.0]))

    await asyncio.gather(*(work() for _ in range(concurrency)))
    return server, ledger


@pytest.mark.parametrize("first_seed", range(0, 600, 50))
def test_no_cap_is_overshot_in_any_schedule(first_seed: int) -> None:
    for seed in range(first_seed, first_seed + 50):
        server, ledger = run_virtually(spend(seed))
        assert ledger.total.calls == server.calls, seed
        assert ledger.total.tokens >= server.tokens, seed
        assert ledger.total.usd >= server.usd - 1e-12, seed
        assert ledger._reserved == (0, 0, 0), seed


def test_a_budget_that_suffices_is_used_to_the_end() -> None:
    """Worst cases are far above what requests cost here; they hold nobody back for long."""

    async def main() -> Ledger:
        ledger = Ledger(Budget(tokens=1000), virtual_clock)
        model = metered(Simulated(seconds=1), 64, clock=virtual_clock)
        await asyncio.gather(*(model.ask(ask_for("a"), ledger) for _ in range(400)))
        return ledger

    assert run_virtually(main()).total.calls == 400


def answered(transport: Simulated) -> Completion:
    """The reply to one request in virtual time."""

    async def main() -> Completion:
        return await ask(transport, Ledger(Budget(), virtual_clock))

    return run_virtually(main())


def test_a_reply_knows_how_long_its_own_attempt_took() -> None:
    transport = Simulated(failing(fault(Failure.BUSY, retry_after=7.0)), seconds=0.25)
    assert answered(transport).seconds == 0.25


def test_a_bound_in_place_of_usage_is_not_passed_off_as_reported() -> None:
    bound = answered(Simulated(lambda *_: Reply(Completion("Yes", "stop", Usage()), None)))
    told = answered(Simulated(lambda *_: Reply(Completion("Yes", "stop", Usage(3, 2)), Usage(3, 2))))
    assert (bound.usage.reported, told.usage.reported) == (False, True)
