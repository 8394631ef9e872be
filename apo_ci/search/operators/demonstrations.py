"""The demonstrations operator: train cases put into the prompt as worked examples. It asks no model.

Which examples are shown, and in which order, moves a model's accuracy by tens of points (Lu et al. 2022, "Fantastically
ordered prompts"; Zhao et al. 2021, "Calibrate before use"), so it draws several sets and lets the selector judge. Some
sets cover what the parent fails; others are balanced, because a model tends to repeat the answer that it saw most. Sets
that did well are refreshed, and tried with fewer cases or none: they cost tokens with every call.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from apo_ci.errors import InputError
from apo_ci.evaluation.score import target_text
from apo_ci.evaluation.scorers import Scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.gradients import failures
from apo_ci.search.operators.coverage import Coverage
from apo_ci.search.operators.proposer import Growth

MAX_KINDS = 32  # more distinct targets than this are no labels, and nothing to balance
TRIES = 4  # draws for one draft before it is given up
COVERING = 2 / 3  # of a covering set are failures, the rest balances the targets

Way = Callable[[int], tuple[list[Case], str]]  # from a set size to cases, and what they are


class Demonstrations:
    """Draws sets of train cases that cover failures or are balanced; refreshes and reduces the sets that did well."""

    name = "demonstrations"

    def __init__(self, train: Sequence[Case], scorer: Scorer, size: int, longest: float):
        self._pool = tuple(case for case in train if _is_model_answer(case, scorer))
        self._by_content = {_content(case.inputs, target_text(case.target)): case for case in self._pool}
        self._ids = frozenset(case.id for case in self._pool)
        self._size = min(size, len(self._pool))
        self._longest = longest
        self._undemonstrated: set[str] = set()  # sources of prompts that were tried without examples

    def able(self, prompt: Prompt) -> bool:
        """Whether there are cases to show, and a place for them."""
        return self._size > 0 and self._within(prompt, self._pool[:1]) is not None

    def example(self, prompt: Prompt) -> Prompt | None:
        """`prompt` with the first cases of the pool: as long as candidates become; `None` where there are none."""
        return self._within(prompt, self._pool[: self._size]) if self._size else None

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """`growth.slots` drafts, fewer when the cases or the prompt do not allow for as many."""
        prompt = growth.parent.prompt
        if not prompt.demonstrations:
            self._undemonstrated.add(prompt.source)
        ways = self._ways(growth)
        drafts = (self._draft(growth, way, nth) for nth, way in enumerate(islice(cycle(ways), growth.slots)))
        return tuple(draft for draft in drafts if draft is not None)

    def _ways(self, growth: Growth) -> list[Way]:
        """The ways to come to a set, in the order in which they get their turns."""
        shown, rng = self._shown(growth), growth.rng
        used = {case.id for case in shown}
        failed = [outcome for outcome in failures(growth.minibatch, growth.threshold) if outcome.case.id in self._ids]
        fresh = list({outcome.case.id: outcome for outcome in failed if outcome.case.id not in used}.values())
        coverage = Coverage(fresh, rng)
        ways: list[Way] = [lambda size: (balanced_draw(self._pool, size, rng), "drawn")]
        if fresh:
            ways.insert(0, lambda size: (self._covering(coverage, size, rng), "drawn for what fails"))
        if not growth.parent.prompt.demonstrations:
            return ways
        if len(shown) > 1:
            ways[1:1] = [lambda size: _refreshed(shown, coverage, rng)]
        if len(shown) > 1 or self._is_new_bare(growth.parent.prompt):
            ways[1:1] = [lambda size: self._reduced(growth.parent.prompt, shown, rng)]
        turn = rng.randrange(len(ways))  # few slots must not mean the same way each time
        return [*ways[turn:], *ways[:turn]]

    def _draft(self, growth: Growth, way: Way, nth: int) -> Draft | None:
        for _ in range(TRIES):
            cases, note = way(self._length(growth, nth))
            if not cases:
                return self._bare(growth, note)
            prompt = self._within(growth.parent.prompt, cases)
            if prompt is not None:
                count = len(prompt.demonstrations)
                return Draft(prompt, growth.parent, "demonstrations", note=f"{count} train cases {note}")
        return None

    def _bare(self, growth: Growth, note: str) -> Draft:
        prompt = growth.parent.prompt.with_demonstrations(())
        self._undemonstrated.add(prompt.source)
        return Draft(prompt, growth.parent, "demonstrations", note=note)

    def _length(self, growth: Growth, nth: int) -> int:
        """The set size: as configured, and when the search has widened also half of it."""
        return max(1, self._size // 2) if growth.widened and nth % 4 >= 2 else self._size

    def _shown(self, growth: Growth) -> list[Case]:
        """The parent's demonstrations that are cases of the pool."""
        contents = (_content(inputs, target) for inputs, target in growth.parent.prompt.demonstrations)
        return [self._by_content[content] for content in contents if content in self._by_content]

    def _covering(self, coverage: Coverage, size: int, rng: random.Random) -> list[Case]:
        """Failures that stand for all of them, and cases that even out the targets."""
        return balanced_draw(self._pool, size, rng, coverage.choose(math.ceil(size * COVERING), rng))

    def _reduced(self, prompt: Prompt, shown: Sequence[Case], rng: random.Random) -> tuple[list[Case], str]:
        """Half of the parent's set in its order; none of it where that text was not tried without examples."""
        if len(shown) < 2 or self._is_new_bare(prompt):
            return [], f"without its {len(prompt.demonstrations)} examples"
        kept = sorted(rng.sample(range(len(shown)), len(shown) // 2))
        return [shown[position] for position in kept], f"kept of {len(shown)}"

    def _is_new_bare(self, prompt: Prompt) -> bool:
        """Whether the prompt's text was not tried without examples."""
        return prompt.with_demonstrations(()).source not in self._undemonstrated

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


def balanced_draw(pool: Sequence[Case], number: int, rng: random.Random, given: Sequence[Case] = ()) -> list[Case]:
    """`given` and other random cases, `number` in all and in random order.

    The others give as equal a share to every target as can be.
    """
    taken = {case.id for case in given}
    shuffled = [case for case in rng.sample(pool, len(pool)) if case.id not in taken]
    by_target: dict[str, list[Case]] = {}
    for case in shuffled:
        by_target.setdefault(target_text(case.target), []).append(case)
    wanted = max(0, min(number - len(given), len(shuffled)))
    if len(by_target) > MAX_KINDS:
        dealt = shuffled[:wanted]
    else:
        shares = Counter(target_text(case.target) for case in given)
        order = rng.sample(sorted(by_target), len(by_target))
        dealt = []
        while len(dealt) < wanted:
            target = min((kind for kind in order if by_target[kind]), key=lambda kind: shares[kind])
            shares[target] += 1
            dealt.append(by_target[target].pop())
    return rng.sample([*given, *dealt], len(given) + len(dealt))


def _refreshed(shown: Sequence[Case], coverage: Coverage, rng: random.Random) -> tuple[list[Case], str]:
    """The parent's set with one case exchanged for one that it fails, or in another order."""
    if not coverage.cases or rng.random() < 0.5:
        return rng.sample(shown, len(shown)), "in another order"
    fresh = rng.choice(coverage.cases)
    cases = list(shown)
    alike = [position for position, case in enumerate(cases) if case.target == fresh.target]
    cases[rng.choice(alike or range(len(cases)))] = fresh
    return cases, "with one that failed put in"


def _content(inputs: Mapping[str, Any], target: str) -> tuple[str, str]:
    """What a case and a demonstration of it have in common."""
    return repr(sorted(inputs.items())), target


def _is_model_answer(case: Case, scorer: Scorer) -> bool:
    """Whether the target, given as a reply, would be right; it is not where targets are patterns."""
    return scorer.score(case, target_text(case.target)).value >= 1.0
