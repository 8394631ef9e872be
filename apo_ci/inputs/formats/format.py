"""What a prompt file format must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from apo_ci.documents import Document


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt file taken apart.

    `header` is its front matter with lines (`None` without one). `body` is its messages in the native notation;
    `first_line` is the line of the file on which the body begins (one-based).
    """

    header: Document | None
    body: str
    first_line: int


class PromptFormat(Protocol):
    """Reads one file format, and writes an edited body back without touching anything else."""

    def read(self, source: str, path: str) -> PromptFile:
        """Take `source` apart. Raises `InputError` at the line that is wrong."""
        ...

    def write(self, source: str, path: str, body: str) -> str:
        """`source` with `body` for its body, and everything else as it was, byte for byte."""
        ...
