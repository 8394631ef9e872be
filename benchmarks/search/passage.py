"""A prompt as the optimizer model handles it: pieces of text, some of which say something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.search.cases import Truth
from benchmarks.search.instruction import find_examples
from benchmarks.search.recognition import SENTENCE, Recognition
from benchmarks.search.statement import Statement


@dataclass(frozen=True)
class Piece:
    """A sentence with what it says, or what stands between sentences.

    `part` is that of the prompt that it is in; part 0 is what cannot be changed.
    """

    text: str
    statements: tuple[Statement, ...] = ()
    part: int = 1


@dataclass(frozen=True)
class Passage:
    """A prompt in pieces; their texts joined are its text."""

    pieces: tuple[Piece, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All that it says, in order."""
        return tuple(statement for piece in self.pieces for statement in piece.statements)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces).strip()

    @property
    def parts(self) -> dict[int, str]:
        """The text of each part."""
        texts: dict[int, str] = {}
        for piece in self.pieces:
            texts[piece.part] = texts.get(piece.part, "") + piece.text
        return {part: text.strip() for part, text in texts.items() if part}


def take_apart(text: str, recognition: Recognition, truths: Mapping[str, Truth], part: int = 1) -> Passage:
    """`text` in pieces; worked examples in it stay whole."""
    position, pieces = 0, list[Piece]()
    for example in find_examples(text, recognition, truths):
        start = max(position, example.start)
        pieces += _sentences(text[position:start], recognition, part)
        pieces.append(Piece(text[start : example.end], part=part))
        position = max(position, example.end)
    return Passage((*pieces, *_sentences(text[position:], recognition, part)))


def join(passages: Sequence[Passage]) -> Passage:
    """The passages as one."""
    return Passage(tuple(piece for passage in passages for piece in passage.pieces))


def _sentences(text: str, recognition: Recognition, part: int) -> Iterator[Piece]:
    position = 0
    for match in SENTENCE.finditer(text):
        if match.start() > position:
            yield Piece(text[position : match.start()], part=part)
        yield Piece(match.group(), recognition.statements(match.group()), part)
        position = match.end()
    if position < len(text):
        yield Piece(text[position:], part=part)
