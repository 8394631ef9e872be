"""Several searches on one budget: floors, caps, failures, and where the rest goes."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apo_ci.config import Budget, SearchSettings
from apo_ci.errors import EndpointError, InfrastructureError
from apo_ci.lm.cache import Cache
from apo_ci.lm.cached import Answer, CachedModel
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.model import Completion, LanguageModel, Purpose, Request
from apo_ci.search.loop import optimize
from apo_ci.search.result import RoundReport, SearchResult
from apo_ci.search.several import Outcome, optimize_all
from apo_ci.search.task import SearchTask
from tests.unit.search.worlds import START, World, chance, world

Accuracy = Callable[[str], float]
SIZES = (24, 24, 40)
LARGE = (48, 80, 60)


LEVEL = re.compile(r"level (\d+)")


def steadily(rate: float, text: str) -> float:
    """A model whose luck depends on the case, and on the prompt only in a tenth of the cases."""
    review = text.rsplit("Review: ", 1)[1].rsplit("\n", 1)[0]
    return min(1.0, max(0.0, 10 * (rate - chance(review)) + 0.5))


def hopeless(text: str) -> float:
    """Nothing helps."""
    return steadily(0.5, text)


def improvable(text: str) -> float:
    """Every level helps, up to a point."""
    return steadily(min(0.9, 0.3 + 0.1 * max(map(int, LEVEL.findall(text)), default=0)), text)


def perfect(text: str) -> float:
    """Nothing is left to gain."""
    return 1.0


def climber(request: Request) -> str:
    """A scribe that goes one level higher than what it is shown."""
    shown = "\n".join(message.content for message in request.messages)
    if "reasons" in (request.response_schema or ""):
        return json.dumps({"reasons": ["It could be more thorough."]})
    level = 1 + max(map(int, LEVEL.findall(shown)), default=0)
    words = ("plainly", "firmly", "calmly", "briefly", "kindly")[int(5 * chance(shown, request.replicate))]
    return json.dumps({"parts": [{"id": 1, "text": f"Say {words} if it is good, at level {level}:"}]})


@dataclass
class Run:
    """Searches for several prompts with one ledger; `reports` are what each said, in the order in which it was said."""

    ledger: Ledger
    places: list[World]
    tasks: list[SearchTask]
    reports: list[tuple[int, RoundReport]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def calls(self) -> list[int]:
        """What each prompt spent."""
        return [task.ledger.total.calls for task in self.tasks]

    def result(self, place: int) -> SearchResult:
        outcome = self.outcomes[place]
        assert isinstance(outcome, SearchResult)
        return outcome

    def rounds(self, place: int) -> int:
        return max((report.round for number, report in self.reports if number == place), default=-1)


def prepared(
    *accuracies: Accuracy,
    budget: Budget,
    clock: Callable[[], float] = lambda: 0.0,
    settings: SearchSettings | None = None,
    sizes: tuple[int, int, int] = SIZES,
    same: bool = False,
    concurrency: int = 4,
) -> Run:
    """A search for each of `accuracies`; with `same` they are all about one prompt."""
    ledger = Ledger(budget, clock=clock)
    places, tasks = [], []
    for number, accuracy in enumerate(accuracies):
        start = START if same else START.replace("positive", f"positive, by rule {number}")
        place = world(accuracy, sizes=sizes, seed=number, start=start, settings=settings, answer=climber)
        child = ledger.child(Budget())
        place.model.ledger = place.scribe.ledger = child
        place.model.concurrency = concurrency
        places.append(place)
        tasks.append(dataclasses.replace(place.task, ledger=child))
    return Run(ledger, places, tasks)


async def run(prepared: Run) -> Run:
    def teller(number: int) -> Callable[[RoundReport], None]:
        return lambda report: prepared.reports.append((number, report))

    tellers = [teller(number) for number in range(len(prepared.tasks))]
    prepared.outcomes = await optimize_all(prepared.tasks, prepared.ledger, tellers)
    return prepared


async def searched(*accuracies: Accuracy, budget: Budget, **options: object) -> Run:
    return await run(prepared(*accuracies, budget=budget, **options))  # type: ignore[arg-type]


async def test_one_search_alone_goes_as_if_nobody_could_share() -> None:
    several = prepared(improvable, budget=Budget(calls=600))
    alone = prepared(improvable, budget=Budget(calls=600))
    expected = await optimize(alone.tasks[0])
    several = await run(several)
    assert several.result(0).history == expected.history
    assert several.result(0).explanation == expected.explanation
    assert several.ledger.total == alone.ledger.total


async def test_most_of_the_budget_goes_to_the_prompt_that_can_be_improved() -> None:
    several = await searched(hopeless, improvable, hopeless, budget=Budget(calls=2400), sizes=LARGE)
    calls = several.calls
    assert sum(calls) <= 2400
    assert calls[1] > sum(calls) / 2
    assert several.result(1).status == "better"
    assert all(several.result(place).status != "better" for place in (0, 2))


async def test_every_prompt_has_its_baseline_a_round_and_its_confirmation() -> None:
    several = await searched(hopeless, improvable, improvable, budget=Budget(calls=900))
    assert all(several.rounds(place) >= 1 for place in range(3))
    for place in range(3):
        result = several.result(place)
        assert result.winner is result.start or (result.confirmation is not None and result.confirmation.n == SIZES[2])


async def test_what_a_perfect_prompt_leaves_goes_to_the_others() -> None:
    several = await searched(perfect, improvable, budget=Budget(calls=600))
    assert several.result(0).finish_reason == "perfect on dev"
    assert several.calls[0] == SIZES[1]
    assert several.calls[1] > 300 + 50


@pytest.mark.parametrize(
    "budget",
    [Budget(calls=700), Budget(tokens=9000), Budget(calls=900, tokens=8000), Budget(calls=130), Budget(calls=0)],
    ids=str,
)
async def test_no_cap_is_exceeded(budget: Budget) -> None:
    several = await searched(hopeless, improvable, improvable, budget=budget)
    total = several.ledger.total
    assert budget.calls is None or total.calls <= budget.calls
    assert budget.tokens is None or total.tokens <= budget.tokens
    assert several.ledger.set_aside.calls == 0


async def test_a_budget_that_is_too_small_for_all_is_not_lost_on_all() -> None:
    several = await searched(improvable, improvable, improvable, budget=Budget(calls=330))
    reasons = [several.result(place).finish_reason for place in range(3)]
    assert reasons[0] != "budget too small"
    assert reasons[2] == "budget too small"
    assert several.calls[2] == 0


async def test_the_same_searches_again_end_in_the_same_way() -> None:
    first, again = [await searched(hopeless, improvable, improvable, budget=Budget(calls=900)) for _ in range(2)]
    assert first.calls == again.calls
    assert [first.result(place) for place in range(3)] == [again.result(place) for place in range(3)]


async def test_searches_with_a_single_slot_take_turns_and_share_all_the_same() -> None:
    several = await searched(hopeless, improvable, hopeless, budget=Budget(calls=2400), sizes=LARGE, concurrency=1)
    order = [number for number, report in several.reports if report.round == 0]
    assert order == [0, 1, 2]
    assert several.calls[1] > sum(several.calls) / 2


async def test_two_eval_sets_of_one_prompt_are_searched_one_after_the_other() -> None:
    several = await searched(hopeless, improvable, budget=Budget(calls=700), same=True)
    assert [number for number, _ in several.reports][:4] == [0, 1, 0, 1]


async def test_without_caps_every_search_goes_to_its_own_end() -> None:
    several = await searched(hopeless, improvable, budget=Budget())
    assert {several.result(place).finish_reason for place in range(2)} <= {"complete", "stalled"}


@dataclass
class Failing:
    """A model that is gone after some requests."""

    inner: LanguageModel
    left: int
    concurrency: int = 4
    provider: str = "simulated"

    async def complete(self, request: Request) -> Completion:
        self.left -= 1
        if self.left < 0:
            raise EndpointError("the endpoint is gone")
        return await self.inner.complete(request)

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize("requests", [0, 30])
async def test_a_search_that_fails_does_not_stop_the_others(requests: int) -> None:
    several = prepared(hopeless, improvable, budget=Budget(calls=700))
    broken = Failing(several.tasks[0].task_model, requests)
    several.tasks[0] = dataclasses.replace(several.tasks[0], task_model=broken, proposer_model=broken)
    several = await run(several)
    assert isinstance(several.outcomes[0], InfrastructureError)
    assert several.result(1).status == "better"
    assert several.calls[1] > 350
    assert several.ledger.set_aside.calls == 0


@dataclass
class Clock:
    """Time that passes with every request."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Timed:
    """A model whose every request takes a second of the clock."""

    inner: LanguageModel
    clock: Clock
    ledger: Ledger
    concurrency: int = 4
    provider: str = "simulated"
    late: list[Purpose] = field(default_factory=list)

    async def complete(self, request: Request) -> Completion:
        completion = await self.inner.complete(request)
        self.clock.now += 1
        return completion

    async def aclose(self) -> None:
        pass


