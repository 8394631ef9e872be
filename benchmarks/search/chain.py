"""A search's wall time against its chain of dependent calls, with a server that takes 200 ms for each answer.

python -m benchmarks.search.chain --seeds 0:5

What is measured. Each request is watched where the search asks for it, from the question to the answer; cached ones
are left out. First the search runs with more concurrency than it can use (1,024), so that a request waits for nothing
but what it depends on. The *chain* is the longest row of requests there of which each was asked after the one before
had been answered: as many answers must be waited for one after the other, whatever the concurrency. Requests that were
asked between two ends of the chain are a *phase*. At 32 at once, a phase of n requests takes at least ceil(n / 32)
times the latency; the sum over the phases is the *throughput bound*. Then the same search runs at concurrency 32, which
does not change what it asks, and its wall time is compared with both: from the first line of the search to its result,
with the opening of its cache and its connections.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from apo_ci.lm.model import Completion, LanguageModel, Request
from benchmarks.search.__main__ import numbers
from benchmarks.search.methods import METHODS, OWN, settings_of
from benchmarks.search.searching import Searched, search
from benchmarks.search.server import Server
from benchmarks.search.simulated import problem_of
from benchmarks.search.world import World, make_world

LATENCY, CONCURRENCY, UNBOUNDED = 0.2, 32, 1024
HIGHEST_RATIO = 1.5


@dataclass(frozen=True, slots=True)
class Span:
    """A request's time, in seconds: when it was asked, and when it was answered."""

    asked: float
    answered: float


@dataclass
class Watch:
    """Times the requests that leave through any of its models."""

    spans: list[Span] = field(default_factory=list)

    def over(self, model: LanguageModel) -> LanguageModel:
        """`model`, watched."""
        return _Watched(model, self.spans)


@dataclass
class _Watched:
    inner: LanguageModel
    spans: list[Span]

    @property
    def provider(self) -> str:
        return self.inner.provider

    @property
    def concurrency(self) -> int:
        return self.inner.concurrency

    async def complete(self, request: Request) -> Completion:
        asked = time.perf_counter()
        completion = await self.inner.complete(request)
        if not completion.cached:
            self.spans.append(Span(asked, time.perf_counter()))
        return completion

    async def aclose(self) -> None:
        await self.inner.aclose()


def phases(spans: Sequence[Span]) -> list[int]:
    """The requests of each phase; there are as many phases as the chain has links.

    Taking the request that is answered first, again and again, of those asked after the one before was answered,
    gives a longest chain (interval scheduling: Kleinberg and Tardos, Algorithm Design, section 4.1).
    """
    ends: list[float] = []
    for span in sorted(spans, key=lambda span: span.answered):
        if not ends or span.asked >= ends[-1]:
            ends.append(span.answered)
    counts = Counter(bisect_right(ends, span.asked) for span in spans)
    return [counts[link] for link in range(len(ends))]


def bound(phases: Sequence[int], concurrency: int) -> int:
    """Latencies that the phases take at least."""
    return sum(math.ceil(size / concurrency) for size in phases)


@dataclass(frozen=True, slots=True)
class Timing:
    """A world's search: its phases, and its wall time at the concurrency that is measured."""

    seed: int
    phases: tuple[int, ...]
    seconds: float
    latency: float
    concurrency: int

    @property
    def chain(self) -> float:
        """Seconds of the chain of dependent calls."""
        return len(self.phases) * self.latency

    @property
    def bound(self) -> float:
        """Seconds of the throughput bound."""
        return bound(self.phases, self.concurrency) * self.latency


def time_search(world: World, server: Server, method: str, budget: int, latency: float) -> Timing:
    """Search twice: unbounded for the chain, bounded for the clock."""
    watch = Watch()
    unbounded = _search(world, server, method, budget, UNBOUNDED, watch)
    bounded = _search(world, server, method, budget, CONCURRENCY, Watch())
    same = unbounded.result.winner.prompt.source == bounded.result.winner.prompt.source
    if not same or unbounded.calls != bounded.calls:
        raise SystemExit(f"world {world.seed}: the search took another way at another concurrency")
    return Timing(world.seed, tuple(phases(watch.spans)), bounded.seconds, latency, CONCURRENCY)


def _search(world: World, server: Server, method: str, budget: int, concurrency: int, watch: Watch) -> Searched:
    server.reset()
    settings = settings_of(METHODS[method], world.seed).model_dump(exclude_unset=True)
    problem = problem_of(world, server.url, concurrency)
    return asyncio.run(search(problem, settings, budget, seam=watch.over))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:5")
    parser.add_argument("--method", default=OWN, choices=[name for name in METHODS if METHODS[name].package is None])
    parser.add_argument("--budget", type=int, default=1500)
    parser.add_argument("--latency", type=float, default=LATENCY)
    arguments = parser.parse_args()
    timings = []
    table = Table("world", "calls", "chain", "chain, s", "throughput bound, s", "wall, s", "to chain", "to bound")
    for seed in numbers(arguments.seeds):
        world = make_world(seed)
        with Server(world, latency=arguments.latency) as server:
            timing = time_search(world, server, arguments.method, arguments.budget, arguments.latency)
        timings.append(timing)
        table.add_row(
            str(seed),
            str(sum(timing.phases)),
            str(len(timing.phases)),
            f"{timing.chain:.1f}",
            f"{timing.bound:.1f}",
            f"{timing.seconds:.1f}",
            f"{timing.seconds / timing.chain:.2f}",
            f"{timing.seconds / timing.bound:.2f}",
        )
    Console(width=120).print(table)
    to_chain = max(timing.seconds / timing.chain for timing in timings)
    to_bound = max(timing.seconds / timing.bound for timing in timings)
    print(f"Target: at most {HIGHEST_RATIO}. Highest: {to_chain:.2f} to the chain, {to_bound:.2f} to the bound")


if __name__ == "__main__":
    main()
