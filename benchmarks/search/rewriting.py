"""How the optimizer model rewrites a prompt: what it touches it words anew. What cannot be changed stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random

from benchmarks.search.hidden import Hidden
from benchmarks.search.passage import Passage, Piece
from benchmarks.search.statement import Statement
from benchmarks.search.wordings import say, with_other_words

AT_THE_END = 0.3  # chance that something new is put last, and not with its like
Wanted = Callable[[Statement], bool]


class Rewriting:
    """A prompt while it is rewritten."""

    def __init__(self, passage: Passage, hidden: Hidden, rng: Random):
        self._pieces = list(passage.pieces)
        self._hidden, self._rng = hidden, rng

    @property
    def passage(self) -> Passage:
        """The prompt as it is now."""
        return Passage(tuple(self._pieces))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What it says now."""
        return self.passage.statements

    def reword(self, chance: float) -> None:
        """Word each statement anew with `chance`."""
        for index, piece in self._saying(lambda _: True):
            if self._rng.random() < chance:
                self._word(index, piece.statements)

    def reword_unknown(self) -> None:
        """Put synonyms into the text that says nothing by itself, such as a part of a sentence."""
        for index, piece in enumerate(self._pieces):
            is_name = len(piece.text.split()) < 3  # "Answer:", which only names what follows
            if piece.part and not piece.statements and not is_name and "{" not in piece.text:
                self._pieces[index] = replace(piece, text=with_other_words(piece.text, self._rng))

    def reword_about(self, wanted: Wanted) -> None:
        """Word the sentences anew that say something `wanted`."""
        for index, piece in self._saying(wanted):
            self._word(index, piece.statements)

    def lose(self, chance: Callable[[Statement], float]) -> None:
        """Drop each sentence with the chance of its least dispensable statement; what states the task stays."""
        for index, piece in self._saying(lambda _: True):
            is_task = any(said.kind == "task" for said in piece.statements)
            if not is_task and self._rng.random() < min(map(chance, piece.statements)):
                self._drop(index)

    def lose_unknown(self, chance: float) -> None:
        """Drop each sentence that says nothing, with `chance`; not the lines of the case itself."""
        for index, piece in enumerate(self._pieces):
            unknown = len(piece.text.split()) > 3 and not piece.statements and "{" not in piece.text
            if piece.part and unknown and self._rng.random() < chance:
                self._drop(index)

    def drop_about(self, wanted: Wanted) -> None:
        """Drop the sentences that say nothing but what is `wanted`."""
        for index, piece in self._saying(wanted):
            if all(map(wanted, piece.statements)):
                self._drop(index)

    def replace_about(self, feature: str, statement: Statement) -> None:
        """Say `statement` where something was said about `feature`."""
        for index, _ in self._saying(lambda said: said.subject == feature):
            self._word(index, (statement,))

    def add(self, statement: Statement, text: str = "") -> None:
        """Say `statement` too, in the words of `text` if given."""
        sentence = text or say(statement, self._hidden, self._rng)
        anchor = self._anchor(statement)
        if anchor is None:
            first = next((index for index, piece in enumerate(self._pieces) if piece.part), len(self._pieces))
            part = self._pieces[first].part if first < len(self._pieces) else 1
            self._pieces[first:first] = [Piece(sentence, (statement,), part), Piece("\n", part=part)]
            return
        part = self._pieces[anchor].part
        added = [Piece(self._gap(anchor), part=part), Piece(sentence, (statement,), part)]
        self._pieces[anchor + 1 : anchor + 1] = added

    def append(self, text: str) -> None:
        """Put `text` after everything that is said."""
        last = self._last(lambda _: True)
        at = len(self._pieces) if last is None else last + 1
        part = 1 if last is None else self._pieces[last].part
        self._pieces[at:at] = [Piece("\n", part=part), Piece(text, part=part)]

    def move_last(self, kind: str) -> None:
        """Move the sentences of this kind after all others."""
        moved = [piece for _, piece in self._saying(lambda said: said.kind == kind)]
        moved = [piece for piece in moved if all(said.kind == kind for said in piece.statements)]
        self.drop_about(lambda said: said.kind == kind)
        for piece in moved:
            last = self._last(lambda _: True)
            at = len(self._pieces) if last is None else last + 1
            part = piece.part if last is None else self._pieces[last].part
            text = " ".join(say(statement, self._hidden, self._rng) for statement in piece.statements)
            self._pieces[at:at] = [Piece(" ", part=part), Piece(text, piece.statements, part)]

    def break_one(self, spared: Iterable[Statement]) -> None:
        """Lose or garble one sentence, neither the task nor one of `spared`."""
        kept = set(spared)
        open_ = [
            index
            for index, piece in self._saying(lambda _: True)
            if all(said.kind != "task" and said not in kept for said in piece.statements)
        ]
        if not open_:
            return
        index = self._rng.choice(open_)
        rules = tuple(said for said in self._pieces[index].statements if said.kind == "rule")
        if rules and self._rng.random() < 0.5:
            self._word(index, tuple(Statement("garbled", rule.subject) for rule in rules))
        else:
            self._drop(index)

    def _saying(self, wanted: Wanted) -> Iterator[tuple[int, Piece]]:
        """The pieces that can be changed and say something `wanted`, as they are now."""
        for index, piece in enumerate(list(self._pieces)):
            if piece.part and any(map(wanted, piece.statements)):
                yield index, piece

    def _word(self, index: int, statements: tuple[Statement, ...]) -> None:
        piece = self._pieces[index]
        if statements == piece.statements and all(said.kind in ("garbled", "removal") for said in statements):
            text = with_other_words(piece.text, self._rng)  # it may be a part of a sentence
        else:
            text = " ".join(say(statement, self._hidden, self._rng) for statement in statements)
        self._pieces[index] = replace(piece, text=text, statements=statements)

    def _drop(self, index: int) -> None:
        self._pieces[index] = replace(self._pieces[index], text="", statements=())
        before = self._pieces[index - 1] if index else None
        if before is not None and before.part and not before.text.strip():
            self._pieces[index - 1] = replace(before, text="")

    def _anchor(self, statement: Statement) -> int | None:
        """Where something new goes: after its like, else after the task, sometimes after everything."""
        anywhere = self._last(lambda _: True)
        if self._rng.random() < AT_THE_END:
            return anywhere
        alike = self._last(lambda said: said.kind == statement.kind)
        task = self._last(lambda said: said.kind == "task")
        return alike if alike is not None else task if task is not None else anywhere

    def _last(self, wanted: Wanted) -> int | None:
        return max((index for index, _ in self._saying(wanted)), default=None)

    def _gap(self, anchor: int) -> str:
        """What stands between sentences here: a bullet, a line end, or a blank."""
        before = self._pieces[anchor - 1].text if anchor else ""
        if before.strip() in ("-", "*", "•"):
            return before if before.startswith("\n") else f"\n{before}"
        return "\n" if before.strip(" ") == "\n" else " "
