"""What the pull-request comment remembers from run to run: its sections' results, what was spent, what was accepted.

The comment belongs to the bot and can be edited by everybody who may write to the repository, so what is read back
is checked like any other input. GitHub's database is its only home: no file, cache or artifact has to survive.
"""

from __future__ import annotations

import base64
import binascii
import bisect
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from apo_ci.errors import ConfigError
from apo_ci.inputs.rows import parse_object
from apo_ci.report.model import Outcome
from apo_ci.report.values import Text, Value

MAX_KEY = 200  # characters of a section's name
MAX_PACKED = 20_000  # characters of a packed prompt; a longer one is only in the run's artifact
MAX_TEXT_BYTES = 1_000_000
MAX_WRITES = 50
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

Key = Annotated[Text, StringConstraints(max_length=MAX_KEY)]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
Amount = Annotated[float, Field(ge=0)]


class Suggested(Value):
    """A better prompt, with what is needed to commit it: the file that it replaces, and the measured gain."""

    path: Text
    prompt_hash: Text
    packed: Text = ""
    delta: float
    ci_low: float
    ci_high: float
    n: Number
    run: Number
    calls: Number = 0
    saving: Annotated[float, Field(ge=0, le=1)] = 0.0

    def text(self) -> str:
        """The prompt file; empty where it is not in the comment, was damaged, or is larger than a megabyte."""
        return unpack(self.packed)


class SectionState(Value):
    """The result of one job; `verdicts` are by the content digest of a prompt with its eval set."""

    head: Text
    run: Number
    attempt: Number
    verdict: Outcome
    blocks: bool
    in_progress: bool = False
    run_url: Text
    verdicts: dict[Text, Outcome] = Field(default_factory=dict)
    suggestions: tuple[Suggested, ...] = ()
    reviewed: Text = ""


class Spent(Value):
    """Requests, tokens and dollars."""

    calls: Number = 0
    tokens: Number = 0
    usd: Amount = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(calls=self.calls + other.calls, tokens=self.tokens + other.tokens, usd=self.usd + other.usd)

    def at_least(self, other: Spent) -> Spent:
        """The larger of both, amount by amount."""
        return Spent(
            calls=max(self.calls, other.calls), tokens=max(self.tokens, other.tokens), usd=max(self.usd, other.usd)
        )


class Ignored(Value):
    """Failures that a person accepted, by the content digests of the prompts that failed."""

    by: Text
    reason: Text
    digests: tuple[Text, ...]


class State(Value):
    """Everything that the comment remembers.

    `reserved` is the worst case of what each run under way may spend, by `run-attempt-section`. `writes` names the
    latest writes whose effect is in here, so that each takes effect once, however often it is tried. `follows` tells a
    comment that was made to follow an earlier one from one that was made twice.
    """

    version: Literal[1] = 1
    sections: dict[Key, SectionState] = Field(default_factory=dict)
    spent: Spent = Spent()
    reserved: dict[Text, Spent] = Field(default_factory=dict)
    ignored: tuple[Ignored, ...] = ()
    writes: tuple[Text, ...] = ()
    follows: bool = False


@dataclass(frozen=True)
class Content:
    """A comment: its state, and the Markdown of each section by its key."""

    state: State
    texts: Mapping[str, str]


def pack(text: str) -> str:
    """`text` as base64 of zlib; empty when that has more than 20,000 characters."""
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return packed if len(packed) <= MAX_PACKED else ""


def unpack(packed: str) -> str:
    """What was packed; empty for what was not, and for more than a megabyte."""
    unzip = zlib.decompressobj()
    try:
        data = unzip.decompress(base64.b64decode(packed, validate=True), MAX_TEXT_BYTES + 1)
        return data.decode() if unzip.eof and len(data) <= MAX_TEXT_BYTES else ""
    except (binascii.Error, zlib.error, ValueError):
        return ""


def dump(state: State) -> str:
    """`state` as ASCII JSON that can stand in an HTML comment: no `<` or `>`, and no `-` but a number's sign."""
    data = {"version": state.version, **state.model_dump(mode="json", exclude_defaults=True)}
    return in_comment(json.dumps(data, separators=(",", ":")))


def in_comment(json_text: str) -> str:
    """JSON with `<`, `>` and `-` written as `\\uXXXX` in its strings."""
    plain = STRING.sub(lambda match: match[0].replace("-", "\\u002d"), json_text)
    return plain.replace("<", "\\u003c").replace(">", "\\u003e")


def load(json_text: str) -> State:
    """The state that `dump` wrote; an empty one where it was damaged, or written by a version with another form."""
    try:
        parse_object(json_text)  # a key that stands there twice would say two things
        return State.model_validate_json(json_text)
    except ValueError:  # pydantic's is one, too
        return State()


