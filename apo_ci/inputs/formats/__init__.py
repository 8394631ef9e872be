"""Prompt file formats, one module each; `format_of` picks by file name."""

from __future__ import annotations

from apo_ci.inputs.formats.format import PromptFile, PromptFormat
from apo_ci.inputs.formats.native import NativeFormat

__all__ = ["NativeFormat", "PromptFile", "PromptFormat", "format_of"]


def format_of(path: str) -> PromptFormat:
    """The format of the prompt file at `path`; whatever is not known to be another one is native."""
    return NativeFormat()
