"""What a message is made of: literal text that may be edited, Jinja2 that may not, and protected regions.

Read from Jinja2's own token stream, so that it agrees with what is rendered. Offsets are into the text as written;
Jinja2 itself sees line ends as `\\n`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError

from apo_ci.errors import InputError
from apo_ci.inputs import limits
from apo_ci.inputs.formats.native import MessageTemplate, count_lines
from apo_ci.inputs.templates import ENVIRONMENT, Template

Token = tuple[str, str, int, int]  # kind, text, start, end
_LINE_END = re.compile(r"\r\n|\r|\n")
_ENDRAW = re.compile(r"\{%[-+]?\s*endraw")
_NEEDS_RAW = re.compile(r"\{[{%#]|\{\Z")
_SILENT = frozenset({"whitespace", "comment_begin", "comment_end", "raw_begin", "raw_end", "data"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A stretch of literal, unprotected text of a message; `raw` inside `{% raw %}`."""

    start: int
    end: int
    raw: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """The anatomy of one message; every offset is into its text.

    `signature` is what an edit must leave as it is: Jinja2 tokens, comments, protected regions. `regions` are the
    protected stretches, `opaque` the stretches that no insertion may split, `first_tag` the first `{{` or `{%`.
    """

    template: Template
    literals: tuple[Literal, ...]
    regions: tuple[tuple[int, int], ...]
    opaque: tuple[tuple[int, int], ...]
    first_tag: int | None
    signature: tuple[str, ...]


def unix_lines(text: str) -> str:
    """`text` with `\\n` for every line end."""
    return _LINE_END.sub("\n", text) if "\r" in text else text


def escape(text: str) -> str:
    """Jinja2 source that renders as `text`, which must hold no `endraw` tag."""
    return f"{{% raw %}}{text}{{% endraw %}}" if _NEEDS_RAW.search(text) else text


def refuse_endraw(text: str, path: str) -> None:
    """Raise `InputError` where `text` could close a `{% raw %}`."""
    if _ENDRAW.search(text):
        raise InputError("The text holds an `endraw` tag, which cannot be escaped.", cure="Leave it out.", path=path)


def read_structures(messages: tuple[MessageTemplate, ...], body: str, path: str, line: int) -> tuple[Structure, ...]:
    """The structure of every message of `body`, which begins on `line`. Raises `InputError` at what is wrong."""
    reader = _Reader(path)
    structures = []
    position = 0
    for message in messages:
        line += count_lines(body[position : message.start])
        position = message.start
        structures.append(reader.read(message.text, line))
    reader.finish()
    return tuple(structures)


class _Reader:
    """Reads messages in order; a protected region may begin in one and end in a later one."""

    def __init__(self, path: str):
        self._path = path
        self._keep_line: int | None = None  # where the open region began
        self._tokens_left = limits.MAX_TOKENS

    def read(self, text: str, first_line: int) -> Structure:
        """The structure of the next message."""
        template = Template(text, self._path, first_line, most_tokens=self._tokens_left)
        self._tokens_left -= template.tokens
        tokens = list(_tokens(text, self._path, first_line))
        regions = self._regions(text, tokens, first_line)
        free = [token for token in tokens if not _is_inside(token[2], regions)]
        tags = (start for kind, _, start, _ in tokens if kind in ("variable_begin", "block_begin"))
        return Structure(
            template,
            tuple(_literals(free)),
            tuple(regions),
            tuple(_opaque(tokens)),
            next(tags, None),
            _signature(text, free, regions),
        )

    def finish(self) -> None:
        """Raise `InputError` when a region was left open."""
        if self._keep_line is not None:
            raise InputError(
                "The protected region has no end.",
                cure="Close it with {# apo: end #}.",
                path=self._path,
                line=self._keep_line,
            )

    def _regions(self, text: str, tokens: list[Token], first_line: int) -> list[tuple[int, int]]:
        regions = []
        opened = position = 0
        line = first_line
        for kind, value, start, end in tokens:
            mark = " ".join(value.replace("apo:", "apo: ").split())
            if kind != "comment" or not mark.startswith("apo:"):
                continue
            line += count_lines(text[position:start])
            position = start
            self._mark(mark, line)
            if self._keep_line is not None:
                opened = text.rindex("{#", 0, start)
            else:
                regions.append((opened, text.index("#}", end) + 2))
        if self._keep_line is not None:
            regions.append((opened, len(text)))
        return regions

    def _mark(self, mark: str, line: int) -> None:
        wanted = "apo: keep" if self._keep_line is None else "apo: end"
        if mark != wanted:
            raise InputError(
                f"`{{# {mark} #}}` cannot stand here; `{{# {wanted} #}}` was expected.",
                cure="Write {# apo: keep #} … {# apo: end #}, one after the other.",
                path=self._path,
                line=line,
            )
        self._keep_line = line if wanted == "apo: keep" else None


def _is_inside(offset: int, regions: list[tuple[int, int]]) -> bool:
    """Whether one of `regions`, which follow one another, holds `offset`."""
    found = bisect_right(regions, offset, key=lambda region: region[0])
    return found > 0 and offset < regions[found - 1][1]


def _literals(tokens: list[Token]) -> Iterator[Literal]:
    raw = False
    for kind, _, start, end in tokens:
        raw = kind == "raw_begin" or (raw and kind != "raw_end")
        if kind == "data":
            yield Literal(start, end, raw)


def _opaque(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    opened = 0
    for kind, _, start, end in tokens:
        if kind in ("raw_begin", "comment_begin"):
            opened = start
        elif kind in ("raw_end", "comment_end"):
            yield opened, end


def _signature(text: str, free: list[Token], regions: list[tuple[int, int]]) -> tuple[str, ...]:
    marks = [(start, f"{kind} {value.strip()}") for kind, value, start, _ in free if kind not in _SILENT]
    marks += [(start, "keep " + unix_lines(text[start:end])) for start, end in regions]
    return tuple(mark for _, mark in sorted(marks))


def _tokens(text: str, path: str, first_line: int) -> Iterator[Token]:
    """Jinja2's raw tokens with their offsets in `text` (its lexer drops blanks before `{%-` and knows only `\\n`)."""
    unix = unix_lines(text)
    offsets = _offsets(text) if len(unix) != len(text) else None
    position = 0
    try:
        for _, kind, value in ENVIRONMENT.lexer.tokeniter(unix, None):
            start = position
            while not unix.startswith(value, start):
                start += 1
            position = start + len(value)
            yield kind, value, offsets[start] if offsets else start, offsets[position] if offsets else position
    except TemplateSyntaxError as problem:
        raise InputError(
            f"The template cannot be used: {problem.message}.", path=path, line=first_line + problem.lineno - 1
        ) from problem


def _offsets(text: str) -> list[int]:
    """For each offset in `unix_lines(text)`, the offset in `text`."""
    found = [index for index, character in enumerate(text) if character != "\n" or text[index - 1 : index] != "\r"]
    return [*found, len(text)]