async def test_a_deadline_leaves_time_for_every_confirmation() -> None:
    clock = Clock()
    several = prepared(improvable, improvable, budget=Budget(seconds=900), clock=clock)
    several.tasks = [
        dataclasses.replace(
            task,
            task_model=Timed(task.task_model, clock, several.ledger),
            proposer_model=Timed(task.proposer_model, clock, several.ledger),
        )
        for task in several.tasks
    ]
    several = await run(several)
    assert clock.now <= 900
    for place in range(2):
        confirmation = several.result(place).confirmation
        assert confirmation is not None
        assert confirmation.n >= SIZES[2] / 2


@dataclass
class Jittery:
    """A model whose replies arrive in another order for every `seed`."""

    inner: LanguageModel
    rng: random.Random
    concurrency: int = 4
    provider: str = "simulated"

    async def complete(self, request: Request) -> Completion:
        completion = await self.inner.complete(request)
        for _ in range(self.rng.randrange(6)):
            await asyncio.sleep(0)
        return completion

    async def aclose(self) -> None:
        pass


async def jittered(seed: int, budget: Budget) -> Run:
    several = prepared(hopeless, improvable, improvable, budget=budget)
    rng = random.Random(seed)
    several.tasks = [
        dataclasses.replace(
            task, task_model=Jittery(task.task_model, rng), proposer_model=Jittery(task.proposer_model, rng)
        )
        for task in several.tasks
    ]
    return await run(several)


