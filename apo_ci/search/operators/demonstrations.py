"""The demonstrations operator: train cases put into the prompt as worked examples. It asks no model.

Which examples are shown, and in which order, moves a model's accuracy by tens of points (Lu et al. 2022, "Fantastically
ordered prompts"; Zhao et al. 2021, "Calibrate before use"), so it draws several sets and lets the selector judge.
Targets are balanced, because a model tends to repeat the answer that it saw most.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from apo_ci.errors import InputError
from apo_ci.evaluation.score import target_text
from apo_ci.evaluation.scorers import Scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.gradients import failures
from apo_ci.search.operators.proposer import Growth

MAX_KINDS = 32  # more distinct targets than this are no labels, and nothing to balance
TRIES = 4  # draws for one draft before it is given up


class Demonstrations:
    """Draws balanced sets of train cases; from round two on it also refreshes the sets that did well."""

    name = "demonstrations"

    def __init__(self, train: Sequence[Case], scorer: Scorer, size: int, longest: float):
        self._pool = tuple(case for case in train if _is_model_answer(case, scorer))
        self._size = min(size, len(self._pool))
        self._longest = longest

    def able(self, prompt: Prompt) -> bool:
        """Whether there are cases to show, and a place for them."""
        return self._size > 0 and self._within(prompt, self._pool[:1]) is not None

    def example(self, prompt: Prompt) -> Prompt | None:
        """`prompt` with the first cases of the pool: as long as candidates become; `None` where there are none."""
        return self._within(prompt, self._pool[: self._size]) if self._size else None

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """`growth.slots` drafts, fewer when the cases or the prompt do not allow for as many."""
        drafts = (self._draft(growth, nth) for nth in range(growth.slots))
        return tuple(draft for draft in drafts if draft is not None)

    def _draft(self, growth: Growth, nth: int) -> Draft | None:
        shown = self._shown(growth)
        for _ in range(TRIES):
            if len(shown) > 1 and nth % 2:
                cases, note = self._refreshed(shown, growth)
            else:
                cases, note = balanced_draw(self._pool, self._length(growth, nth), growth.rng), "drawn"
            prompt = self._within(growth.parent.prompt, cases)
            if prompt is not None:
                count = len(prompt.demonstrations)
                return Draft(prompt, growth.parent, "demonstrations", note=f"{count} train cases {note}")
        return None

    def _length(self, growth: Growth, nth: int) -> int:
        """The set size: as configured, and when the search has widened also half of it."""
        return max(1, self._size // 2) if growth.widened and nth % 4 == 2 else self._size

    def _shown(self, growth: Growth) -> list[Case]:
        wanted = [(dict(inputs), target) for inputs, target in growth.parent.prompt.demonstrations]
        by_content = [((dict(case.inputs), target_text(case.target)), case) for case in self._pool]
        return [case for content in wanted for key, case in by_content if key == content][: len(wanted)]

    def _refreshed(self, shown: Sequence[Case], growth: Growth) -> tuple[list[Case], str]:
        """The parent's set with one case exchanged for one that it fails, or in another order."""
        used = {case.id for case in shown}
        failed = [outcome.case for outcome in failures(growth.minibatch) if outcome.case.id not in used]
        usable = [case for case in failed if case in self._pool]
        if not usable or growth.rng.random() < 0.5:
            return growth.rng.sample(shown, len(shown)), "in another order"
        fresh = growth.rng.choice(usable)
        cases = list(shown)
        alike = [position for position, case in enumerate(cases) if case.target == fresh.target]
        cases[growth.rng.choice(alike or range(len(cases)))] = fresh
        return cases, "with one that failed put in"

    def _within(self, prompt: Prompt, cases: Sequence[Case]) -> Prompt | None:
        """`prompt` with as many of `cases` as its length allows; `None` when it takes none."""
        for number in range(len(cases), 0, -1):
            examples = [(case.inputs, target_text(case.target)) for case in cases[:number]]
            try:
                shown = prompt.with_demonstrations(examples)
            except InputError:
                continue
            if len(shown.body) <= self._longest:
                return shown
        return None


def balanced_draw(pool: Sequence[Case], number: int, rng: random.Random) -> list[Case]:
    """`number` random cases in random order, with as equal a share of every target as can be."""
    shuffled = rng.sample(pool, len(pool))
    by_target: dict[str, list[Case]] = {}
    for case in shuffled:
        by_target.setdefault(target_text(case.target), []).append(case)
    if len(by_target) > MAX_KINDS:
        return shuffled[:number]
    kinds = rng.sample(sorted(by_target), len(by_target))
    dealt: list[Case] = []
    while len(dealt) < min(number, len(pool)):
        dealt += [by_target[kind].pop() for kind in kinds if by_target[kind]]
    return rng.sample(dealt[:number], min(number, len(dealt)))


def _is_model_answer(case: Case, scorer: Scorer) -> bool:
    """Whether the target, given as a reply, would be right; it is not where targets are patterns."""
    return scorer.score(case, target_text(case.target)).value >= 1.0
