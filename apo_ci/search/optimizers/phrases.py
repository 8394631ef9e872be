"""A prompt's text in phrases, and the phrase edits of GrIPS (arXiv 2203.07281): add, delete, swap, paraphrase.

GrIPS cuts with a constituency parser. Here a phrase is a sentence, a line, or a clause of a sentence: it ends at
punctuation or before a conjunction, and clauses of fewer than `SHORTEST` words stay with their neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

SHORTEST = 4  # words of a clause
_TOKEN = re.compile(r"\s+|\S+")
_SENTENCE_ENDS = (".", "!", "?")
_CLAUSE_ENDS = (",", ";", ":")
_CONJUNCTIONS = frozenset(
    {"and", "or", "but", "if", "when", "unless", "because", "while", "then", "so", "although", "otherwise"}
)


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of a text, and the blanks between each and the next."""

    phrases: tuple[str, ...]
    gaps: tuple[str, ...]

    @property
    def text(self) -> str:
        """Phrases and blanks in turn."""
        return "".join(chain(*zip_longest(self.phrases, self.gaps, fillvalue="")))

    def span(self, position: int) -> tuple[int, int]:
        """Where in the text a phrase begins and ends."""
        first = sum(map(len, self.phrases[:position])) + sum(map(len, self.gaps[:position]))
        return first, first + len(self.phrases[position])

    def without(self, position: int) -> Phrases:
        """One phrase left out; there must be another one."""
        gap = min(position, len(self.gaps) - 1)
        return Phrases(_removed(self.phrases, position), _removed(self.gaps, gap))

    def with_phrase(self, position: int, phrase: str) -> Phrases:
        """One phrase more, before the one at `position` or, if there is none, at the end."""
        gap = min(position, len(self.gaps))
        return Phrases(_inserted(self.phrases, position, phrase), _inserted(self.gaps, gap, " "))

    def replaced(self, position: int, phrase: str) -> Phrases:
        """Another phrase instead of one."""
        return Phrases((*self.phrases[:position], phrase, *self.phrases[position + 1 :]), self.gaps)


def phrases_of(text: str) -> Phrases:
    """`text`, which neither begins nor ends with a blank, in phrases."""
    phrases: list[str] = [""]
    gaps: list[str] = []
    for sentence, gap in _sentences(text):
        for clause, blank in _clauses(sentence):
            phrases[-1] = clause
            phrases.append("")
            gaps.append(blank or gap)
    return Phrases(tuple(phrases[:-1]), tuple(gaps[:-1]))


def _sentences(text: str) -> Iterator[tuple[str, str]]:
    """Each sentence or line, with the blanks after it."""
    current = ""
    for token in _TOKEN.findall(text):
        if token.isspace() and ("\n" in token or current.endswith(_SENTENCE_ENDS)):
            yield current, token
            current = ""
        else:
            current += token
    yield current, ""


def _clauses(sentence: str) -> list[tuple[str, str]]:
    """Each clause of a sentence, with the blanks after it; none after the last."""
    tokens = _TOKEN.findall(sentence)
    clauses: list[tuple[str, str]] = []
    first = 0
    for position in range(1, len(tokens) - 1, 2):
        begins = tokens[position + 1].casefold() in _CONJUNCTIONS
        ends = tokens[position - 1].endswith(_CLAUSE_ENDS)
        before, after = (position - first + 1) // 2, (len(tokens) - position) // 2
        if (begins or ends) and before >= SHORTEST and after >= SHORTEST:
            clauses.append(("".join(tokens[first:position]), tokens[position]))
            first = position + 1
    return [*clauses, ("".join(tokens[first:]), "")]


def _removed(items: Sequence[str], position: int) -> tuple[str, ...]:
    return (*items[:position], *items[position + 1 :])


def _inserted(items: Sequence[str], position: int, item: str) -> tuple[str, ...]:
    return (*items[:position], item, *items[position:])
