"""Which failures stand for all of them: a few cases that cover the kinds of failure and the words they are about.

Examples that cover what a test case is about do better than single similar ones (Levy et al. 2023, arXiv 2212.06800;
Gupta et al. 2023, arXiv 2305.14907). The objective here is facility location, which greedy choice solves to within
1 - 1/e of the optimum (Nemhauser et al. 1978); the choice here is random among what comes close to the greedy one.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.evaluation.score import target_text
from apo_ci.inputs.datasets import Case
from apo_ci.search.gradients import group_failures

MOST_FAILURES = 64  # that are compared with one another
LONGEST_INPUT = 4_000  # characters that are looked at
SAME_KIND = 0.3  # how far a failure covers one of its kind with which it shares no word; 1 is itself
NEARLY_BEST = 0.8  # of the largest gain is as good, so that choices differ
_WORD = re.compile(r"\w+")


class Coverage:
    """Failures of one prompt, and how far each of them covers the others."""

    def __init__(self, failed: Sequence[Outcome], rng: random.Random):
        """`failed` are scored outcomes of distinct cases; of very many, `MOST_FAILURES` at random are taken."""
        chosen = rng.sample(failed, MOST_FAILURES) if len(failed) > MOST_FAILURES else failed
        groups = group_failures(chosen, groups=len(chosen), size=max(1, len(chosen)), rng=rng)
        self.cases = tuple(outcome.case for group in groups for outcome in group.outcomes)
        kinds = np.array([kind for kind, group in enumerate(groups) for _ in group.outcomes], dtype=np.int64)
        alike = SAME_KIND + (1 - SAME_KIND) * _overlaps(self.cases)
        self._covers = np.where(kinds[:, None] == kinds[None, :], alike, 0.0)
        np.fill_diagonal(self._covers, 1.0)

    def choose(self, number: int, rng: random.Random) -> list[Case]:
        """At most `number` failures, each covering as much as it can of what those before it leave open."""
        covered, chosen = np.zeros(len(self.cases)), list[int]()
        for _ in range(min(number, len(self.cases))):
            gains = np.maximum(self._covers - covered, 0.0).sum(axis=1)
            gains[chosen] = -1.0
            chosen.append(rng.choice([int(at) for at in np.flatnonzero(gains >= NEARLY_BEST * gains.max())]))
            covered = np.maximum(covered, self._covers[chosen[-1]])
        return [self.cases[position] for position in chosen]


def _overlaps(cases: Sequence[Case]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The shared words of each two inputs as a share of all words of both; rare words weigh more."""
    words = [_words(case) for case in cases]
    counts = Counter(word for found in words for word in found)
    weights = {word: math.log((1 + len(cases)) / count) for word, count in counts.items()}
    totals = [sum(weights[word] for word in found) for found in words]
    overlaps = np.zeros((len(cases), len(cases)))
    for first, found in enumerate(words):
        for second in range(first):
            shared = sum(weights[word] for word in found & words[second])
            overlaps[first, second] = overlaps[second, first] = shared / (totals[first] + totals[second] - shared or 1)
    return overlaps


def _words(case: Case) -> frozenset[str]:
    text = " ".join(target_text(value) for value in case.inputs.values())
    return frozenset(_WORD.findall(text[:LONGEST_INPUT].casefold()))
