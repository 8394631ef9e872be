"""The optimizer model: plays a decent language model that is asked to improve prompts, whoever asks and how.

It often finds the rule that failures show, and sometimes makes one up; it does most of what it is told, and now and
then breaks something else. The same request with another generator is another sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from benchmarks.search.asking import Asking, read_asking
from benchmarks.search.findings import TRIED_IN_VAIN, Finder
from benchmarks.search.forms import Answer, write
from benchmarks.search.messages import Message
from benchmarks.search.passage import Passage, Piece
from benchmarks.search.reading import Reading, read_request
from benchmarks.search.regions import ABOUT_PROMPTS
from benchmarks.search.rewriting import Rewriting
from benchmarks.search.statement import Statement
from benchmarks.search.wordings import criticise, say
from benchmarks.search.world import World

APPLIES = 0.85  # chance that an edit does what the reason says
BREAKS = 0.12  # chance that it damages something else, for each thing that it does
REWORDS = 0.2  # chance for each sentence that a rewriting touches it too
LOSES = 0.05  # chance for each sentence to get lost in a paraphrase or a restructuring
KEEPS = 0.92  # chance for each sentence to get through a merge
SHORTENS = {"advice": 0.5, "false rule": 0.5, "rule": 0.07}  # chances of being cut
SHORTENS_OTHER, SHORTENS_UNKNOWN = 0.1, 0.5
MOST_REASONS, MOST_FOUND = 6, 2  # that one rewriting takes up: of given reasons, and of what it finds itself
MAKES_UP_TOO = 0.5  # chance that a rewriting puts something made up in the place of what it did not find
QUOTES = 0.1  # chance that a rewriting takes a case up as an example, where that is not forbidden
NAMED = {  # what a restructuring does, by the words that ask for it
    "labels": re.compile(r"\blabels?\b|\bcategor", re.IGNORECASE),
    "steps": re.compile(r"\bsteps?\b", re.IGNORECASE),
    "format": re.compile(r"\bformat\b|\bform of the answer", re.IGNORECASE),
}
_FRAGMENT = re.compile(r"\b(?:this|following) (?:phrase|sentence|passage|fragment|chunk|snippet)\b", re.IGNORECASE)
CHAT = "I am a language model. Show me a prompt, and I will try to improve it."
_AT_ODDS = re.compile(r"\bat odds|\bcontradict|\bconflict|\bprecedence|goes first", re.IGNORECASE)


def reply(world: World, messages: Sequence[Message], schema: Mapping[str, Any] | None, rng: Random) -> str:
    """The reply to a request, in the form that it asks for."""
    reading = read_request(world, messages)
    if not (reading.prompts or reading.shown or ABOUT_PROMPTS.search(reading.asked)):
        return CHAT
    asking = read_asking(reading, schema)
    return write(_Optimizer(world, reading, asking, rng).answer(), asking)


class _Optimizer:
    def __init__(self, world: World, reading: Reading, asking: Asking, rng: Random):
        self._hidden, self._reading, self._asking, self._rng = world.hidden, reading, asking, rng
        self._true = {Statement("rule", rule.feature, rule.label) for rule in world.hidden.rules}

    def answer(self) -> Answer:
        """What it has to say."""
        wish, prompt = self._asking.wish, self._prompt()
        if wish == "merge":
            first, second = self._reading.prompts[-2:]
            return Answer(prompts=(self._merged(first, second),), before=first)
        if wish == "reasons":
            return Answer(reasons=tuple(self._reasons(prompt, self._asking.number)), before=prompt)
        if wish == "reasons and prompt":
            found = self._findings(prompt)
            reasons = tuple(criticise(one, self._hidden, self._rng) for one in found)
            return Answer(reasons=reasons, prompts=(self._edited(prompt, found),), before=prompt)
        rewrites: dict[str, Callable[[Passage], Passage]] = {
            "shorten": self._shortened,
            "restructure": self._restructured,
            "paraphrase": self._paraphrased,
            "edit": lambda one: self._edited(one, self._reading.reasons[:MOST_REASONS] or self._findings(one)),
        }
        return Answer(prompts=tuple(rewrites[wish](prompt) for _ in range(self._asking.number)), before=prompt)

    def _prompt(self) -> Passage:
        """What is to be rewritten: the last prompt shown, or a piece of one where the request asks for that.

        Without any, it is a new prompt that states the task and nothing else.
        """
        fragment = self._reading.fragment
        piecemeal = self._asking.wish in ("paraphrase", "shorten") and (
            not self._reading.prompts or _FRAGMENT.search(self._reading.last_asked)
        )
        if fragment is not None and piecemeal:
            return fragment
        if self._reading.prompts:
            return self._reading.prompts[-1]
        task, format_ = Statement("task"), Statement("format")
        said = [Piece(say(one, self._hidden, self._rng), (one,)) for one in (task, format_)]
        return Passage((said[0], Piece(" "), said[1]))

    def _finder(self, prompt: Passage) -> Finder:
        return Finder(self._hidden, prompt.statements, self._reading.shown, self._reading.attempts, self._rng)

    def _reasons(self, prompt: Passage, number: int) -> list[str]:
        finder = self._finder(prompt)
        found = [finder.find() or finder.make_up() for _ in range(number)]
        return [criticise(one, self._hidden, self._rng) for one in found]

    def _findings(self, prompt: Passage) -> tuple[Statement, ...]:
        """What a rewriting without given reasons takes up: what the failures show, and something made up."""
        finder = self._finder(prompt)
        if not any(one.failed for one in self._reading.shown):
            return (finder.advice(),)
        found: list[Statement] = []
        for _ in range(MOST_FOUND):
            one = finder.find()
            if one is None and self._rng.random() < MAKES_UP_TOO:
                one = finder.make_up()
            found += [] if one is None else [one]
        return tuple(found) or (finder.make_up(),)

    def _edited(self, prompt: Passage, reasons: Sequence[Statement]) -> Passage:
        rewriting = Rewriting(prompt, self._hidden, self._rng)
        vain = {said for one in self._reading.attempts if not one.helped for said in one.statements}
        rewriting.reword(REWORDS)
        for reason in reasons:
            doubt = TRIED_IN_VAIN if reason in vain and reason not in prompt.statements else 1.0
            if self._rng.random() < APPLIES * doubt:
                _apply(reason, rewriting)
            if self._rng.random() < BREAKS:
                rewriting.break_one(spared=reasons)
        shown = [one for one in self._reading.shown if one.right is not None]
        if shown and self._asking.may_quote and self._rng.random() < QUOTES:
            case = self._rng.choice(shown)
            rewriting.append(f"For example: {case.truth.text}\nAnswer: {case.right}")
        return rewriting.passage

    def _paraphrased(self, prompt: Passage) -> Passage:
        rewriting = Rewriting(prompt, self._hidden, self._rng)
        rewriting.lose(lambda _: LOSES)
        rewriting.reword(1.0)
        rewriting.reword_unknown()
        return rewriting.passage

    def _shortened(self, prompt: Passage) -> Passage:
        rewriting = Rewriting(prompt, self._hidden, self._rng)
        rewriting.lose(self._dispensable)
        rewriting.lose_unknown(SHORTENS_UNKNOWN)
        rewriting.reword(REWORDS)
        return rewriting.passage

    def _dispensable(self, statement: Statement) -> float:
        if statement.kind == "advice":
            return SHORTENS["advice"]
        if statement.kind in ("rule", "garbled"):
            return SHORTENS["rule" if statement in self._true else "false rule"]
        return 0.0 if statement.kind == "format" else SHORTENS_OTHER

    def _restructured(self, prompt: Passage) -> Passage:
        """The format last, the labels stated, steps asked for: all of it, or what the request names."""
        named = {kind for kind, words in NAMED.items() if words.search(self._reading.last_asked)}
        wanted = named or set(NAMED)
        rewriting = Rewriting(prompt, self._hidden, self._rng)
        rewriting.lose(lambda said: 0.0 if said.kind == "format" else LOSES)
        rewriting.reword(REWORDS)
        for statement in (Statement("labels"), Statement("steps")):
            if statement.kind in wanted and statement not in prompt.statements:
                rewriting.add(statement)
        if "format" in wanted:
            rewriting.move_last("format")
        return rewriting.passage

    def _merged(self, first: Passage, second: Passage) -> Passage:
        """The first prompt with what only the second says; where both speak of a feature, the words of the first."""
        rewriting = Rewriting(first, self._hidden, self._rng)
        rewriting.lose(lambda _: 1 - KEEPS)
        features = {said.subject for said in first.statements if said.kind == "rule"}
        for piece in second.pieces:
            new = [one for one in piece.statements if one not in first.statements and one.subject not in features]
            if new and "task" not in {one.kind for one in piece.statements} and self._rng.random() < KEEPS:
                rewriting.add(new[0], piece.text if len(piece.statements) == 1 else "")
        rules = {said.subject for said in rewriting.statements if said.kind == "rule"}
        settles = _AT_ODDS.search(self._reading.last_asked) and rules.issuperset(self._hidden.clash)
        if settles and Statement("order") not in rewriting.statements and self._rng.random() < APPLIES:
            rewriting.add(Statement("order"))
        rewriting.reword(REWORDS)
        return rewriting.passage


def _apply(reason: Statement, rewriting: Rewriting) -> None:
    """Do what `reason` says."""
    stated = rewriting.statements
    if reason.kind == "removal":
        rewriting.drop_about(lambda said: said.subject == reason.subject)
    elif reason.kind == "garbled":
        return
    elif reason in stated:
        if reason.kind == "rule":
            rewriting.reword_about(lambda said: said == reason)
    elif reason.kind == "rule" and any(said.subject == reason.subject for said in stated):
        rewriting.replace_about(reason.subject, reason)
    else:
        rewriting.add(reason)
