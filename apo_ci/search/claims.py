"""Claims of an optimizer model, held against the targets of the train cases that they speak of; without a request.

"Complaints about the battery are hardware" can be looked up where cases say `battery`: if most of them have another
target, nothing needs to be asked of a model. So data programming judges its labelling functions (Ratner et al. 2016,
arXiv 1605.07723). A text that names no label, or several, or speaks of no case in particular, is no such claim.
"""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.evaluation.score import target_text
from apo_ci.search.relevance import Relevance
from apo_ci.search.words import whole_words

LOOKED_UP = 24  # cases, at most
FEWEST = 2
MOSTLY = 0.5  # of the cases that a claim speaks of must have its label


class Claims:
    """Looks claims about `labels` up in the cases of `relevance`."""

    def __init__(self, relevance: Relevance, labels: Sequence[str]):
        self.relevance = relevance
        self._labels = {label: whole_words(label) for label in labels}

    def holds(self, text: str) -> bool | None:
        """Whether most cases that `text` speaks of have the one label that it names; `None` where it is no claim."""
        named = [label for label, pattern in self._labels.items() if pattern.search(text)]
        cases = self.relevance.about(text, LOOKED_UP) if len(named) == 1 else []
        if len(cases) < FEWEST:
            return None
        right = sum(self._labels[named[0]].fullmatch(target_text(case.target).strip()) is not None for case in cases)
        return right > MOSTLY * len(cases)

    def strongest(self, texts: Sequence[str], most: int) -> list[str]:
        """At most `most` of `texts`, one for each thing that is said, without those that do not hold.

        Those that hold come first, then what was said most often (self-consistency, Wang et al., arXiv 2203.11171).
        """
        said: list[list[str]] = []
        for text in texts:
            if self.holds(text) is not False:
                alike = next((group for group in said if self.relevance.alike(group[0], text)), None)
                said.append([text]) if alike is None else alike.append(text)
        said.sort(key=lambda group: (self.holds(group[0]) is not True, -len(group)))
        return [group[0] for group in said[:most]]
