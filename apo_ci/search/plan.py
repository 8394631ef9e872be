"""What a search needs before it may begin, and how it divides what it has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from apo_ci.errors import BudgetExhaustedError
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.confirm import missing
from apo_ci.search.seeds import generator
from apo_ci.search.selection.selector import FIRST_RUNG
from apo_ci.search.spending import NO_SPARE, UNBOUNDED, Spare, Spending
from apo_ci.search.task import SearchTask

FEWEST_ARMS = 4  # a search that cannot try this many candidates on a first rung is not begun
TOO_SMALL = "budget too small"
UNITS = {"tokens": "tokens", "usd": "dollars", "seconds": "seconds"}  # of caps that are not in calls
MOST_DEV_CASES = 2_000  # a search does not need more to tell candidates apart
FEWEST_DEV_CASES = 48
BASELINE_SHARE = 0.04  # of the budget may go into the start's own dev score: every candidate that is kept costs as much
FEWEST_TEST_CASES = 30  # with fewer, a confirmation could show nothing but huge gains
TRIM_SHARE = 0.1  # of the search's requests may be kept for trimming: the last tenth of a search brings little
MOST_TRIM_ROUNDS = 4  # times the dev cases, at most, however large the budget
UNCAPPED_ROUND = 1_000  # requests of a round where no cap says how many there may be
ROUND_SHARE = 0.2  # of what is left goes into a round, unless an even share is more


@dataclass(frozen=True, slots=True)
class Plan:
    """The dev cases to select on, the test cases of the confirmation, and what was given up for the budget's sake.

    `spare` are the requests that are kept for trimming.
    """

    dev: tuple[Case, ...]
    test: tuple[Case, ...]
    note: str = ""
    spare: Spare = NO_SPARE


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
        return _too_small(task, floor, total, spending.tightest_cap(typical))
    spare = _spare(task, room, room - floor, len(dev), len(test))
    try:
        spending.set_aside(_quota(task, test), typical, spare)
    except BudgetExhaustedError as exhausted:
        return Refusal(TOO_SMALL, f"There was no search: {exhausted.message}.")
    shrunk = [
        f"{len(part)} of the {len(whole)} {name} cases"
        for name, part, whole in (("dev", dev, task.splits.dev), ("test", test, task.splits.test))
        if len(part) < len(whole)
    ]
    return Plan(dev, test, f"The search used {' and '.join(shrunk)}." if shrunk else "", spare)


def _too_small(task: SearchTask, floor: int, total: int, cap: str) -> Refusal:
    """What is needed and what there is, in calls; `cap` is the one that is tightest."""
    own = task.settings.calls
    if own is not None and own < floor:
        return Refusal(
            TOO_SMALL,
            f"There was no search: before its confirmation it needs about {floor:,} calls, and search.calls allows "
            f"it {own:,}.",
        )
    needed, left = floor + _quota(task, task.splits.test), max(0, total)
    leaves = f"{left:,} were left: raise the budget"
    if cap in UNITS:
        leaves = f"the budget of {UNITS[cap]} leaves about {left:,}"
    text = f"There was no search: with its confirmation it needs about {needed:,} calls, and {leaves}."
    return Refusal(TOO_SMALL, text)


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


def _spare(task: SearchTask, room: int, free: int, dev: int, test: int) -> Spare:
    """What is kept for trimming: a share of the search's `room`, or nothing where that is too little to trim with.

    Too little is less than the trimmed prompt's own confirmation and one pass over dev. `free` is what the search could
    do without. The confirmation comes first: its quota is no part of `room`.
    """
    again = test * task.replicates
    share = min(int(room * TRIM_SHARE), again + MOST_TRIM_ROUNDS * dev, free)
    enough = task.settings.trim and share >= again + dev
    return Spare(share, share - again) if enough else NO_SPARE


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
    """The requests of the next round: a share of what is left, or an even one if that is more; no crumbs remain."""
    if left >= UNBOUNDED:
        return UNCAPPED_ROUND
    share = max(math.ceil(left * ROUND_SHARE), math.ceil(left / max(1, rounds_left)))
    return left if left - share < FEWEST_ARMS * FIRST_RUNG else share
