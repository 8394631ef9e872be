"""How often the best of 16 arms is found: against the papers' own algorithms, and against uniform allocation.

One arm is right on 75% of the cases and 15 on 55%, with 20 pulls for each arm on average. Rates of finding the best in
300 repetitions, the papers' algorithms in brackets: successive halving 0.74 (0.62), UCB 0.74 (0.73), UCB-E
0.78 (0.62), successive rejects 0.79 (0.80), racing 0.71 (0.51), uniform 0.55 (0.52).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from tests.unit.search.selection import textbook
from tests.unit.search.selection.bandit import ADAPTIVE, ALL, Bandit, selector

REPETITIONS = 300
MEANS = (0.75, *[0.55] * 15)
BUDGET = 320
STANDARD_ERROR = math.sqrt(2 * 0.25 / REPETITIONS)  # of the difference of two rates, at most


@cache
def rate_of(name: str) -> float:
    """How often the selector finds the best arm, wherever it stands."""
    found = 0
    for seed in range(REPETITIONS):
        means = np.random.default_rng([seed, 1]).permutation(MEANS).tolist()
        best = Bandit(means, 200, seed).select(selector(name, seed), 1, BUDGET).kept[0].id
        found += means[best] == max(MEANS)
    return found / REPETITIONS


@cache
def textbook_rate_of(name: str) -> float:
    """How often the paper's algorithm finds it."""
    algorithm = textbook.ALGORITHMS[name]
    return sum(algorithm(textbook.Draws(MEANS, seed), BUDGET) == 0 for seed in range(REPETITIONS)) / REPETITIONS


@pytest.mark.parametrize("name", ALL)
def test_the_best_arm_is_found_as_often_as_the_textbook_algorithm_finds_it(name: str) -> None:
    assert rate_of(name) > textbook_rate_of(name) - 2 * STANDARD_ERROR


@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_selection_finds_the_best_arm_more_often_than_uniform_allocation(name: str) -> None:
    assert rate_of(name) > rate_of("uniform") + 2 * STANDARD_ERROR


def test_successive_rejects_misses_the_best_arm_no_more_often_than_its_paper_proves() -> None:
    """Theorem 2: with a chance of at most K (K - 1) / 2 * exp(-(n - K) / (log K * H2))."""
    hardness, log = 4 / 0.5**2, 0.5 + 1 / 2 + 1 / 3 + 1 / 4
    bound = 6 * math.exp(-(120 - 4) / (log * hardness))
    assert missed("successive_rejects", (0.9, 0.4, 0.4, 0.4), 120) <= bound < 0.07


def test_successive_halving_misses_the_best_arm_no_more_often_than_its_paper_proves() -> None:
    """Theorem 4.1: with a chance of at most 3 * log2 K * exp(-n / (8 * H2 * log2 K))."""
    bound = 6 * math.exp(-600 / (8 * 4 / 0.7**2 * 2))
    assert missed("successive_halving", (0.95, 0.25, 0.25, 0.25), 600) <= bound < 0.07


def missed(name: str, means: Sequence[float], budget: int) -> float:
    """How often the selector does not find the first arm to be the best."""
    kept = [Bandit(means, 200, seed).select(selector(name, seed), 1, budget).kept[0] for seed in range(200)]
    return sum(arm.id != 0 for arm in kept) / len(kept)
