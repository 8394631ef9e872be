"""2,000 evaluations through the whole stack against the bare OpenAI SDK, in turns, and from a warm cache.

The server is a process of its own and waits 50 ms before each answer. `apo-ci` renders the prompt, asks the cache,
reserves, sends, settles, stores and scores; the SDK (same transport) is handed the finished messages and sends them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import openai
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionUserMessageParam
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from apo_ci.config import Budget, ModelSettings, Parameters, Price
from apo_ci.evaluation.evaluate import TaskModel, evaluate
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import LabelSettings
from apo_ci.inputs.prompts import Prompt, parse_prompt
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import open_model
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose

CONCURRENCY = 64
LATENCY = 0.05
HIGHEST_RATIO, LOWEST_WARM_RATE = 1.35, 5_000
PROMPT = "You label product reviews. Answer only Yes or No.\n\nReview: {{ review }}\nIs the customer happy? Label:"
SDK, RAW_SDK, STACK, WARM = "bare SDK", "bare SDK, raw replies", "apo-ci, new cache", "apo-ci, warm cache"
BUDGET = Budget(calls=100_000, tokens=100_000_000, usd=1_000.0)

Conversation = list[ChatCompletionMessageParam]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds by the clock, and of this process's own computing."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Work:
    """What both sides are to do."""

    url: str
    prompt: Prompt
    cases: Sequence[Case]


def make_cases(number: int) -> tuple[Case, ...]:
    """Made-up reviews."""
    return tuple(
        Case(
            id=f"case-{index}",
            inputs={
                "review": f"The kettle stopped after {index} days, and the shop took {index * 7919 % 97} to answer."
            },
            target="No" if index % 2 else "Yes",
            line=index + 1,
        )
        for index in range(number)
    )


@contextlib.contextmanager
def server(latency: float) -> Iterator[str]:
    """The loopback server in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.integration.loopback", "--latency", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait()


async def timed(job: Awaitable[None]) -> Timing:
    """Do `job` against the clocks."""
    wall, cpu = time.perf_counter(), time.process_time()
    await job
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


async def through_the_stack(work: Work, cache: Path, run: str, *, new_calls: int) -> None:
    """Evaluate with `apo-ci`'s own parts; the cache in `cache` may be new or full."""
    settings = ModelSettings(
        name="task",
        base_url=work.url,
        concurrency=CONCURRENCY,
        price=Price(input=1, output=2),
        parameters=Parameters(temperature=0, max_tokens=8),
    )
    ledger = Ledger(BUDGET)
    with Cache(cache) as opened:
        model = await open_model(settings, SecretStr("sk-benchmark"), cache=opened, ledger=ledger, run=run)
        evaluation = await evaluate(
            work.prompt,
            work.cases,
            model=model,
            settings=TaskModel("task", settings.parameters),
            scorer=make_scorer((LabelSettings(type="label", labels=("Yes", "No")),)),
            purpose=Purpose.HEAD,
        )
        await model.aclose()
    assert sum(evaluation.values) == len(work.cases) / 2
    assert (ledger.total.calls, ledger.total.cache_hits) == (new_calls, len(work.cases) - new_calls)


async def through_the_sdk(work: Work, conversations: Sequence[Conversation], *, raw: bool) -> None:
    """The same requests with nothing around them: as many workers, and a list of replies.

    `raw` leaves out the SDK's models of responses, as `apo-ci` does, and reads their JSON.
    """
    replies: list[str | None] = []
    waiting = iter(conversations)
    async with openai.AsyncOpenAI(
        api_key="sk-benchmark", base_url=work.url, max_retries=0, http_client=openai.DefaultAioHttpClient()
    ) as client:

        async def ask() -> None:
            for messages in waiting:
                if raw:
                    create = client.chat.completions.with_raw_response.create
                    response = await create(model="task", messages=messages, temperature=0, max_tokens=8)
                    replies.append(json.loads(response.content)["choices"][0]["message"]["content"])
                else:
                    completion = await client.chat.completions.create(
                        model="task", messages=messages, temperature=0, max_tokens=8
                    )
                    replies.append(completion.choices[0].message.content)

        await asyncio.gather(*(ask() for _ in range(CONCURRENCY)))
    assert replies == ["Yes"] * len(conversations)


def conversations_of(work: Work) -> list[Conversation]:
    """The messages that the prompt makes of each case; all of them are the user's."""
    rendered = (work.prompt.render(case.inputs) for case in work.cases)
    return [
        [ChatCompletionUserMessageParam(role="user", content=message.content) for message in messages]
        for messages in rendered
    ]


async def measure(work: Work, rounds: int, folder: Path) -> dict[str, list[Timing]]:
    """All kinds in turns; the first turn of each is not counted."""
    size = len(work.cases)
    conversations = conversations_of(work)
    timings: dict[str, list[Timing]] = {name: [] for name in (SDK, RAW_SDK, STACK, WARM)}
    for turn in range(rounds + 1):
        cache = folder / f"{turn}.sqlite"
        timings[SDK].append(await timed(through_the_sdk(work, conversations, raw=False)))
        timings[STACK].append(await timed(through_the_stack(work, cache, "cold", new_calls=size)))
        timings[RAW_SDK].append(await timed(through_the_sdk(work, conversations, raw=True)))
        timings[WARM].append(await timed(through_the_stack(work, cache, "warm", new_calls=0)))
    return {name: measured[1:] for name, measured in timings.items()}


def wall(timings: Sequence[Timing]) -> float:
    """The median of seconds by the clock."""
    return median(timing.wall for timing in timings)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    number = arguments.evaluations
    with server(LATENCY) as url, tempfile.TemporaryDirectory() as folder:
        work = Work(url, parse_prompt(PROMPT, "benchmark.prompt.md"), make_cases(number))
        timings = asyncio.run(measure(work, arguments.rounds, Path(folder)))
    table = Table("", "seconds, median", "of all rounds", "computing, median", title=f"{number:,} evaluations")
    for name, measured in timings.items():
        walls = " ".join(f"{timing.wall:.2f}" for timing in measured)
        computing = median(timing.cpu for timing in measured)
        table.add_row(name, f"{wall(measured):.3f}", walls, f"{computing:.3f}")
    Console(width=120).print(table)
    ratio, rate = wall(timings[STACK]) / wall(timings[SDK]), number / wall(timings[WARM])
    print(f"apo-ci takes {ratio:.2f} times what the SDK takes (target: at most {HIGHEST_RATIO})")
    print(f"Warm cache: {rate:,.0f} evaluations a second (target: at least {LOWEST_WARM_RATE:,})")


if __name__ == "__main__":
    main()
