"""Caps against what a real server sees, with faults injected, at concurrency 1 to 256."""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from apo_ci.config import Budget, ModelSettings, Parameters, Price
from apo_ci.evaluation.evaluate import TaskModel, evaluate
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import LabelSettings
from apo_ci.inputs.prompts import parse_prompt
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import open_model
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from tests.integration.loopback import Fault, Kind, Loopback

CONCURRENCIES = (1, 8, 64, 256)
CASES = 400
PRICE = Price(input=1_000, output=2_000)
FULL = {"calls": 400.0, "tokens": 20_000.0, "usd": 25.0, "seconds": 2.0}  # about what all cases would take
SHARES = (0.05, 0.3, 0.7)
FAULT_SHARE = 0.2
TRAVEL = 0.02  # seconds that a request may need from leaving in time to its arrival
KINDS = tuple(kind for kind in get_args(Kind) if kind != "hang")
PROMPT = parse_prompt("Is it positive?\n\nReview: {{ review }}\nLabel:", "benchmark.prompt.md")


@dataclass(frozen=True, slots=True)
class Seen:
    """What arrived at the server in one evaluation."""

    calls: int
    tokens: int
    usd: float
    seconds: float


def make_fault(rng: random.Random) -> Fault | None:
    """One of the faults, or none, for the next request."""
    if rng.random() >= FAULT_SHARE:
        return None
    return Fault(rng.choice(KINDS), retry_after=rng.choice((None, "0")))


async def spend(url: str, budget: Budget, concurrency: int, folder: Path) -> tuple[Ledger, float]:
    """Evaluate until the cases or the budget are at an end; the ledger, and when its time began."""
    parameters = Parameters(temperature=0, max_tokens=8)
    settings = ModelSettings(
        name="task", base_url=url, concurrency=concurrency, price=PRICE, parameters=parameters, max_retries=2
    )
    cases = [Case(id=str(number), inputs={"review": f"Number {number}."}, target="Yes") for number in range(CASES)]
    ledger, started = Ledger(budget), time.monotonic()
    with Cache(folder / "cache.sqlite") as cache:
        model = await open_model(settings, SecretStr("sk-benchmark"), cache=cache, ledger=ledger, run="run")
        await evaluate(
            PROMPT,
            cases,
            model=model,
            settings=TaskModel("task", parameters),
            scorer=make_scorer((LabelSettings(type="label", labels=("Yes", "No")),)),
            purpose=Purpose.HEAD,
        )
        await model.aclose()
    return ledger, started


def observe(caps: dict[str, Any], concurrency: int, seed: int) -> tuple[Seen, Ledger]:
    """Spend under `caps` against a server of its own; what it saw, and what the ledger says."""
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        Loopback(latency=lambda _: rng.uniform(0, 0.02), fault=lambda *_: make_fault(rng)) as server,
    ):
        ledger, started = asyncio.run(spend(server.url, Budget(**caps), concurrency, Path(folder)))
        usd = (server.prompt_tokens * PRICE.input + server.completion_tokens * PRICE.output) / 1e6
        last = max(server.arrivals, default=started) - started
        return Seen(server.calls, server.tokens, usd, last), ledger


def main() -> None:
    """Spend and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    table = Table("cap", "concurrency", "the cap: the server saw (the ledger says), at three sizes of it")
    overshoots = runs = 0
    for name, full in FULL.items():
        for concurrency in CONCURRENCIES:
            words = []
            for share in SHARES:
                cap = int(full * share) if name in ("calls", "tokens") else full * share
                seen, ledger = observe({name: cap}, concurrency, seed + runs)
                value = getattr(seen, name)
                says = ledger.seconds if name == "seconds" else getattr(ledger.total, name)
                overshoots += value > cap + (TRAVEL if name == "seconds" else 1e-9)
                runs += 1
                words.append(f"{cap:,.6g}: {value:,.5g} ({says:,.5g})")
            table.add_row(name, str(concurrency), "   ".join(words))
    Console(width=120).print(table)
    print(f"{overshoots} overshoots in {runs} evaluations, one request in {1 / FAULT_SHARE:.0f} with a fault")


if __name__ == "__main__":
    main()
