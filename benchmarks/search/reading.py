"""What the optimizer model sees in a request, whoever wrote it: prompts, cases, reasons, what was tried, what is asked.

Everything is found by what it is, not by who sends it: a prompt holds a sentence that states the world's task, a case
its reference, a reason a statement outside of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.search.cases import REFERENCE, Truth
from benchmarks.search.instruction import start_of
from benchmarks.search.messages import Message
from benchmarks.search.passage import Passage, join, take_apart
from benchmarks.search.recognition import SENTENCE
from benchmarks.search.regions import ABOUT_PROMPTS, Region, find_regions
from benchmarks.search.statement import Statement
from benchmarks.search.world import World

SEEN_AFTER = 600  # characters after a case in which what is said about it stands
HEADING = 300  # characters before a region that say what it is
_RIGHT = (
    r"(?:right|correct|expected|target|gold|true|truth|desired|proper|actual label|label|"
    r"should(?: have)? (?:be|been|say))"
)
_GIVEN = r"(?:model|assistant|answer given|given|generated|predict\w*|got|answered|replied|reply|response|output)"
_HISTORY = re.compile(r"\b(?:tried|earlier|previous|past|history)\b", re.IGNORECASE)
_SCORE = re.compile(r"score\W{0,3}(?:is |of |was )?(\d+(?:\.\d+)?)", re.IGNORECASE)
_BEFORE = re.compile(r"(?:before|parent|from|against|made from)\D{0,24}(\d+(?:\.\d+)?)", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """A case that is shown, with its right answer and the model's where they stand by it."""

    truth: Truth
    right: str | None
    given: str | None

    @property
    def failed(self) -> bool:
        """Whether it can be seen to have gone wrong, or only its right answer is known."""
        return self.right is not None and self.right != self.given


@dataclass(frozen=True)
class Attempt:
    """Something that was tried before."""

    statements: frozenset[Statement]
    helped: bool


@dataclass(frozen=True)
class Reading:
    """What stands in a request. `asked` is what is left of it: the words of whoever asks.

    `fragment` is a text that is shown besides the prompts or in their place.
    """

    prompts: tuple[Passage, ...]
    fragment: Passage | None
    shown: tuple[Shown, ...]
    reasons: tuple[Statement, ...]
    attempts: tuple[Attempt, ...]
    asked: str
    last_asked: str


def read_request(world: World, messages: Sequence[Message]) -> Reading:
    """What stands in the messages of a request."""
    return _Reader(world, messages).read()


