"""Suggestion blocks: a new version of a file as replacements of whole lines that a pull request's diff shows.

GitHub's form: https://docs.github.com/pull-requests/how-tos/review-changes/incorporate-feedback-in-your-pull-request.
A suggestion was measured as a whole. So changes within one hunk of the diff become one block, and a file whose
changes GitHub could show, or would apply, only in part or not exactly has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from apo_ci.publish.hunks import Replacement, commentable, replacements, split_lines
from apo_ci.publish.limits import MAX_REVIEW_TEXT
from apo_ci.report.escape import visible

SHOWN_CHARACTER = "‹U+"  # what `visible` writes for a character that cannot be seen


@dataclass(frozen=True, slots=True)
class Block:
    """Lines `start` to `end` (one-based, inclusive, at least one) of the head file give way to `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]

    @property
    def markdown(self) -> str:
        """The block, in a fence longer than any run of backticks inside (CommonMark 0.31, section 4.5)."""
        content = "".join(self.lines)
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", content)), default=0))
        return f"{fence}suggestion\n{content}{fence}"


@dataclass(frozen=True, slots=True)
class Unsuitable:
    """No suggestion block can carry the change; `reason` ends the sentence "It is not offered on its lines: …"."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Span:
    """Changes inside one hunk, and the lines that their block replaces."""

    shown: range
    start: int
    end: int
    changes: tuple[Replacement, ...]


def suggestion_blocks(before: str, after: str, pull_request_diff: str) -> tuple[Block, ...] | Unsuitable:
    """The blocks that together turn the head file `before` into `after`.

    `pull_request_diff` is the file's diff from the merge base to the head, with three lines of context as on GitHub.
    """
    reason = _reason_against(before, after)
    if reason:
        return Unsuitable(reason)
    lines = split_lines(before)
    shown = [range(max(part.start, 1), min(part.stop, len(lines) + 1)) for part in commentable(pull_request_diff)]
    spans: list[_Span] = []
    for change in replacements(before, after):
        span = _placed(change, shown)
        if span is None:
            return Unsuitable("the pull request's diff does not show all lines that change")
        if spans and spans[-1].shown == span.shown:
            spans[-1] = replace(spans[-1], end=span.end, changes=(*spans[-1].changes, change))
        else:
            spans.append(span)
    blocks = [_block(lines, span) for span in spans]
    return _checked([block for block in blocks if block is not None], len(spans))


def _reason_against(before: str, after: str) -> str:
    if not before or not after:
        return "an empty file has no lines to suggest on" if not before else "it leaves an empty file"
    if "\r" in before or "\r" in after:
        return "the file has carriage returns, which GitHub may change"
    if before.endswith("\n") != after.endswith("\n"):
        return "it changes whether the last line has an end"
    return ""


def _placed(change: Replacement, shown: Sequence[range]) -> _Span | None:
    """`change` in the hunk that shows it; an insertion takes the line after or before it along."""
    places = [(change.start, change.end)] if change.end >= change.start else [(change.start,) * 2, (change.end,) * 2]
    for start, end in places:
        for part in shown:
            if start in part and end in part:
                return _Span(part, start, end, (change,))
    return None


def _block(lines: Sequence[str], span: _Span) -> Block | None:
    """The block for `span`; with a line beside it when it would be blank, which GitHub and people read as nothing."""
    start, end = span.start, span.end
    while True:
        content = _content(lines, start, end, span.changes)
        if any(line.strip() for line in content):
            return Block(start, end, content)
        if end + 1 in span.shown:
            end += 1
        elif start - 1 in span.shown:
            start -= 1
        else:
            return None


def _content(lines: Sequence[str], start: int, end: int, changes: Sequence[Replacement]) -> tuple[str, ...]:
    content: list[str] = []
    position = start
    for change in changes:
        content += [*lines[position - 1 : change.start - 1], *change.lines]
        position = change.end + 1
    return (*content, *lines[position - 1 : end])


def _checked(blocks: Sequence[Block], wanted: int) -> tuple[Block, ...] | Unsuitable:
    if len(blocks) < wanted:
        return Unsuitable("blank lines alone would be left where it takes lines away")
    for block in blocks:
        content = "".join(block.lines)
        if not content.endswith("\n"):
            return Unsuitable("the last line has no end, and GitHub may give it one")
        if visible(content).count(SHOWN_CHARACTER) != content.count(SHOWN_CHARACTER):
            return Unsuitable("the lines have characters that cannot be seen")
        if len(block.markdown.encode()) > MAX_REVIEW_TEXT:
            return Unsuitable("it is longer than a review comment may be")
    return tuple(blocks)
