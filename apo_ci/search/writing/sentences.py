"""Text by sentences, for changes of a prompt that need no model: joining two versions, and leaving a sentence out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.words import whole_words
from apo_ci.search.writing.writer import Texts

_ENDS_WITHOUT_BLANK = ("。", "！", "？")
_END = re.compile(r"(?<=[.!?:;])\s+(?=[^\s\w]*\w)|\s*\n\s*|(?<=[。！？])\s*")
_WORD = re.compile(r"\w+")


class _Sentence(NamedTuple):
    """A sentence or line, and the blanks around it; none at the ends of its text."""

    before: str
    text: str
    after: str

    @property
    def key(self) -> str:
        """By what two sentences are told apart."""
        return _key(self.text)


def sentences(text: str) -> list[str]:
    """The sentences and lines of `text`, each with the blanks after it: joined they are `text` again."""
    cuts = [0, *(match.end() for match in _END.finditer(text) if 0 < match.end() < len(text)), len(text)]
    return [text[first:last] for first, last in pairwise(cuts) if last > first]


def union(first: str, second: str) -> str:
    """What both texts say, each sentence once, in the order of both; where they part, `first` goes before.

    The longest common subsequence of sentences (compared by their words) keeps its place, so that a format
    line at the end of both stays at the end.
    """
    return _glued(_both(_apart(first), _apart(second)))


def merged(base: str, first: str, second: str) -> str:
    """`first` with what `second` changed of `base`: sentences that either of them dropped are left out.

    Of two ways to write one sentence, which differ in case and signs alone, the one that `base` does not have is kept.
    """
    original, mine, theirs = (_apart(text) for text in (base, first, second))
    before, one, two = ({sentence.key for sentence in text} for text in (original, mine, theirs))
    dropped = (before - one) | (before - two)
    kept = [sentence for sentence in _both(mine, theirs) if sentence.key not in dropped]
    untouched = {sentence.text for sentence in original}
    changed = {sentence.key: sentence for sentence in theirs if sentence.text not in untouched}
    return _glued([changed.get(each.key, each) if each.text in untouched else each for each in kept])


def says_more(prompt: Prompt, other: Prompt) -> bool:
    """Whether the parts of `prompt` have a sentence that `other`'s lack; words count, not case and signs."""
    return bool(_said(prompt) - _said(other))


def joined(prompt: Prompt, other: Prompt) -> Texts:
    """New texts of `prompt`'s parts, with what `other`'s say besides; without a request.

    Empty where the two are built differently, or `other` says nothing more.
    """
    if not prompt.same_structure(other) or len(prompt.parts) != len(other.parts):
        return {}
    pairs = enumerate(zip(prompt.parts, other.parts, strict=True))
    texts = {index: union(mine.text, theirs.text) for index, (mine, theirs) in pairs}
    return {index: text for index, text in texts.items() if _key(text) != _key(prompt.parts[index].text)}


def names_all(text: str, labels: Sequence[str]) -> bool:
    """Whether one sentence of `text` names all of `labels`, as whole words in any case."""
    patterns = [whole_words(label) for label in labels]
    return any(all(pattern.search(sentence) for pattern in patterns) for sentence in sentences(text))


def without(text: str, position: int) -> str:
    """`text` without one of its sentences."""
    kept = sentences(text)
    del kept[position]
    return "".join(kept).strip()


def _said(prompt: Prompt) -> frozenset[str]:
    return frozenset(_key(sentence) for part in prompt.parts for sentence in sentences(part.text))


def _apart(text: str) -> list[_Sentence]:
    """The sentences and lines of `text`, told apart from the blanks between them."""
    pieces = [piece for piece in sentences(text.strip()) if piece.strip()]
    blanks = ["", *(piece[len(piece.rstrip()) :] for piece in pieces)]
    return [_Sentence(blanks[at], piece.rstrip(), blanks[at + 1]) for at, piece in enumerate(pieces)]


def _both(mine: Sequence[_Sentence], theirs: Sequence[_Sentence]) -> list[_Sentence]:
    """All sentences of `mine`, and those of `theirs` that it lacks, in the order of both."""
    keys, their_keys = [one.key for one in mine], [one.key for one in theirs]
    said = set(keys)
    both: list[_Sentence] = []
    for _, left, right, their_left, their_right in SequenceMatcher(None, keys, their_keys, False).get_opcodes():
        both += mine[left:right]
        both += [theirs[at] for at in range(their_left, their_right) if their_keys[at] not in said]
    return both


def _glued(pieces: Sequence[_Sentence]) -> str:
    """The sentences in a row: between two of them the blanks of either, those with more line breaks."""
    text = "".join(f"{one.text}{_between(one, two)}" for one, two in pairwise(pieces))
    return text + "".join(piece.text for piece in pieces[-1:])


def _between(one: _Sentence, two: _Sentence) -> str:
    blanks = max(one.after, two.before, key=lambda blank: (blank.count("\n"), bool(blank)))
    return blanks or ("" if one.text.endswith(_ENDS_WITHOUT_BLANK) else " ")


def _key(sentence: str) -> str:
    return " ".join(_WORD.findall(sentence.casefold())) or sentence.strip()
