"""Small worlds to search in: models that answer by a rule, in memory, at no cost but the ledger's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from apo_ci.config import Budget, SearchSettings
from apo_ci.evaluation.evaluate import Evaluation, TaskModel, evaluate
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import LabelSettings
from apo_ci.inputs.prompts import Prompt, parse_prompt
from apo_ci.inputs.splits import Splits
from apo_ci.lm.ledger import Amount, Charge, Ledger
from apo_ci.lm.model import Completion, Purpose, Request, Usage
from apo_ci.search.task import SearchTask

LABELS = ("Yes", "No")
START = "Is the review below positive?\n\nReview: {{ review }}\nLabel:"


def chance(*what: object) -> float:
    """A number in [0, 1) that follows from `what`."""
    digest = hashlib.sha256(repr(what).encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


def cases(number: int, seed: int = 0) -> tuple[Case, ...]:
    """Made-up reviews, half of them positive."""
    words = ("kettle", "lamp", "chair", "radio", "clock", "brush", "fan", "bag")
    return tuple(
        Case(
            id=f"{seed}-{index}",
            inputs={"review": f"The {words[index % 8]} number {index} of batch {seed} did {index * 7919 % 97} things"},
            target=LABELS[index % 2],
            line=index + 1,
        )
        for index in range(number)
    )


def splits(train: int, dev: int, test: int, seed: int = 0) -> Splits:
    """Cases dealt to the three splits."""
    every = cases(train + dev + test, seed)
    return Splits(every[:train], every[train : train + dev], every[train + dev :])


@dataclass
class TaskWorld:
    """A task model: `accuracy(text)` is the share of cases that it answers rightly when shown `text`.

    Which cases those are depends on the whole request, so every prompt has luck of its own. `tokens(text)` is what a
    request costs.
    """

    accuracy: Callable[[str], float]
    cases: Sequence[Case]
    ledger: Ledger
    seed: int = 0
    concurrency: int = 4
    provider: str = "simulated"
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: Callable[[str], int] = lambda text: 10

    def __post_init__(self) -> None:
        self._targets = {case.inputs["review"]: case for case in self.cases}

    async def complete(self, request: Request) -> Completion:
        text = "\n".join(message.content for message in request.messages)
        reservation = await self.ledger.reserve(Amount(1, 2 * self.tokens(text), 0.0), request.purpose)
        self.ledger.settle(reservation, Charge(1, self.tokens(text), 1, 0.0))
        case = self._targets[text.rsplit("Review: ", 1)[1].rsplit("\n", 1)[0]]
        self.asked.append((text, request.purpose))
        right = chance(self.seed, text, request.replicate) < self.accuracy(text)
        answer = case.target if right else LABELS[case.target == LABELS[0]]
        return Completion(answer, "stop", Usage(self.tokens(text), 1))

    async def aclose(self) -> None:
        pass


@dataclass
class ScribeWorld:
    """An optimizer model: `answer(request)` is its reply."""

    answer: Callable[[Request], str]
    ledger: Ledger
    concurrency: int = 4
    provider: str = "simulated"
    requests: list[Request] = field(default_factory=list)

    async def complete(self, request: Request) -> Completion:
        reservation = await self.ledger.reserve(Amount(1, 20, 0.0), request.purpose)
        self.ledger.settle(reservation, Charge(1, 10, 1, 0.0))
        self.requests.append(request)
        return Completion(self.answer(request), "stop", Usage(10, 1))

    async def aclose(self) -> None:
        pass


def wordy(request: Request) -> str:
    """A scribe that always finds something new to say, in JSON."""
    number = int(chance(request.messages, request.replicate) * 10**6)
    if "reasons" in (request.response_schema or ""):
        return json.dumps({"reasons": [f"It leaves out rule {number}.", f"It is silent on {number + 1}."]})
    return json.dumps({"parts": [{"id": 1, "text": f"Say if it is good, by rule {number}:"}]})


def prompt(text: str = START) -> Prompt:
    """A prompt of one user message."""
    return parse_prompt(text, "prompts/world.prompt.md")


@dataclass
class World:
    """A task with its models and its ledger."""

    task: SearchTask
    ledger: Ledger
    model: TaskWorld
    scribe: ScribeWorld


def world(
    accuracy: Callable[[str], float],
    *,
    answer: Callable[[Request], str] = wordy,
    sizes: tuple[int, int, int] = (24, 24, 40),
    budget: Budget | None = None,
    settings: SearchSettings | None = None,
    base: str | None = None,
    start: str = START,
    seed: int = 0,
) -> World:
    """A search task in which `accuracy` of the whole text decides how often the model is right."""
    ledger = Ledger(budget or Budget(calls=400), clock=lambda: 0.0)
    parts = splits(*sizes, seed=seed)
    model = TaskWorld(accuracy, (*parts.train, *parts.dev, *parts.test), ledger, seed)
    scribe = ScribeWorld(answer, ledger)
    task = SearchTask(
        start=prompt(start),
        base=None if base is None else prompt(base),
        splits=parts,
        scorer=make_scorer((LabelSettings(type="label", labels=LABELS),)),
        metric=make_metric("accuracy"),
        task_model=model,
        task_settings=TaskModel("task"),
        proposer_model=scribe,
        proposer_settings=TaskModel("scribe"),
        ledger=ledger,
        settings=settings or SearchSettings(seed=seed),
    )
    return World(task, ledger, model, scribe)


async def evaluated(world: World, *prompts: Prompt) -> tuple[Evaluation, ...]:
    """Evaluations of `prompts` on all cases, as the gate makes them before a search."""
    task = world.task
    every = (*task.splits.train, *task.splits.dev, *task.splits.test)
    return tuple(
        [
            await evaluate(
                one,
                every,
                model=task.task_model,
                settings=task.task_settings,
                scorer=task.scorer,
                purpose=Purpose.HEAD,
            )
            for one in prompts
        ]
    )
