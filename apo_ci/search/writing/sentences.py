"""Text by sentences, for changes of a prompt that need no model: joining two versions, and leaving a sentence out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.writing.writer import Texts

_END = re.compile(r"(?<=[.!?:;])\s+(?=[^\s\w]*\w)|\s*\n\s*")
_WORD = re.compile(r"\w+")


def sentences(text: str) -> list[str]:
    """The sentences and lines of `text`, each with the blanks after it: joined they are `text` again."""
    cuts = [0, *(match.end() for match in _END.finditer(text) if 0 < match.end() < len(text)), len(text)]
    return [text[first:last] for first, last in pairwise(cuts) if last > first]


def union(first: str, second: str) -> str:
    """What both texts say, each sentence once, in the order of both; where they part, `first` goes before.

    The longest common subsequence of sentences (compared by their words) keeps its place, so that a format
    line at the end of both stays at the end.
    """
    mine, theirs = sentences(first), sentences(second)
    keys, their_keys = [_key(one) for one in mine], [_key(one) for one in theirs]
    said = set(keys)
    joined: list[str] = []
    for _, left, right, their_left, their_right in SequenceMatcher(None, keys, their_keys, False).get_opcodes():
        joined += mine[left:right]
        joined += [theirs[at] for at in range(their_left, their_right) if their_keys[at] not in said]
    return _glued(joined)


def merged(base: str, first: str, second: str) -> str:
    """`first` with what `second` changed of `base`: sentences that either of them dropped are left out."""
    original, one, two = ({_key(sentence) for sentence in sentences(text)} for text in (base, first, second))
    dropped = (original - one) | (original - two)
    kept = [sentence for sentence in sentences(union(first, second)) if _key(sentence) not in dropped]
    return _glued(kept)


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
    patterns = [re.compile(rf"(?<!\w){re.escape(label.strip())}(?!\w)", re.IGNORECASE) for label in labels]
    return any(all(pattern.search(sentence) for pattern in patterns) for sentence in sentences(text))


def without(text: str, position: int) -> str:
    """`text` without one of its sentences."""
    kept = sentences(text)
    del kept[position]
    return "".join(kept).strip()


def _said(prompt: Prompt) -> frozenset[str]:
    return frozenset(_key(sentence) for part in prompt.parts for sentence in sentences(part.text))


def _glued(pieces: Sequence[str]) -> str:
    """The pieces in a row, with a blank after a sentence that was the last of its text."""
    return "".join(piece if piece[-1:].isspace() else f"{piece} " for piece in pieces).strip()


def _key(sentence: str) -> str:
    return " ".join(_WORD.findall(sentence.casefold())) or sentence.strip()
