"""Which cases a text speaks of: those that share its rare words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from apo_ci.evaluation.score import target_text
from apo_ci.inputs.datasets import Case

LONGEST_INPUT = 4_000  # characters of a case that are looked at
COMMON = 0.25  # a word that more of the cases have says nothing about any of them
LEAST = 3.5  # weight of the words in common: by chance, a case has such words in e^-3.5 = 3% of all draws
CLOSE = 0.6  # of the best case's weight makes a case one of those that the text speaks of
SAME = 0.5  # of the rare words of two texts in common: they speak of the same
_WORD = re.compile(r"\w+")


class Relevance:
    """An index of cases by their words, weighed by inverse document frequency (Sparck Jones 1972)."""

    def __init__(self, cases: Sequence[Case]):
        self._cases = tuple(cases)
        self._words = [_words(" ".join(target_text(value) for value in case.inputs.values())) for case in cases]
        counts = Counter(word for found in self._words for word in found)
        self._weights = {
            word: math.log(len(cases) / count) for word, count in counts.items() if count <= COMMON * len(cases)
        }

    def about(self, text: str, most: int) -> list[Case]:
        """At most `most` cases, those first that share most with `text`; none where only common words are shared."""
        asked = self.rare(text)
        scores = [sum(self._weights[word] for word in asked & found) for found in self._words]
        least = max(LEAST, CLOSE * max(scores, default=0.0))
        close = [at for at, score in enumerate(scores) if score >= least]
        return [self._cases[at] for at in sorted(close, key=lambda at: -scores[at])[:most]]

    def alike(self, one: str, other: str) -> bool:
        """Whether two texts share most of their rare words, or most of all their words where they have none."""
        mine, theirs = self.rare(one), self.rare(other)
        if not mine and not theirs:
            mine, theirs = _words(one), _words(other)
        return len(mine & theirs) > SAME * len(mine | theirs)

    def rare(self, text: str) -> frozenset[str]:
        """The words of `text` that some of the cases have, and not most."""
        return _words(text) & self._weights.keys()


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text[:LONGEST_INPUT].casefold()))
