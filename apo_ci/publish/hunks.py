"""Unified diffs, read and written: what a reviewer may comment on, which lines differ, what `git apply` takes.

The format is git's (https://git-scm.com/docs/diff-format, "Generating patch text with -p"). Lines end at `\\n` alone,
as git has it: a carriage return or U+2028 is part of its line. Line numbers are one-based.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from apo_ci.report.diff import unified_diff

HEADER = re.compile(r"@@ -[0-9]{1,9}(?:,([0-9]{1,9}))? \+([0-9]{1,9})(?:,([0-9]{1,9}))? @@")
SHORT_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


@dataclass(frozen=True, slots=True)
class Replacement:
    """Lines `start` to `end` give way to `lines`, which keep their ends; `end` is `start - 1` where nothing goes."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hunk:
    """`shown` are lines of the new file; `changed` the added ones, and those that now stand where lines went."""

    shown: range
    changed: tuple[int, ...]


def split_lines(text: str) -> tuple[str, ...]:
    """The lines of `text` with their ends; only the last one can be without."""
    pieces = text.split("\n")
    return (*(piece + "\n" for piece in pieces[:-1]), *filter(None, pieces[-1:]))


def commentable(diff: str) -> tuple[range, ...]:
    """The new file's lines that the hunks of `diff` show: GitHub takes review comments on these alone."""
    return tuple(hunk.shown for hunk in _hunks(diff) if hunk.shown)


def locate(diff: str, text: str | None = None) -> tuple[int, int]:
    """The first and last line of the head's file that the first hunk of its `diff` changes; else line 1.

    `text` is that file: no line is beyond its end, which the line after a deletion can be.
    """
    changed = next((hunk.changed for hunk in _hunks(diff) if hunk.changed), (1,))
    last = changed[-1] if text is None else len(split_lines(text))
    first = max(min(changed[0], last), 1)
    return first, max(min(changed[-1], last), first)


def replacements(before: str, after: str) -> tuple[Replacement, ...]:
    """What turns `before` into `after`, first to last; unchanged lines stand between any two."""
    old, new = split_lines(before), split_lines(after)
    return tuple(
        Replacement(old_start + 1, old_end, new[new_start:new_end])
        for tag, old_start, old_end, new_start, new_end in difflib.SequenceMatcher(None, old, new).get_opcodes()
        if tag != "equal"
    )


def file_patch(path: str, before: str, after: str) -> str:
    """What `git apply` takes to turn the file at `path` from `before` into `after`; empty when they are equal."""
    if before == after:
        return ""
    hunks = unified_diff(before, after, "").split("\n", 2)[2]
    old, new = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    end = "\t" if " " in path else ""  # as git writes it, for tools that end an unquoted name at a space
    return f"diff --git {old} {new}\n--- {old}{end}\n+++ {new}{end}\n{hunks}"


def _quoted(name: str) -> str:
    """`name` as git writes it into a header (`core.quotePath`): quoted when it has quotes, controls or non-ASCII."""
    octets = name.encode("utf-8", "surrogateescape")
    written = "".join(_escaped(octet) for octet in octets)
    return name if written == name else f'"{written}"'


def _escaped(octet: int) -> str:
    if octet in SHORT_ESCAPES:
        return f"\\{SHORT_ESCAPES[octet]}"
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03o}"


def _hunks(diff: str) -> Iterator[_Hunk]:
    lines = iter(diff.split("\n"))
    for line in lines:
        header = HEADER.match(line)
        if header:
            yield _read_hunk(header, lines)


def _read_hunk(header: re.Match[str], lines: Iterator[str]) -> _Hunk:
    """One hunk; its counts say where it ends, so that no line of the file is taken for a header."""
    old_left, new_left = int(header[1] or 1), int(header[3] or 1)
    number = int(header[2])
    shown = range(number, number + new_left)
    changed: list[int] = []
    while old_left > 0 or new_left > 0:
        line = next(lines, None)
        if line is None:
            break
        mark = line[:1]
        if mark == "\\":  # "\ No newline at end of file"
            continue
        if mark in {"+", "-"}:
            changed.append(number)
        if mark != "+":
            old_left -= 1
        if mark != "-":
            new_left -= 1
            number += 1
    return _Hunk(shown, tuple(changed))
