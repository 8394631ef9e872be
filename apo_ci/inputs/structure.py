"""What a message is made of: literal text that may be edited, Jinja2 that may not, and protected regions.

Read from Jinja2's own token stream, so that it agrees with what is rendered. Offsets are into the text as written;
Jinja2 itself sees line ends as `\\n`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError

from apo_ci.errors import InputError
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
    structures = tuple(reader.read(message.text, line + count_lines(body[: message.start])) for message in messages)
    reader.finish()
    return structures


class _Reader:
    """Reads messages in order; a protected region may begin in one and end in a later one."""

    def __init__(self, path: str):
        self._path = path
        self._keep_line: int | None = None  # where the open region began

    def read(self, text: str, first_line: int) -> Structure:
        """The structure of the next message."""
        template = Template(text, self._path, first_line)
        tokens = list(_tokens(text, self._path, first_line))
        regions = self._regions(text, tokens, first_line)
        free = [token for token in tokens if not any(start <= token[2] < end for start, end in regions)]
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
        opened = 0
        for kind, value, start, end in tokens:
            mark = " ".join(value.replace("apo:", "apo: ").split())
            if kind != "comment" or not mark.startswith("apo:"):
                continue
            self._mark(mark, first_line + count_lines(text[:start]))
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
