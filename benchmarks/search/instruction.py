"""What a model reads in an instruction: its statements, the worked examples in it, its length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.search.cases import REFERENCE, Truth
from benchmarks.search.recognition import SENTENCE, Recognition
from benchmarks.search.statement import Statement

ANSWER_WITHIN = 160  # characters after a case in which its answer stands, when it is a worked example
_WORD = re.compile(r"\w+")
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
_EMPTY_FIELDS = re.compile(r"(?:^[ \t]*(?:\w+[ \t]){0,2}\w+:\s*)+\Z", re.MULTILINE)  # "Text:", "Answer:" at the end


@dataclass(frozen=True)
class Example:
    """A case shown in an instruction, with the label that stands after it; it takes up `start` to `end`."""

    truth: Truth
    label: str
    start: int
    end: int


@dataclass(frozen=True)
class Said:
    """A statement, and the normalised sentence that makes it."""

    statement: Statement
    sentence: str


@dataclass(frozen=True)
class Instruction:
    """An instruction as read. `text` is its words in lower case, without punctuation."""

    text: str
    words: int
    said: tuple[Said, ...]
    examples: tuple[Example, ...]

    def says(self, kind: str) -> bool:
        """Whether any sentence makes a statement of this kind."""
        return any(said.statement.kind == kind for said in self.said)


def normalised(text: str) -> str:
    """The words of `text` in lower case: what tells wordings apart."""
    return " ".join(_WORD.findall(text.lower()))


def read_instruction(text: str, recognition: Recognition, truths: Mapping[str, Truth]) -> Instruction:
    """What stands in `text`; `truths` are the world's cases by reference. Where the case goes does not count."""
    text = _EMPTY_FIELDS.sub("", _PLACEHOLDER.sub("", text)).strip()
    examples = tuple(find_examples(text, recognition, truths))
    prose = without(text, examples)
    said = [
        Said(statement, normalised(sentence))
        for sentence in SENTENCE.findall(prose)
        for statement in recognition.statements(sentence)
    ]
    words = normalised(text)
    return Instruction(words, words.count(" ") + 1 if words else 0, tuple(said), examples)


def find_examples(text: str, recognition: Recognition, truths: Mapping[str, Truth]) -> Iterator[Example]:
    """The worked examples in `text`: cases with a label soon after them."""
    matches = [match for match in REFERENCE.finditer(text) if match.group() in truths]
    for nth, match in enumerate(matches):
        truth = truths[match.group()]
        following = matches[nth + 1].start() if nth + 1 < len(matches) else len(text)
        answer = recognition.label_words.search(text, match.end(), min(following, match.end() + ANSWER_WITHIN))
        if answer is not None:
            yield Example(truth, answer.group().lower(), start_of(truth, text, match), answer.end())


def start_of(truth: Truth, text: str, reference: re.Match[str]) -> int:
    """Where in `text` the case begins whose `reference` was found."""
    begin = reference.end() - len(truth.text)
    if begin >= 0 and text[begin : reference.end()] == truth.text:
        return begin
    return text.rfind("\n", 0, reference.start()) + 1


def without(text: str, examples: tuple[Example, ...]) -> str:
    """`text` with line ends in the place of `examples`."""
    position, kept = 0, []
    for example in examples:
        kept.append(text[position : max(position, example.start)])
        position = example.end
    return "\n".join([*kept, text[position:]])
