"""Worlds in which the optimizers of arXiv 2305.03495 search, and what can be counted there."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable

from apo_ci.config import Budget, SearchSettings
from apo_ci.lm.model import Request
from apo_ci.search.loop import optimize
from apo_ci.search.result import RoundReport, SearchResult, Trial
from tests.unit.search.worlds import World, chance, wordy, world

PAPER = ("protegi", "monte_carlo", "reinforce", "autogpt")
LONG = (
    "Is the review below positive? Read all of it before you decide. Answer with Yes or No and with nothing else. "
    "Do not explain your answer.\n\nReview: {{ review }}\nLabel:"
)


def accuracy(text: str) -> float:
    """Every prompt has a worth of its own; no case moves it."""
    return 0.35 + 0.5 * chance("worth", text.rsplit("Review: ", 1)[0])


def place(
    optimizer: str,
    calls: int | None = 900,
    accuracy: Callable[[str], float] = accuracy,
    answer: Callable[[Request], str] = wordy,
    *,
    sizes: tuple[int, int, int] = (70, 60, 40),
    start: str = LONG,
    **settings: object,
) -> World:
    chosen = SearchSettings.model_validate({"optimizer": optimizer, "seed": 1, **settings})
    return world(accuracy, answer=answer, sizes=sizes, budget=Budget(calls=calls), settings=chosen, start=start, seed=1)


def search(where: World) -> tuple[SearchResult, list[RoundReport]]:
    reports: list[RoundReport] = []
    return asyncio.run(optimize(where.task, reports.append)), reports


def made(result: SearchResult) -> Counter[tuple[int, int | None]]:
    """How many candidates met dev cases, by round and parent."""
    return Counter((trial.round, trial.candidate.parent) for trial in result.history if trial.round and trial.dev_n > 0)


def kind(request: Request) -> str:
    schema = json.loads(request.response_schema or "{}")
    names = "+".join(sorted(schema.get("properties", ())))
    return "phrase" if "One phrase of it stands in tags" in request.messages[-1].content else names


def trials(result: SearchResult) -> list[Trial]:
    """The candidates that the search made."""
    return [trial for trial in result.history if trial.round]
