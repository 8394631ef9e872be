"""Which cases a text speaks of: those that share its rare words."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from apo_ci.evaluation.score import target_text
from apo_ci.inputs.datasets import Case
from apo_ci.search.words import distinct_words

LONGEST_INPUT = 4_000  # characters of a case that are looked at
COMMON = 0.25  # a word that more of the cases have says nothing about any of them
LEAST = 3.5  # weight of the words in common: by chance, a case has such words in e^-3.5 = 3% of all draws
CLOSE = 0.6  # of the best case's weight makes a case one of those that the text speaks of
SAME = 0.5  # of the rare words of two texts in common: they speak of the same


class Relevance:
    """An inverted index of cases by their rare words, weighed by inverse document frequency (Sparck Jones 1972)."""

    def __init__(self, cases: Sequence[Case]):
        self.cases = tuple(cases)
        found: defaultdict[str, list[int]] = defaultdict(list)
        for at, case in enumerate(self.cases):
            for word in _words(" ".join(target_text(value) for value in case.inputs.values())):
                found[word].append(at)
        most = COMMON * len(self.cases)
        self._having = {word: positions for word, positions in found.items() if len(positions) <= most}

    def about(self, text: str, most: int) -> list[Case]:
        """At most `most` cases, those first that share most with `text`; none where only common words are shared."""
        scores: defaultdict[int, float] = defaultdict(float)
        for word in sorted(self.rare(text)):  # sums in one order: cases with the same words in common are equals
            weight = math.log(len(self.cases) / len(self._having[word]))
            for at in self._having[word]:
                scores[at] += weight
        least = max(LEAST, CLOSE * max(scores.values(), default=0.0))
        close = [at for at, score in scores.items() if score >= least]
        return [self.cases[at] for at in sorted(close, key=lambda at: (-scores[at], at))[:most]]

    def alike(self, one: str, other: str) -> bool:
        """Whether two texts share most of their rare words, or most of all their words where they have none."""
        mine, theirs = self.rare(one), self.rare(other)
        if not mine and not theirs:
            mine, theirs = _words(one), _words(other)
        return len(mine & theirs) > SAME * len(mine | theirs)

    def rare(self, text: str) -> frozenset[str]:
        """The words of `text` that some of the cases have, and not most."""
        return frozenset(word for word in _words(text) if word in self._having)


def _words(text: str) -> frozenset[str]:
    return distinct_words(text[:LONGEST_INPUT])