@pytest.mark.parametrize("budget", [Budget(calls=900), Budget(tokens=11_000)], ids=str)
async def test_the_order_in_which_replies_arrive_changes_nothing(budget: Budget) -> None:
    first, again = [await jittered(seed, budget) for seed in range(2)]
    assert first.calls == again.calls
    assert [first.result(place) for place in range(3)] == [again.result(place) for place in range(3)]


class KilledError(Exception):
    """The end of the process."""


@dataclass
class Mortal:
    """A source of replies that ends the process after a number of requests."""

    inner: LanguageModel
    lifetime: list[int]
    calls: int = 0
    provider: str = "simulated"
    concurrency: int = 4

    async def ask(self, request: Request, ledger: Ledger) -> Answer:
        if not self.lifetime[0]:
            raise KilledError
        self.lifetime[0] -= 1
        self.calls += 1
        reservation = await ledger.reserve(Amount(1, 20), request.purpose)
        ledger.settle(reservation, Charge(1, 10, 1))
        return Answer(await self.inner.complete(request), Charge(1, 10, 1))

    async def aclose(self) -> None:
        pass


async def from_cache(folder: Path, lifetime: int = 10**6) -> tuple[Run, int]:
    """One process's attempt at two searches, and the requests that left it."""
    several = prepared(hopeless, improvable, budget=Budget(calls=700))
    left, sources = [lifetime], []
    with Cache(folder) as store:
        for place, task in enumerate(several.tasks):
            free = Ledger(Budget())
            several.places[place].model.ledger = several.places[place].scribe.ledger = free
            sources += [Mortal(task.task_model, left), Mortal(task.proposer_model, left)]
            several.tasks[place] = dataclasses.replace(
                task,
                task_model=CachedModel(sources[-2], store, several.ledger, "run").charging(task.ledger),
                proposer_model=CachedModel(sources[-1], store, several.ledger, "run").charging(task.ledger),
            )
        await run(several)
    return several, sum(source.calls for source in sources)


@pytest.mark.parametrize("lifetime", [20, 150, 400])
async def test_killed_searches_go_on_as_if_nothing_had_happened(tmp_path: Path, lifetime: int) -> None:
    whole, calls = await from_cache(tmp_path / "whole.sqlite")
    with pytest.raises(KilledError):
        await from_cache(tmp_path / "cut.sqlite", lifetime)
    resumed, more = await from_cache(tmp_path / "cut.sqlite")
    assert [resumed.result(place) for place in range(2)] == [whole.result(place) for place in range(2)]
    assert resumed.calls == whole.calls
    assert lifetime + more == calls
