"""What to call the prompts of a table."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.report import words
from apo_ci.report.model import PromptReport

NAME_LIMITS = (30, 40, 56, 72, 100)  # characters of a prompt's name in a table that fits GitHub's column
MAX_EVAL = 40


def unambiguous(prompts: Sequence[PromptReport]) -> list[str]:
    """A short name for each: its path, with its eval set's where several have the same path."""
    paths = [prompt.path for prompt in prompts]
    names = words.short_paths(paths, NAME_LIMITS)
    several = {path for path in paths if paths.count(path) > 1}
    return [
        names[prompt.path] + (f" ({words.short_path(prompt.eval, MAX_EVAL)})" if prompt.path in several else "")
        for prompt in prompts
    ]
