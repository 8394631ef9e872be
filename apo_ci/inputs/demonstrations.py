"""Worked examples inside a prompt: copies of the lines that hold the case, filled in and answered.

The case block runs from the line of the first Jinja2 tag of the last message with placeholders to the end of that
message. A demonstration is that block rendered for an example, its target, and a blank line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apo_ci.inputs.formats.native import MessageTemplate, count_lines
from apo_ci.inputs.structure import Structure
from apo_ci.inputs.templates import Template

_DIRECT = re.compile(r"""[\s>"'`(\[={]\Z""")  # what a target follows without a blank


@dataclass(frozen=True, slots=True)
class CaseBlock:
    """The text that is repeated for every demonstration; they go in at `insertion` (an offset into the body)."""

    template: Template
    insertion: int
    message: int


def find_case_block(
    messages: Sequence[MessageTemplate], structures: Sequence[Structure], body: str, path: str, line: int
) -> CaseBlock | None:
    """The case block of a prompt whose body begins on `line`; `None` without placeholders."""
    for index in reversed(range(len(messages))):
        message, structure = messages[index], structures[index]
        if structure.template.placeholders and structure.first_tag is not None:
            start = _line_start(message.text, structure.first_tag)
            start = next((end for first, end in structure.opaque if first < start < end), start)
            line += count_lines(body[: message.start + start])
            insertion = message.start + _outside(structure.regions, message.text, start)
            return CaseBlock(Template(message.text[start:], path, line), insertion, index)
    return None


def write_demonstrations(block: CaseBlock, examples: Sequence[tuple[Mapping[str, Any], str]]) -> str:
    """The examples as text with `\\n` for line ends, not yet escaped."""
    return "".join(_answered(block.template.render(inputs), target) + "\n\n" for inputs, target in examples)


def _answered(case: str, target: str) -> str:
    return case + ("" if not case or _DIRECT.search(case) else " ") + target


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _outside(regions: Sequence[tuple[int, int]], text: str, offset: int) -> int:
    """`offset`, or the start of the line of the protected region that it is in."""
    for start, end in regions:
        if start < offset < end:
            line = _line_start(text, start)
            return start if text[line:start].strip() else line
    return offset