def well_formed(text: str) -> str:
    """`text` with U+FFFD for half a surrogate pair, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def place(content: Content, key: str, section: SectionState, text: str, *, current_head: str | None) -> Content | None:
    """`content` with the section `key` put in; `None` when what is there stands for something newer.

    A result for `current_head`, the pull request's head as GitHub has it *now*, replaces any other, and only another
    such replaces it. Otherwise the later run, or the later attempt of the same run, wins.
    """
    if len(key) > MAX_KEY:
        raise ConfigError(
            f"The section's name has {len(key)} characters.", cure=f"Keep `section` under {MAX_KEY} characters."
        )
    key = well_formed(key)
    old = content.state.sections.get(key)
    if old is not None and not _replaces(section, old, current_head):
        return None
    sections = {**content.state.sections, key: section}
    return Content(content.state.model_copy(update={"sections": sections}), {**content.texts, key: text})


def _replaces(new: SectionState, old: SectionState, current_head: str | None) -> bool:
    if new.head != old.head and current_head in (new.head, old.head):
        return new.head == current_head
    return _age(new) >= _age(old)


def _age(section: SectionState) -> tuple[int, int]:
    return section.run, section.attempt


def merge(content: Content, other: Content) -> Content:
    """Two comments of one pull request as one: of each section the newer run's.

    What they spent is added up when no write is in both; otherwise the larger account stands, as it holds the other.
    """
    newer = {
        key
        for key, section in other.state.sections.items()
        if key not in content.state.sections or _age(section) > _age(content.state.sections[key])
    }
    newer |= other.texts.keys() - content.texts.keys() - content.state.sections.keys()
    texts = {key: text for key, text in other.texts.items() if key in newer}
    kept = {key: text for key, text in content.texts.items() if key not in newer}
    return Content(_merged(content.state, other.state, newer), {**kept, **texts})


def _merged(state: State, other: State, newer: Iterable[str]) -> State:
    sections = {**state.sections, **{key: other.sections[key] for key in newer if key in other.sections}}
    over = {f"{one.run}-{one.attempt}-{key}" for key, one in sections.items() if not one.in_progress}
    reserved = {**state.reserved, **other.reserved}
    apart = bool(other.writes) and not set(other.writes) & set(state.writes)
    return state.model_copy(
        update={
            "sections": sections,
            "spent": state.spent + other.spent if apart else state.spent.at_least(other.spent),
            "reserved": {key: spent for key, spent in reserved.items() if key not in over},
            "ignored": tuple(dict.fromkeys((*state.ignored, *other.ignored))),
            "writes": tuple(dict.fromkeys((*other.writes, *state.writes)))[-MAX_WRITES:],
        }
    )


def noted(content: Content, write: str) -> Content:
    """`content` with `write` among the writes that it holds."""
    writes = tuple(dict.fromkeys((*content.state.writes, write)))[-MAX_WRITES:]
    return replace(content, state=content.state.model_copy(update={"writes": writes}))


def compact(state: State, limit: int) -> State:
    """`state` with less and less of what a later run can do without, until its JSON has at most `limit` characters.

    Packed prompts go first (they are in the run's artifact), then verdicts (they can be measured again), then what
    people accepted (they are asked again), the largest and the oldest first. Sections and spending always stay.
    """
    ever_smaller = list(_ever_smaller(state))
    fits = bisect.bisect_left(ever_smaller, True, key=lambda one: len(dump(one)) <= limit)
    return ever_smaller[min(fits, len(ever_smaller) - 1)]


def _ever_smaller(state: State) -> Iterator[State]:
    yield state
    packed = ((len(one.packed), key) for key, part in state.sections.items() for one in part.suggestions if one.packed)
    for length, key in sorted(packed, reverse=True):
        state = _changed(state, key, suggestions=_unpacked(state.sections[key].suggestions, length))
        yield state
    measured = [key for key, part in state.sections.items() if part.verdicts]
    for key in sorted(measured, key=lambda key: len(state.sections[key].verdicts), reverse=True):
        state = _changed(state, key, verdicts={})
        yield state
    while state.ignored:
        state = state.model_copy(update={"ignored": state.ignored[1:]})
        yield state


def _unpacked(suggestions: tuple[Suggested, ...], length: int) -> tuple[Suggested, ...]:
    """`suggestions` without the packed prompts of `length` and more characters."""
    return tuple(one.model_copy(update={"packed": ""}) if len(one.packed) >= length else one for one in suggestions)


def _changed(state: State, key: str, **update: object) -> State:
    section = state.sections[key].model_copy(update=update)
    return state.model_copy(update={"sections": {**state.sections, key: section}})
