"""What makes a search pointless before it begins: whatever it found could not be shown, or would mean nothing."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.evaluation.score import target_text
from apo_ci.inputs.datasets import Case
from apo_ci.search.plan import TOO_SMALL, Refusal
from apo_ci.search.task import SearchTask
from apo_ci.search.writing.wording import one_line, shorten

LONGEST_TARGET = 60  # characters that are shown
NO_SCORE = Refusal("no dev score", "There was no search: the start prompt has no score on the dev cases.")
SPENT = Refusal(
    TOO_SMALL, "There was no search: the budget ended before the start prompt had a score on the dev cases."
)


def refusal_of(task: SearchTask) -> Refusal | None:
    """Why there is nothing to search for; `None` when there may be."""
    if not task.settings.enabled or task.settings.rounds == 0:
        return Refusal("switched off", "The search is switched off.")
    return _of_sizes(task) or _of_targets(task)


def fewest_to_confirm(confidence: float) -> int:
    """Test cases without which no gain is ever confirmed: even if all of them were mended, the test would not show it.

    The smallest two-sided p value of n pairs is 2^(1 - n), by the exact McNemar test as by sign flips.
    """
    number = 1
    while 2.0 ** (1 - number) >= 1 - confidence:
        number += 1
    return number


def _of_sizes(task: SearchTask) -> Refusal | None:
    for name, cases in (("dev", task.splits.dev), ("test", task.splits.test)):
        if not cases:
            text = f"There was no search: the {name} split has no cases. Add cases, or give rows this `split`."
            return Refusal(f"no {name} cases", text)
    number, fewest = len(task.splits.test), fewest_to_confirm(task.confidence)
    if number >= fewest:
        return None
    few = "the one test case is" if number == 1 else f"{number} test cases are"
    text = f"There was no search: {few} too few to confirm any gain. It takes {fewest} at least, better 100: add cases."
    return Refusal("too few test cases", text)


def _of_targets(task: SearchTask) -> Refusal | None:
    """With one target, the best prompt is one that always says it, and nobody wants that."""
    splits = task.splits
    every = (*splits.train, *splits.dev, *splits.test)
    for name, cases in (("cases", every), ("dev cases", splits.dev), ("test cases", splits.test)):
        target = _single_target(cases)
        if target is not None and task.scorer.score(cases[0], target).value >= 1:
            return Refusal(
                "one target only",
                f"There was no search: all {len(cases):,} {name} have the target {_shown(target)}, so a prompt that "
                "always gives it would score best. Add cases with other targets.",
            )
    return None


def _single_target(cases: Sequence[Case]) -> str | None:
    """The target of all `cases`, of which there are at least two."""
    if len(cases) < 2:
        return None
    first = target_text(cases[0].target)
    return first if all(_folded(case) == _folded(cases[0]) for case in cases) else None


def _folded(case: Case) -> str:
    return one_line(target_text(case.target)).casefold()


def _shown(target: str) -> str:
    return f"“{shorten(one_line(target), LONGEST_TARGET)}”"