class _Reader:
    def __init__(self, world: World, messages: Sequence[Message]):
        self._world = world
        texts = [_unfolded(message.text) for message in messages]
        self._text = "\n\n".join(texts)
        self._last = len(self._text) - len(texts[-1]) if texts else 0
        self._regions = tuple(map(self._closed, find_regions(self._text)))
        self._history = tuple(self._find_history())

    def read(self) -> Reading:
        regions = self._prompt_regions()
        prompts = tuple({passage.text: passage for passage in map(self._passage, regions)}.values())
        shown, spans = self._shown((*regions, *self._history))
        hidden = (*regions, *self._history, *spans)
        return Reading(
            prompts=prompts,
            fragment=self._fragment(regions),
            shown=shown,
            reasons=tuple(dict.fromkeys(self._reasons(hidden))),
            attempts=tuple(attempt for zone in self._history for attempt in self._attempts(zone)),
            asked=self._without(hidden, 0),
            last_asked=self._without(hidden, self._last),
        )

    def _task_offsets(self) -> Iterator[int]:
        for sentence in SENTENCE.finditer(self._text):
            words = self._world.recognition.task_at(sentence.group())
            if words is not None:
                yield sentence.start() + words

    def _prompt_regions(self) -> tuple[Region, ...]:
        offsets = [offset for offset in self._task_offsets() if not any(zone.holds(offset) for zone in self._history)]
        found = [region for offset in offsets if (region := self._around(offset)) is not None]
        found = found or [self._run(offset) for offset in offsets]
        own = [region for region in found if self._is_of_this_world(region)]
        return tuple(dict.fromkeys(own or found))

    def _around(self, offset: int) -> Region | None:
        """The smallest region around `offset`, or the one that holds all numbered parts when it is one of them."""
        around = [region for region in self._regions if region.holds(offset) and region.number is None]
        return min(around, key=lambda region: region.end - region.start, default=None)

    def _run(self, offset: int) -> Region:
        """The sentences from that around `offset` on, up to the first that means nothing and looks foreign."""
        before = max(self._text.rfind(mark, 0, offset) + len(mark) for mark in ("\n", ". ", ": ", '"'))
        end = offset
        for sentence in SENTENCE.finditer(self._text, offset):
            between, text = self._text[end : sentence.start()], sentence.group()
            about_prompts = bool(ABOUT_PROMPTS.search(text) or self._world.find(text))
            if end > offset and not self._says(text) and (about_prompts or "\n" in between):
                break
            end = sentence.end()
        return Region(min(before, offset), end)

    def _closed(self, region: Region) -> Region:
        """An open region up to the first paragraph, after its first one, that says nothing and shows no case."""
        end = self._text.find("\n\n", region.start, region.end)
        while region.open and end >= 0:
            following = self._text.find("\n\n", end + 2, region.end)
            paragraph = self._text[end : following if following >= 0 else region.end]
            if not self._says(paragraph) and not self._world.find(paragraph):
                return Region(region.start, end)
            end = following
        return region

    def _says(self, text: str) -> bool:
        return any(self._world.recognition.statements(one) for one in SENTENCE.findall(text))

    def _is_of_this_world(self, region: Region) -> bool:
        text = self._text[region.start : region.end]
        recognition = self._world.recognition
        return bool(recognition.affirmed(text) or recognition.mentioned(text) or self._world.hidden.theme.noun in text)

    def _passage(self, region: Region) -> Passage:
        """The prompt in `region`; where parts of it are numbered, the rest is part 0, which stays as it is."""
        recognition, truths = self._world.recognition, self._world.truths
        parts = [one for one in self._regions if one.number is not None and region.holds(one.start)]
        if not parts:
            return take_apart(self._text[region.start : region.end], recognition, truths)
        passages, position = list[Passage](), region.start
        for one in sorted(parts, key=lambda one: one.start):
            passages.append(take_apart(self._text[position : one.start], recognition, truths, part=0))
            passages.append(take_apart(self._text[one.start : one.end], recognition, truths, one.number or 1))
            position = one.end
        return join([*passages, take_apart(self._text[position : region.end], recognition, truths, part=0)])

    def _fragment(self, elsewhere: Sequence[Region]) -> Passage | None:
        """The last thing shown that is no prompt, no history and no case; rather one that says something."""
        passages = [
            self._passage(region)
            for region in self._regions
            if region.number is None
            and not any(one.start < region.end and region.start < one.end for one in (*elsewhere, *self._history))
            and not self._world.find(self._text[region.start : region.end])
            and re.search(r"\w+ \w+", self._text[region.start : region.end])
        ]
        saying = [passage for passage in passages if passage.statements]
        return (saying or passages)[-1] if passages else None

    def _shown(self, elsewhere: Sequence[Region]) -> tuple[tuple[Shown, ...], tuple[Region, ...]]:
        matches = [
            match
            for match in REFERENCE.finditer(self._text)
            if match.group() in self._world.truths and not any(region.holds(match.start()) for region in elsewhere)
        ]
        starts = [start_of(self._world.truths[match.group()], self._text, match) for match in matches]
        shown, spans = list[Shown](), list[Region]()
        for match, start, following in zip(matches, starts, [*starts[1:], len(self._text)], strict=False):
            after = self._text[match.end() : min(following, match.end() + SEEN_AFTER)]
            right, given = self._answers(after)
            shown.append(Shown(self._world.truths[match.group()], right, given))
            spans.append(Region(start, match.end()))
        return tuple({one.truth.reference: one for one in shown}.values()), tuple(spans)

    def _answers(self, after: str) -> tuple[str | None, str | None]:
        """The right answer and the model's, as they stand in the text after a case."""
        labels = "|".join(self._world.labels)
        right, given = (
            re.search(rf"\b{word}\b[^\n]{{0,60}}?\n?[^\n]{{0,60}}?\b({labels})\b", after, re.IGNORECASE)
            for word in (_RIGHT, _GIVEN)
        )
        named = self._world.recognition.affirmed(after)
        only = named[0] if len(named) == 1 and right is None and given is None else None
        return (
            only if right is None else right.group(1).lower(),
            None if given is None else given.group(1).lower(),
        )

    def _reasons(self, hidden: Sequence[Region]) -> Iterator[Statement]:
        """Rules named anywhere outside; advice and the like only where somebody is quoted."""
        for sentence in SENTENCE.finditer(self._text):
            offset = sentence.start()
            if any(region.start < sentence.end() and offset < region.end for region in hidden):
                continue
            quoted = any(region.holds(offset) for region in self._regions) or self._after_field(offset)
            for statement in self._world.recognition.statements(sentence.group()):
                general = statement.kind in ("advice", "steps", "order", "labels")
                if quoted if general else statement.kind in ("rule", "removal"):
                    yield statement

    def _after_field(self, offset: int) -> bool:
        line = self._text[self._text.rfind("\n", 0, offset) + 1 : offset]
        return bool(re.search(r"(?:note|reason|criticism|problem|feedback)[^:\n]*:[^\n]*$", line, re.IGNORECASE))

    def _find_history(self) -> Iterator[Region]:
        for region in self._regions:
            heading = self._text[max(0, region.start - HEADING) : region.start].rpartition("\n\n")[2]
            if _HISTORY.search(heading) and _SCORE.search(self._text, region.start, region.end):
                yield region

    def _attempts(self, zone: Region) -> Iterator[Attempt]:
        text = self._text[zone.start : zone.end]
        scores = list(_SCORE.finditer(text))
        values = sorted(float(score.group(1)) for score in scores)
        for nth, score in enumerate(scores):
            following = scores[nth + 1].start() if nth + 1 < len(scores) else len(text)
            entry = text[score.end() : following]
            before = _BEFORE.search(entry.partition("\n")[0])
            bar = float(before.group(1)) if before else values[len(values) // 2]
            said = take_apart(entry, self._world.recognition, self._world.truths).statements
            yield Attempt(frozenset(said), float(score.group(1)) > bar)

    def _without(self, hidden: Sequence[Region], start: int) -> str:
        kept, position = list[str](), start
        for region in sorted(hidden, key=lambda one: one.start):
            kept.append(self._text[position : max(position, region.start)])
            position = max(position, region.end)
        return " … ".join([*kept, self._text[position:]])


def _unfolded(text: str) -> str:
    """A message that is JSON as fields with fences, so that its texts can be read like any other."""
    try:
        data = json.loads(text)
    except ValueError:
        return text
    if not isinstance(data, dict):
        return text
    return "\n\n".join(f"{name}:\n```\n{value}\n```" for name, value in data.items() if isinstance(value, str)) or text
