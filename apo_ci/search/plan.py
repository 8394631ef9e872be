"""What a search needs before it may begin, and how it divides what it has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from apo_ci.errors import BudgetExhaustedError
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.confirm import missing
from apo_ci.search.optimizers.entry import cost as entry_cost
from apo_ci.search.seeds import generator
from apo_ci.search.selection.selector import FIRST_RUNG
from apo_ci.search.spending import UNBOUNDED, Spending
from apo_ci.search.task import SearchTask

FEWEST_ARMS = 4  # a search that cannot try this many candidates on a first rung is not begun
TOO_SMALL = "budget too small"
MOST_DEV_CASES = 2_000  # a search does not need more to tell candidates apart
FEWEST_DEV_CASES = 16
BASELINE_SHARE = 0.25  # of the budget may go into the start's own dev score
FEWEST_TEST_CASES = 30  # with fewer, a confirmation could show nothing but huge gains
PROPOSER_SHARE = 0.15  # of the search's requests may go to the optimizer model
FEWEST_PROPOSER_CALLS = 4
FIRST_ROUND = 0.5  # of what is left goes into a round, unless an even share is more


@dataclass(frozen=True, slots=True)
class Plan:
    """The dev cases to select on, the test cases of the confirmation, and what was given up for the budget's sake."""

    dev: tuple[Case, ...]
    test: tuple[Case, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no search is begun: in a word, and in a sentence."""

    reason: str
    explanation: str


def make_plan(task: SearchTask, spending: Spending, typical: Sequence[Prompt] = ()) -> Plan | Refusal:
    """Set the confirmation's quota aside; with fewer cases where the budget is short, or not at all.

    `typical` are prompts such as the search will make, to know what a request may cost.
    """
    total = spending.total_left(typical)
    dev = _affordable_dev(task, total)
    floor = len(missing(task, task.start, dev)) + FEWEST_ARMS * min(FIRST_RUNG, len(dev))
    test = _fitting(task, task.splits.test, total - floor)
    room = total - _quota(task, test)
    if task.settings.calls is not None:
        room = min(room, task.settings.calls)
    if room < floor or len(test) < min(FEWEST_TEST_CASES, len(task.splits.test)):
        return _too_small(task, floor, total)
    try:
        spending.set_aside(_quota(task, test), typical)
    except BudgetExhaustedError as exhausted:
        return Refusal(TOO_SMALL, f"There was no search: {exhausted.message}.")
    shrunk = [
        f"{len(part)} of the {len(whole)} {name} cases"
        for name, part, whole in (("dev", dev, task.splits.dev), ("test", test, task.splits.test))
        if len(part) < len(whole)
    ]
    return Plan(dev, test, f"The search used {' and '.join(shrunk)}." if shrunk else "")


def _too_small(task: SearchTask, floor: int, total: int) -> Refusal:
    needed = floor + _quota(task, task.splits.test)
    left = max(0, min(total, UNBOUNDED if task.settings.calls is None else task.settings.calls))
    return Refusal(
        TOO_SMALL,
        f"There was no search: with its confirmation it needs about {needed:,} calls, and {left:,} were left.",
    )


def _affordable_dev(task: SearchTask, total: int) -> tuple[Case, ...]:
    """The dev cases, or a random sample of them where the start's own evaluation would eat up the budget."""
    dev = sampled(task.splits.dev, MOST_DEV_CASES, task.settings.seed, "dev cases")
    most = max(FEWEST_DEV_CASES, int(total * BASELINE_SHARE))
    return dev if len(missing(task, task.start, dev)) <= most else sampled(dev, most, task.settings.seed, "fewer")


def _quota(task: SearchTask, cases: Sequence[Case]) -> int:
    """Requests of the confirmation: the winner, and what is missing of start and base."""
    prompts = [prompt for prompt in (task.start, task.base) if prompt is not None]
    existing = sum(len(missing(task, prompt, cases)) for prompt in prompts)
    return (len(cases) + existing) * task.replicates


def _fitting(task: SearchTask, test: tuple[Case, ...], room: int) -> tuple[Case, ...]:
    """All test cases, or as large a random sample of them as `room` requests allow for, in file order."""
    if not test or _quota(task, test) <= room:
        return test
    dearest = task.replicates * max(1, math.ceil(_quota(task, test) / task.replicates / len(test)))
    return sampled(test, max(0, room) // dearest, task.settings.seed, "test cases")


def sampled(cases: tuple[Case, ...], most: int, seed: int, purpose: str) -> tuple[Case, ...]:
    """`cases`, or `most` of them at random, in file order."""
    if len(cases) <= most:
        return cases
    return tuple(cases[lot] for lot in sorted(generator(seed, purpose).sample(range(len(cases)), most)))


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
