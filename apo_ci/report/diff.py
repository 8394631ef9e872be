"""Unified diffs of prompt files: exact for machines, and shortened for readers."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence

from apo_ci.report.escape import clip, visible

CONTEXT_LINES = 3
NO_NEWLINE = "\\ No newline at end of file"


def unified_diff(before: str, after: str, path: str) -> str:
    """What `git apply` takes to turn `before` into `after`; empty when they are equal.

    Lines end at `\\n` alone, so a carriage return is part of its line. Names in the header show invisible
    characters as `‹U+XXXX›`.
    """
    name = visible(path).replace("\n", " ").replace("\t", " ")
    lines = list(
        difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}", n=CONTEXT_LINES, lineterm="\n")
    )
    return "".join(line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines of `text` with their ends; unlike `str.splitlines`, only `\\n` ends one."""
    pieces = text.split("\n")
    return [piece + "\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def for_readers(diff: str, *, max_lines: int, max_line: int, max_characters: int) -> str:
    """`diff` in at most `max_lines` lines of at most `max_line` characters each, saying what was left out.

    The file names of the header, which the report's heading gives already, are dropped. Carriage returns are
    dropped when every line has one; otherwise they stay, and are shown.
    """
    lines = diff.removesuffix("\n").split("\n")
    if len(lines) > 2 and lines[0].startswith("--- ") and lines[1].startswith("+++ "):
        lines = lines[2:]
    lines = [_clipped(line, max_line) for line in _without_uniform_returns(lines)]
    ends = itertools.accumulate(len(line) + 1 for line in lines)
    kept = min(max_lines, sum(end <= max_characters for end in ends))
    missing = [f"… {len(lines) - kept:,} more lines of the diff …"] if kept < len(lines) else []
    return "\n".join(lines[:kept] + missing)


def _without_uniform_returns(lines: Sequence[str]) -> list[str]:
    content = [line for line in lines if line[:1] in {" ", "+", "-"}]
    if content and all(line.endswith("\r") for line in content):
        return [line.removesuffix("\r") for line in lines]
    return list(lines)


def _clipped(line: str, limit: int) -> str:
    return line if len(line) <= limit else f"{clip(line, limit)} ({len(line) - limit + 1:,} more characters)"
