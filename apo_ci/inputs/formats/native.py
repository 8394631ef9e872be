"""The native format: optional YAML front matter between `---` lines, then the messages as Jinja2 text.

`system:`, `user:` or `assistant:` alone on a line opens a message. Without such a line the whole text is one user
message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from apo_ci import documents
from apo_ci.errors import InputError
from apo_ci.inputs import limits
from apo_ci.inputs.formats.format import PromptFile
from apo_ci.lm.model import Role

_FENCE = r"---[ \t]*"
_FRONT_MATTER = re.compile(
    rf"\ufeff?{_FENCE}(?:\r\n|\r|\n)(.*?)(?:(?<=\n)|(?<=\r)){_FENCE}(?:\r\n|\r|\n|\Z)", re.DOTALL
)
_OPENING = re.compile(rf"\ufeff?{_FENCE}(?:\r\n|\r|\n|\Z)")
_MARKER = re.compile(r"(?:(?<=\n)|(?<=\r)|\A)(system|user|assistant):[ \t]*(?:\r\n|\r|\n|\Z)")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """One message of a prompt: its Jinja2 source, and the offset of that source in the body."""

    role: Role
    text: str
    start: int


class NativeFormat:
    """`*.prompt.md`."""

    def read(self, source: str, path: str) -> PromptFile:
        """Split off the front matter."""
        match = _FRONT_MATTER.match(source)
        if match is None:
            if _OPENING.match(source):
                raise InputError(
                    "The front matter has no end.",
                    cure="Close it with a line that holds only `---`.",
                    path=path,
                    line=1,
                )
            return PromptFile(None, source.removeprefix("\ufeff"), 1)
        header = documents.parse(match[1], path, first_line=2, error=InputError)
        return PromptFile(header, source[match.end() :], 1 + count_lines(match[0]))

    def write(self, source: str, path: str, body: str) -> str:
        """Put `body` after the front matter."""
        written = source[: len(source) - len(self.read(source, path).body)] + body
        if self.read(written, path).body != body:
            raise InputError(
                "The new text would be read as front matter.", cure="Begin it with something else.", path=path
            )
        return written


def count_lines(text: str) -> int:
    """How many line ends `text` has."""
    return len(_LINE_END.findall(text))


def opens_message(text: str) -> bool:
    """Whether a line of `text` would open a message."""
    return _MARKER.search(text) is not None


def split_messages(body: str, path: str, first_line: int) -> tuple[MessageTemplate, ...]:
    """The messages of `body`; one line end before the next marker and at the end belongs to none.

    Raises `InputError` for text before the first marker and for empty messages.
    """
    markers = list(_MARKER.finditer(body))
    if not body.strip():
        raise InputError("The prompt is empty.", cure="Write its text.", path=path, line=first_line)
    if not markers:
        return (_message("user", body, 0, len(body)),)
    before = body[: markers[0].start()]
    if before.strip():
        line = first_line + count_lines(before[: len(before) - len(before.lstrip())])
        role = markers[0][1]
        raise InputError(
            f"There is text before the first message (`{role}:`).",
            cure="Put a line `system:` or `user:` above it.",
            path=path,
            line=line,
        )
    if len(markers) > limits.MAX_MESSAGES:
        told = f"The prompt has {len(markers):,} messages."
        raise InputError(told, cure=f"Write at most {limits.MAX_MESSAGES:,}.", path=path, line=first_line)
    ends = [marker.start() for marker in markers[1:]] + [len(body)]
    messages = []
    for marker, end in zip(markers, ends, strict=True):
        message = _message(marker[1], body, marker.end(), end)
        if not message.text.strip():
            line = first_line + count_lines(body[: marker.start()])
            raise InputError(
                f"The {message.role} message is empty.", cure="Write its text, or remove it.", path=path, line=line
            )
        messages.append(message)
    return tuple(messages)


def _message(role: str, body: str, start: int, end: int) -> MessageTemplate:
    text = body[start:end]
    for line_end in ("\r\n", "\n", "\r"):
        if text.endswith(line_end):
            text = text.removesuffix(line_end)
            break
    return MessageTemplate(cast(Role, role), text, start)
