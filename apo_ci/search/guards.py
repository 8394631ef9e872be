"""What keeps a draft out of the search before it costs a call."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft

SHINGLE = 8  # words in a row that count as copied
SHORT_COPY = 4  # a whole input of at least this many words counts as copied too
_WORD = re.compile(r"\w+")
_FILLERS = frozenset({"a", "an", "the", "please", "just", "is", "are", "be", "that", "this"})
_STEM = 5  # letters: `classify` and `classifies` are one word for the near-duplicate guard
_MARKS = re.compile(r"\{\{|\{%|\{#|<\|[^|<>]{1,40}\|>|<(?:bos|eos|start_of_turn|end_of_turn)>|</?s>")


class Guards:
    """Refuses drafts; remembers every text that it let through, so that none comes twice.

    `start` sets the length that `max_growth` multiplies. `train` are the cases whose text only the demonstrations
    operator may copy.
    """

    def __init__(self, start: Prompt, train: Iterable[Case], max_growth: float):
        self._own_text = "\n".join(part.text for part in start.parts)
        self._longest = max_growth * len(start.body)
        self._own_shingles = _shingles(prompt_words(start))
        self._copies = frozenset(copy for case in train for copy in _copies(case)) - self._own_shingles
        self._exact: set[str] = set()
        self._near: set[tuple[str, ...]] = set()

    def remember(self, prompt: Prompt) -> None:
        """Let no draft repeat `prompt`."""
        self._exact.add(_normalised(prompt.body))
        self._near.add(_near_key(prompt))

    def refusal(self, draft: Draft) -> str | None:
        """Why `draft` stays out; `None` lets it through and remembers it."""
        reason = self._reason(draft)
        if reason is None:
            self.remember(draft.prompt)
        return reason

    def _reason(self, draft: Draft) -> str | None:
        prompt = draft.prompt
        if not prompt.same_structure(draft.parent.prompt):
            return "it changes placeholders or protected text"
        if not "".join(part.text for part in prompt.parts).strip():
            return "it has no text"
        if len(prompt.body) > self._longest:
            return f"it is longer than {self._longest:,.0f} characters"
        written = self._written(draft)
        if any(mark not in self._own_text for text in written for mark in _marks(text)):
            return "it holds template syntax or control characters"
        if _normalised(prompt.body) in self._exact:
            return "it repeats an earlier candidate"
        if draft.operator == "demonstrations":
            return None
        if _near_key(prompt) in self._near:
            return "it nearly repeats an earlier candidate"
        if self._copies & (_shingles(prompt_words(prompt)) | _runs(prompt_words(prompt))):
            return "it copies text of the training cases"
        return None

    @staticmethod
    def _written(draft: Draft) -> list[str]:
        """The parts that the draft's operator wrote."""
        before = {part.text for part in draft.parent.prompt.parts}
        return [part.text for part in draft.prompt.parts if part.text not in before]


def prompt_words(prompt: Prompt) -> list[str]:
    """The words of the editable text, in lower case; demonstrations are not part of it."""
    return [word for part in prompt.parts for word in _words(part.text)]


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _normalised(text: str) -> str:
    return " ".join(_words(text))


def _near_key(prompt: Prompt) -> tuple[str, ...]:
    words = [word[:_STEM] for word in prompt_words(prompt) if word not in _FILLERS]
    shown = [f"{sorted(inputs.items())!r}->{target}" for inputs, target in prompt.demonstrations]
    return (*words, "|", *shown)


def _shingles(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[first : first + SHINGLE]) for first in range(len(words) - SHINGLE + 1))


def _runs(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Every stretch that could be a short input as a whole."""
    return frozenset(
        tuple(words[first : first + length])
        for length in range(SHORT_COPY, SHINGLE)
        for first in range(len(words) - length + 1)
    )


def _copies(case: Case) -> Iterable[tuple[str, ...]]:
    for value in case.inputs.values():
        words = _words(value) if isinstance(value, str) else []
        yield from _shingles(words)
        if SHORT_COPY <= len(words) < SHINGLE:
            yield tuple(words)


def _marks(text: str) -> Iterable[str]:
    """Template syntax, chat templates' tokens, and control, formatting and private characters; emoji need U+200D."""
    yield from _MARKS.findall(text)
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") and character not in "\n\t\u200d":
            yield character
