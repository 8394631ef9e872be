"""Claims of an optimizer model, held against the targets of the train cases that they speak of; without a request.

"Complaints about the battery are hardware" can be looked up where cases say `battery`: if they have that target no
more often than other cases do, nothing needs to be asked of a model. So data programming judges its labelling functions
(Ratner et al. 2016, arXiv 1605.07723). A text that names no label, or several, or speaks of no case in particular, is
no such claim.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from apo_ci.evaluation.score import target_text
from apo_ci.inputs.datasets import Case
from apo_ci.search.relevance import Relevance
from apo_ci.search.words import whole_words

LOOKED_UP = 24  # cases, at most
FEWEST = 2
MOST_UNBACKED = 2  # of the claims that no target speaks for
DOUBTFUL = -0.5  # log likelihood ratio up to which a claim does not hold
SAID_AGAIN = 0.5  # what each further answer with the same claim adds to it
REFUTED = -1.5  # a claim with less is hardly ever true, whoever says it


class Claims:
    """Looks claims about `labels` up in the cases of `relevance`."""

    def __init__(self, relevance: Relevance, labels: Sequence[str]):
        self.relevance = relevance
        self._labels = {label: whole_words(label) for label in labels}
        self._shares = {label: self._share(label) for label in labels}

    def _share(self, label: str) -> float:
        """The label's share of all cases, as far as it is neither none nor all."""
        cases = self.relevance.cases
        return (sum(self._has(case, label) for case in cases) + 1) / (len(cases) + 2)

    def holds(self, text: str, said: int = 1) -> bool | None:
        """Whether the cases that `text` speaks of have the one label that it names; `None` where it is no claim.

        Often enough, that is: a likelihood ratio against the label's share of all cases decides, and how many answers
        `said` so. What the cases refute does not hold, however many said it.
        """
        evidence = self._evidence(text)
        if evidence is None:
            return None
        return evidence > REFUTED and evidence + SAID_AGAIN * (said - 1) > DOUBTFUL

    def refutes(self, text: str) -> bool:
        """Whether the cases clearly speak against `text`."""
        evidence = self._evidence(text)
        return evidence is not None and evidence <= REFUTED

    def _evidence(self, text: str) -> float | None:
        """The log likelihood ratio of the claim that `text` makes; `None` where it makes none."""
        named = self._named(text)
        cases = self.relevance.about(text, LOOKED_UP) if len(named) == 1 else []
        if len(cases) < FEWEST:
            return None
        right = sum(self._has(case, named[0]) for case in cases)
        return _log_likelihood_ratio(right, len(cases), self._shares[named[0]])

    def _named(self, text: str) -> list[str]:
        """The labels that `text` names."""
        return [label for label, pattern in self._labels.items() if pattern.search(text)]

    def _has(self, case: Case, label: str) -> bool:
        return self._labels[label].fullmatch(target_text(case.target).strip()) is not None

    def strongest(self, texts: Sequence[str], most: int) -> list[str]:
        """At most `most` of `texts`, one for each thing that is spoken of, without those that do not hold.

        Those that hold come first, then what was said most often (self-consistency, Wang et al., arXiv 2203.11171).
        """
        said: list[list[str]] = []
        for text in texts:
            alike = next((group for group in said if self.relevance.alike(group[0], text)), None)
            said.append([text]) if alike is None else alike.append(text)
        said.sort(key=len, reverse=True)
        judged = [self._judged(group) for group in said]
        backed = [text for text, holds in judged if holds]
        others = [text for text, holds in judged if holds is None]
        return [*backed, *others[:MOST_UNBACKED]][:most]

    def _judged(self, group: Sequence[str]) -> tuple[str, bool | None]:
        """Of texts that speak of one thing, and may differ on its label, the one that most speaks for; if it holds."""
        claims: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for text in group:
            claims[tuple(self._named(text))].append(text)
        best = max(claims.values(), key=lambda texts: (self._evidence(texts[0]) or 0.0) + SAID_AGAIN * len(texts))
        return best[0], self.holds(best[0], len(best))


def _log_likelihood_ratio(right: int, number: int, share: float) -> float:
    """How much likelier `right` of `number` cases are if the claim is true than if only the label's share is at work.

    A true claim need not hold everywhere, for other claims reach into the same cases: it is taken to hold half of the
    way from the label's share of all cases to all.
    """
    holds = (1 + share) / 2
    return right * math.log(holds / share) + (number - right) * math.log((1 - holds) / (1 - share))
