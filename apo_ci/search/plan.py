"""What a search needs before it may begin, and how it divides what it has."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from apo_ci.errors import BudgetExhaustedError
from apo_ci.inputs.datasets import Case
from apo_ci.search.confirm import requests_needed
from apo_ci.search.entry import cost as entry_cost
from apo_ci.search.selectors import FIRST_RUNG
from apo_ci.search.spending import UNBOUNDED, Spending
from apo_ci.search.task import SearchTask

FEWEST_ARMS = 4  # a search that cannot try this many candidates on a first rung is not begun
FEWEST_TEST_CASES = 30  # with fewer, a confirmation could show nothing but huge gains
PROPOSER_SHARE = 0.15  # of the search's requests may go to the optimizer model
FEWEST_PROPOSER_CALLS = 4
FIRST_ROUND = 0.5  # of what is left goes into a round, unless an even share is more


@dataclass(frozen=True, slots=True)
class Plan:
    """The test cases of the confirmation, and what was given up for the budget's sake."""

    test: tuple[Case, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no search is begun: in a word, and in a sentence."""

    reason: str
    explanation: str


def make_plan(task: SearchTask, spending: Spending) -> Plan | Refusal:
    """Set the confirmation's quota aside; with fewer test cases where the budget is short, or not at all."""
    test, dev = task.splits.test, task.splits.dev
    floor = requests_needed(task, task.start, dev) + FEWEST_ARMS * min(FIRST_RUNG, len(dev))
    total = spending.total_left()
    cases = _fitting(task, total - floor)
    room = total - _quota(task, cases)
    if task.settings.calls is not None:
        room = min(room, task.settings.calls)
    if room < floor or len(cases) < min(FEWEST_TEST_CASES, len(test)):
        needed = floor + _quota(task, test)
        left = max(0, min(total, UNBOUNDED if task.settings.calls is None else task.settings.calls))
        return Refusal(
            "budget too small",
            f"There was no search: with its confirmation it needs about {needed:,} calls, and {left:,} were left.",
        )
    try:
        spending.set_aside(_quota(task, cases), (task.start,))
    except BudgetExhaustedError as exhausted:
        return Refusal("budget too small", f"There was no search: {exhausted.message}.")
    if len(cases) == len(test):
        return Plan(test)
    note = f"The budget allowed for {len(cases)} of the {len(test)} test cases."
    return Plan(cases, note)


def _quota(task: SearchTask, cases: tuple[Case, ...]) -> int:
    """Requests of the confirmation: the winner, and what is missing of start and base."""
    existing = requests_needed(task, task.start, cases) + requests_needed(task, task.base, cases)
    return len(cases) * task.replicates + existing


def _fitting(task: SearchTask, room: int) -> tuple[Case, ...]:
    """All test cases, or as large a random sample of them as `room` requests allow for, in file order."""
    test = task.splits.test
    if _quota(task, test) <= room:
        return test
    rng = random.Random(f"{task.settings.seed}:test")  # noqa: S311 (reproducible, no secret)
    lots = rng.sample(range(len(test)), len(test))
    number = len(test)
    while number and _quota(task, tuple(test[lot] for lot in lots[:number])) > room:
        number -= 1
    return tuple(test[lot] for lot in sorted(lots[:number]))


def round_budget(left: int, rounds_left: int) -> int:
    """The requests of the next round: half of what is left, or an even share if that is more; no crumbs remain."""
    share = max(math.ceil(left * FIRST_ROUND), math.ceil(left / max(1, rounds_left)))
    return left if left - share < FEWEST_ARMS * FIRST_RUNG else share


def rewriting_cost(slots: int, written_for: int) -> int:
    """Requests for `slots` rewritings up to the end of the entry gate, about: two to the optimizer model for each."""
    return slots * (2 + entry_cost(written_for))


def proposer_calls(budget: int) -> int:
    """How many requests of a round the optimizer model may get."""
    return max(FEWEST_PROPOSER_CALLS, int(budget * PROPOSER_SHARE))
