"""What keeps a draft out of the search before it costs a call."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Draft
from apo_ci.search.manipulation import is_aimed_at_scoring

SHINGLE = 8  # words in a row that count as copied
SHORT_COPY = 4  # a whole input of at least this many words counts as copied too
LONGEST_ADDITION = 12_000  # characters, some 2,000 words, that a rewriting may add to the start's instructions
_CHARACTERS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # of scripts without blanks between words
_WORD = re.compile(rf"[{_CHARACTERS}]|[^\W{_CHARACTERS}]+")
_FILLERS = frozenset({"a", "an", "the", "please", "just", "is", "are", "be", "that", "this"})
_STEM = 5  # letters: `classify` and `classifies` are one word for the near-duplicate guard
_MARKS = re.compile(r"\{\{|\{%|\{#|<\|[^|<>]{1,40}\|>|<(?:bos|eos|start_of_turn|end_of_turn)>|</?s>")


class Guards:
    """Refuses drafts; remembers every text that it let through, so that none comes twice.

    `start` sets the length that `max_growth` multiplies. `train` are the cases whose text only the demonstrations
    operator may copy: any inputs, and what only one case has for a target.
    """

    def __init__(self, start: Prompt, train: Iterable[Case], max_growth: float):
        self._own_text = "\n".join(part.text for part in start.parts)
        self._longest = max_growth * len(start.body)
        self._most_written = _written_length(start) + LONGEST_ADDITION
        train = tuple(train)
        own = prompt_words(start)
        copies = (copy for case in train for words in _input_words(case) for copy in _copies(words))
        self._copies = frozenset((*copies, *_answers(train))) - _stretches(own)
        self._own_words = frozenset((*own, *(word for case in train for words in _input_words(case) for word in words)))
        self._exact: set[str] = set()
        self._near: set[tuple[str, ...]] = set()
        self._layouts: set[tuple[tuple[str, ...], ...]] = set()

    def remember(self, prompt: Prompt) -> None:
        """Let no draft repeat `prompt`."""
        self._exact.add(_normalised(prompt.body))
        self._near.add(_near_key(prompt))
        self._layouts.add(_layout(prompt.body))

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
        if _written_length(prompt) > self._most_written:
            return f"it adds more than {LONGEST_ADDITION:,} characters"
        written = self._written(draft)
        if any(mark not in self._own_text for text in written for mark in _marks(text)):
            return "it holds template syntax or control characters"
        if repeated := self._repeated(draft):
            return repeated
        if draft.operator == "demonstrations":
            return None
        inherited = _stretches(prompt_words(draft.parent.prompt))
        if self._copies & (_stretches(prompt_words(prompt)) - inherited):
            return "it copies text of the training cases"
        if any(is_aimed_at_scoring(text, self._own_words) for text in written):
            return "it is aimed at its scoring, not at the task"
        return None

    def _repeated(self, draft: Draft) -> str | None:
        """How close the draft comes to an earlier candidate; the same words on other lines are a restructuring."""
        if draft.operator == "restructure":
            return "it repeats an earlier candidate" if _layout(draft.prompt.body) in self._layouts else None
        if _normalised(draft.prompt.body) in self._exact:
            return "it repeats an earlier candidate"
        if draft.operator != "demonstrations" and _near_key(draft.prompt) in self._near:
            return "it nearly repeats an earlier candidate"
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


def _layout(text: str) -> tuple[tuple[str, ...], ...]:
    """The lines that hold words, as words that matter."""
    lines = (tuple(_stems(_words(line))) for line in text.splitlines())
    return tuple(line for line in lines if line)


def _stems(words: Iterable[str]) -> list[str]:
    return [word[:_STEM] for word in words if word not in _FILLERS]


def _near_key(prompt: Prompt) -> tuple[str, ...]:
    words = _stems(prompt_words(prompt))
    shown = [f"{sorted(inputs.items())!r}->{target}" for inputs, target in prompt.demonstrations]
    return (*words, "|", *shown)


def _shingles(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[first : first + SHINGLE]) for first in range(len(words) - SHINGLE + 1))


def _stretches(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """Every stretch that could be a part of an input, or a short one as a whole."""
    return frozenset(
        tuple(words[first : first + length])
        for length in range(SHORT_COPY, SHINGLE + 1)
        for first in range(len(words) - length + 1)
    )


def _copies(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """The stretches by which a copy of `words` is known."""
    yield from _shingles(words)
    if SHORT_COPY <= len(words) < SHINGLE:
        yield tuple(words)


def _input_words(case: Case) -> Iterable[list[str]]:
    """The words of each text among the inputs, at any depth."""
    pending = list(case.inputs.values())
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield _words(value)
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)


def _answers(train: Sequence[Case]) -> list[tuple[str, ...]]:
    """What is copied from one case's target; what several have is a label or a form, and may be named."""
    found: Counter[tuple[str, ...]] = Counter()
    for case in train:
        found.update(_shingles(_words(case.target)) if isinstance(case.target, str) else ())
    return [stretch for stretch, times in found.items() if times == 1]


def _written_length(prompt: Prompt) -> int:
    """Characters of the editable text; demonstrations are not part of it."""
    return sum(len(part.text) for part in prompt.parts)


def _marks(text: str) -> Iterable[str]:
    """Template syntax, chat templates' tokens, and control, formatting and private characters; emoji need U+200D."""
    yield from _MARKS.findall(text)
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") and character not in "\n\t\u200d":
            yield character
