"""Where in a request something is shown: between marks, in a fence, in tags, in quotes, or after a field's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MARKS = re.compile(r"^<<<[^\n]*\n(.*?)\n[^\n]*>>>[ \t]*$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
_QUOTES = re.compile(r"(?:^|: ?|\n)(?:\"\"\"\s*(.+?)\s*\"\"\"|[\"“](.+?)[\"”][ \t]*$)", re.DOTALL | re.MULTILINE)
_TAG = re.compile(r"<([A-Za-z_]\w*)((?:\s[^<>]*)?)>")
_FIELD_NAME = (
    r"(?:(?:current|new|old|original|first|second|parent|initial|final|your|my|the|improved)[ ]){0,3}"
    r"(?:prompts?|instructions?|input|candidate)(?:[ ](?:\d{1,2}|[A-Z]))?"
)
_OTHER_NAME = (
    r"(?:output|note|improved|cases?|examples?|right answer|answer given|reason|in other words|criticism|feedback|"
    r"score|errors?|history|failures?|task|problems?)(?:[ ]\d{1,2})?"
)
_FIELD = re.compile(rf"^[ \t#*\d.]*{_FIELD_NAME}[ *]*(?:\([^()\n]*\))?[ *]*:[ \t*]*", re.IGNORECASE | re.MULTILINE)
_NEXT_FIELD = re.compile(rf"^[ \t#*\d.]*(?:{_FIELD_NAME}|{_OTHER_NAME})[^\n:]{{0,24}}:", re.IGNORECASE | re.MULTILINE)
ABOUT_PROMPTS = re.compile(
    r"\b(?:prompts?|instructions?|json|tags?|rewrite|rewritten|paraphrase|variation|merge|new version)\b|```",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Region:
    """A stretch of a text. `number` is what the tags around it carry; an `open` one has no clear end."""

    start: int
    end: int
    number: int | None = None
    open: bool = False

    def holds(self, offset: int) -> bool:
        """Whether `offset` is in it."""
        return self.start <= offset < self.end


def find_regions(text: str) -> tuple[Region, ...]:
    """All regions of `text`, also those within others."""
    return (*_simple(text), *_tagged(text), *_fields(text))


def _simple(text: str) -> Iterator[Region]:
    for pattern in (_MARKS, _FENCE, _QUOTES):
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            yield Region(match.start(group), match.end(group))


def _tagged(text: str) -> Iterator[Region]:
    for match in _TAG.finditer(text):
        end = text.find(f"</{match.group(1)}>", match.end())
        if end >= 0:
            number = re.search(r"\d+", match.group(2))
            yield Region(match.end(), end, None if number is None else int(number.group()))


def _fields(text: str) -> Iterator[Region]:
    for match in _FIELD.finditer(text):
        following = _NEXT_FIELD.search(text, match.end())
        end = len(text) if following is None else following.start()
        yield Region(match.end(), _until_request(text, match.end(), end), open=True)


def _until_request(text: str, start: int, end: int) -> int:
    """The end of what is shown from `start`: before the first line after it that speaks of prompts again."""
    position = text.find("\n", start, end)
    while 0 <= position < end:
        following = text.find("\n", position + 1, end)
        if ABOUT_PROMPTS.search(text, position + 1, end if following < 0 else following):
            return position
        position = following
    return end
