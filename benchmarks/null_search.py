"""How often the search calls a prompt better in worlds where none is.

Every prompt has the same chance of a right answer to a case, and luck of its own on each: candidates differ on the dev
cases by chance alone, so there is always a lucky one to be picked, and only the confirmation stands in its way.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from apo_ci.config import Budget, SearchSettings
from apo_ci.evaluation.evaluate import Evaluation, TaskModel, evaluate
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import LabelSettings
from apo_ci.inputs.prompts import Prompt
from apo_ci.inputs.splits import Splits
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.model import Completion, Purpose, Request, Usage
from apo_ci.search.loop import optimize
from apo_ci.search.result import SearchResult
from apo_ci.search.task import SearchTask
from tests.unit.search.worlds import LABELS, START, ScribeWorld, chance, prompt, splits, wordy

HIGHEST_SHARE = 0.05
SIZES = (48, 48, 64)  # of train, dev and test: 160 cases at the default fractions
SEARCH_CALLS = 700
BASE = START.replace("positive", "a good one")
WORDING = START.partition("Review: ")[0]


@dataclass(frozen=True, slots=True)
class World:
    """A world: `ease(seed, case id)` is the chance that a prompt gets the case right; `metric` is what is compared.

    `spread` is by how much at most wordings can raise that chance: 0 in a null. One case in `rarity` is positive.
    """

    name: str
    ease: Callable[[int, str], float]
    metric: str = "accuracy"
    spread: float = 0.0
    rarity: int = 2

    def parts(self, seed: int) -> Splits:
        """The cases."""
        dealt = splits(*SIZES, seed=seed)
        return Splits(*(tuple(self._labelled(case) for case in part) for part in (dealt.train, dealt.dev, dealt.test)))

    def _labelled(self, case: Case) -> Case:
        return replace(case, target=LABELS[case.line % self.rarity != 0])


def even(seed: int, case: str) -> float:
    """All cases alike."""
    return 0.75


def uneven(seed: int, case: str) -> float:
    """A third is easy for every prompt, a tenth hopeless, and the rest anything between."""
    lot, ease = chance("lot", seed, case), chance("ease", seed, case)
    return 1.0 if lot < 1 / 3 else 0.0 if lot < 0.43 else 0.4 + 0.6 * ease


def hard(seed: int, case: str) -> float:
    """All cases alike, and room above."""
    return 0.6


NULLS = (
    World("null: cases alike, accuracy", even),
    World("null: uneven cases, accuracy", uneven),
    World("null: uneven cases, F1", uneven, "f1"),
    World("null: same, one case in six positive", uneven, "f1", rarity=6),
)
CONTRAST = World("contrast: wordings add 0 to 30 points", hard, spread=0.3)


@dataclass
class SimulatedModel:
    """A task model in memory. What it answers depends on the whole request; each request has luck of its own."""

    world: World
    cases: Sequence[Case]
    ledger: Ledger
    seed: int
    concurrency: int = 16
    provider: str = "simulated"

    def __post_init__(self) -> None:
        self._cases = {case.inputs["review"]: case for case in self.cases}

    async def complete(self, request: Request) -> Completion:
        """As in `LanguageModel`."""
        text = "\n".join(message.content for message in request.messages)
        self.ledger.settle(await self.ledger.reserve(Amount(1, 20, 0.0), request.purpose), Charge(1, 10, 1, 0.0))
        wording, asked = text.rsplit("Review: ", 1)
        case = self._cases[asked.rsplit("\n", 1)[0]]
        gain = 0.0 if wording == WORDING else self.world.spread * chance("gain", self.seed, wording)
        right = chance("answer", self.seed, text, request.replicate) < self.world.ease(self.seed, case.id) + gain
        return Completion(case.target if right else LABELS[case.target == LABELS[0]], "stop", Usage(10, 1))

    async def aclose(self) -> None:
        """Nothing to release."""


async def search(world: World, seed: int) -> SearchResult:
    """What a run does for one prompt: head and base on all cases, then the search."""
    parts = world.parts(seed)
    cases = (*parts.train, *parts.dev, *parts.test)
    ledger = Ledger(Budget(calls=2 * len(cases) + SEARCH_CALLS))
    model, settings = SimulatedModel(world, cases, ledger, seed), TaskModel("task")
    scorer = make_scorer((LabelSettings(type="label", labels=LABELS),))
    start, base = prompt(START), prompt(BASE)

    async def evaluated(version: Prompt, purpose: Purpose) -> Evaluation:
        return await evaluate(version, cases, model=model, settings=settings, scorer=scorer, purpose=purpose)

    evaluations = (await evaluated(base, Purpose.BASE), await evaluated(start, Purpose.HEAD))
    task = SearchTask(
        start=start,
        base=base,
        splits=parts,
        scorer=scorer,
        metric=make_metric(world.metric, "Yes", LABELS),
        task_model=model,
        task_settings=settings,
        proposer_model=ScribeWorld(wordy, ledger),
        proposer_settings=TaskModel("scribe"),
        ledger=ledger,
        settings=SearchSettings(seed=seed),
        evaluations=evaluations,
    )
    return await optimize(task)


@dataclass(frozen=True, slots=True)
class End:
    """What is counted of a search: its claim, whether it picked another prompt, how many prompts it tried on dev."""

    status: str
    picked: bool
    tried: int


def end_of(result: SearchResult) -> End:
    """The end of one search."""
    tried = sum(trial.dev_n > 0 for trial in result.history)
    return End(result.status, result.winner is not result.start, tried)


def main() -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400, help="of each world")
    runs = parser.parse_args().runs
    table = Table(
        "world", "runs", "picked a winner", "better", "share", "95% interval", "inconclusive", "tried", "seconds"
    )
    for world in (*NULLS, CONTRAST):
        started = time.perf_counter()
        ends = [end_of(asyncio.run(search(world, seed))) for seed in range(runs)]
        seconds = time.perf_counter() - started
        status = Counter(end.status for end in ends)
        picked = sum(end.picked for end in ends)
        tried = sum(end.tried for end in ends) / runs
        low, high = binomtest(status["better"], runs).proportion_ci(method="exact")
        table.add_row(
            world.name,
            str(runs),
            f"{picked / runs:.0%}",
            str(status["better"]),
            f"{status['better'] / runs:.2%}",
            f"{low:.2%} to {high:.2%}",
            str(status["inconclusive"]),
            f"{tried:.1f}",
            f"{seconds:.0f}",
        )
    Console(width=140).print(table)
    print(f"Target: a share of `better` of at most {HIGHEST_SHARE:.0%} in every null")


if __name__ == "__main__":
    main()
