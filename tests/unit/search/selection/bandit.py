"""Arms with known means, to hold the selectors against theory."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from apo_ci.config import SearchSettings
from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.pulls import Pulls, freeze_order
from apo_ci.search.selection.factory import make_selector
from apo_ci.search.selection.selector import Selection, Selector
from tests.unit.search.worlds import cases, prompt

ALL = ("successive_halving", "ucb", "ucb_e", "successive_rejects", "racing", "uniform")
ADAPTIVE = ALL[:-1]
MOST_ARMS, MOST_CASES = 32, 200


class Bandit:
    """Bernoulli arms; each case of each arm is drawn by itself. `asked` counts the draws, `steps` requests in turn."""

    def __init__(self, means: Sequence[float], size: int, seed: int = 0):
        draws = np.random.default_rng(seed).random((len(means), size)) < np.array(means)[:, np.newaxis]
        self._right: list[list[bool]] = draws.tolist()
        self.asked: Counter[tuple[int, str]] = Counter()
        self.steps: list[int] = []
        self.arms = [Candidate(body, n, None, "edit", None, 1) for n, body in enumerate(_prompts()[: len(means)])]
        self._outcomes = Outcomes(self.evaluate)
        order = freeze_order(_cases()[:size], {}, 1.0, random.Random(seed))
        self.pulls = Pulls(order, self._outcomes, make_metric("accuracy"))
        self._now = 0

    async def evaluate(self, arm: Candidate, wanted: Sequence[Case]) -> Evaluation:
        """The draws of `arm` for the wanted cases."""
        if self._now != self._outcomes.asked:
            self._now = self._outcomes.asked
            self.steps.append(self._now)
        self.asked.update((arm.id, case.id) for case in wanted)
        right = self._right[arm.id]
        return Evaluation(arm.prompt, tuple(Outcome(case, 0, "", _SCORES[right[case.line - 1]]) for case in wanted))

    def select(self, selector: Selector, keep: int, budget: int) -> Selection:
        """What `selector` makes of the arms."""
        return asyncio.run(selector.select(self.arms, keep, self.pulls, budget))

    def reword(self) -> None:
        """Other texts for the same arms."""
        self.arms = [replace(arm, prompt=body) for arm, body in zip(self.arms, reversed(_prompts()), strict=False)]

    def pull(self, arms: Sequence[Candidate], upto: int) -> None:
        """What an earlier round has shown."""
        asyncio.run(self.pulls.extend(arms, upto))


def selector(name: str, seed: int = 0, exploration: float = 1.0) -> Selector:
    """The selector of that name, as an optimizer without a ration of evaluations has it."""
    chosen = {"optimizer": "autogpt", "selector": name, "seed": seed, "exploration": exploration}
    return make_selector(SearchSettings.model_validate(chosen))


_SCORES = {right: Score(float(right), "") for right in (True, False)}


@cache
def _prompts() -> tuple[Prompt, ...]:
    body = prompt()
    return tuple(body.with_parts({0: f"Arm {number}"}) for number in range(MOST_ARMS))


@cache
def _cases() -> tuple[Case, ...]:
    return cases(MOST_CASES)
