"""Claims of an optimizer model, held against the targets of the train cases that they speak of; without a request.

"Complaints about the battery are hardware" can be looked up where cases say `battery`: if they have that target no
more often than other cases do, nothing needs to be asked of a model. So data programming judges its labelling functions
(Ratner et al. 2016, arXiv 1605.07723). A text that names no label, or several, or speaks of no case in particular, is
no such claim.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from apo_ci.evaluation.score import target_text
from apo_ci.inputs.datasets import Case
from apo_ci.search.relevance import Relevance
from apo_ci.search.words import whole_words

LOOKED_UP = 24  # cases, at most
FEWEST = 2
MOST_UNBACKED = 3  # of the claims that no target speaks for


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

    def holds(self, text: str) -> bool | None:
        """Whether the cases that `text` speaks of have the one label that it names; `None` where it is no claim.

        Often enough, that is: a likelihood ratio against the label's share of all cases decides.
        """
        named = [label for label, pattern in self._labels.items() if pattern.search(text)]
        cases = self.relevance.about(text, LOOKED_UP) if len(named) == 1 else []
        if len(cases) < FEWEST:
            return None
        right = sum(self._has(case, named[0]) for case in cases)
        return _log_likelihood_ratio(right, len(cases), self._shares[named[0]]) > 0

    def _has(self, case: Case, label: str) -> bool:
        return self._labels[label].fullmatch(target_text(case.target).strip()) is not None

    def strongest(self, texts: Sequence[str], most: int) -> list[str]:
        """At most `most` of `texts`, one for each thing that is said, without those that do not hold.

        Those that hold come first, then what was said most often (self-consistency, Wang et al., arXiv 2203.11171).
        """
        said: list[list[str]] = []
        for text in texts:
            if self.holds(text) is not False:
                alike = next((group for group in said if self.relevance.alike(group[0], text)), None)
                said.append([text]) if alike is None else alike.append(text)
        said.sort(key=len, reverse=True)
        backed = [group[0] for group in said if self.holds(group[0])]
        others = [group[0] for group in said if not self.holds(group[0])]
        return [*backed, *others[:MOST_UNBACKED]][:most]


def _log_likelihood_ratio(right: int, number: int, share: float) -> float:
    """How much likelier `right` of `number` cases are if the claim is true than if only the label's share is at work.

    A true claim need not hold everywhere, for other claims reach into the same cases: it is taken to hold half of the
    way from the label's share of all cases to all.
    """
    holds = (1 + share) / 2
    return right * math.log(holds / share) + (number - right) * math.log((1 - holds) / (1 - share))
