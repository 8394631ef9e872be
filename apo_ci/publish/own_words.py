"""The lines of a comment that its author says, as against quotes, code and what is not shown at all.

CommonMark 0.31 (https://spec.commonmark.org/0.31.2/) as far as it is needed to tell: fenced code, block quotes with
their lazy continuation, HTML blocks and comments, code spans over several lines. In doubt a line is not taken for the
author's own; indented code is left to the caller, who looks at the line's first character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE_END = re.compile(r"\r\n|\n|\r")
FENCE = re.compile(r"(?P<indent> {0,3}(?:(?:[-*+]|\d{1,9}[.)]) +)*)(?P<run>`{3,}(?=[^`]*$)|~{3,})")
QUOTE = re.compile(r" {0,3}(?:(?:[-*+]|\d{1,9}[.)]) +)*>")
HTML = re.compile(r" {0,3}<(?!!--)[A-Za-z/!?]")
HTML_CONTAINER = re.compile(r" {0,3}<(pre|script|style|textarea|blockquote|code)(?=[\s>]|$)", re.IGNORECASE)
COMMENT, COMMENT_END = "<!--", "-->"


@dataclass(frozen=True, slots=True)
class _Fenced:
    """Fenced code; a list item's ends, too, with a line that stands left of the item."""

    run: str
    indent: int

    def ends_before(self, line: str) -> bool:
        return self.indent > 0 and line.strip() != "" and len(line) - len(line.lstrip(" ")) < self.indent

    def ends_with(self, line: str) -> bool:
        text = line.strip(" \t")
        return len(text) >= len(self.run) and set(text) == {self.run[0]}


@dataclass(frozen=True, slots=True)
class _Until:
    """Everything up to the line that holds `end`; an inline comment goes no further than its paragraph."""

    end: str
    inline: bool = False

    def ends_before(self, line: str) -> bool:
        return self.inline and line.strip() == ""

    def ends_with(self, line: str) -> bool:
        _, found, after = line.lower().partition(self.end)
        return found != "" and (self.end != COMMENT_END or _opened_comment(after) is None)


def own_lines(body: str) -> Iterator[str]:
    """The lines of the Markdown `body` that its author says, in order."""
    region: _Fenced | _Until | None = None
    is_quoted = spans = False
    for line in LINE_END.split(body):
        if region is not None and region.ends_before(line):
            region = None
        if region is not None:
            region = None if region.ends_with(line) else region
            continue
        is_blank = line.strip() == ""
        is_quoted = not is_blank and (is_quoted or QUOTE.match(line) is not None or HTML.match(line) is not None)
        region = _opened_block(line)
        if region is not None:
            is_quoted = spans = False
        else:
            if not (is_quoted or spans):
                yield line
            spans = not is_blank and (spans or _has_open_span(line))
            region = _opened_comment(line)


def _opened_block(line: str) -> _Fenced | _Until | None:
    """What begins with `line` and hides it."""
    fence = FENCE.match(line)
    if fence is not None:
        in_item = fence["indent"].strip(" ") != ""
        return _Fenced(fence["run"], len(fence["indent"]) if in_item else 0)
    container = HTML_CONTAINER.match(line)
    if container is not None:
        end = f"</{container[1].lower()}>"
        return None if end in line.lower() else _Until(end)
    return None


def _opened_comment(line: str) -> _Until | None:
    """The comment that begins in `line` and does not end there."""
    before, opened, after = line.rpartition(COMMENT)
    if not opened or COMMENT_END in after:
        return None
    return _Until(COMMENT_END, inline=before.strip(" ") != "")


def _has_open_span(line: str) -> bool:
    """Whether `line` has a run of backticks without its like after it, which may begin code that goes on."""
    runs = re.findall("`+", line)
    at = 0
    while at < len(runs):
        try:
            at = runs.index(runs[at], at + 1) + 1
        except ValueError:
            return True
    return False
