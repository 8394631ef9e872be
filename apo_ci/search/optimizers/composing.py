"""Prompts put together from some of the hunks of a change."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.errors import InputError
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.hunks import compose


def with_examples(prompt: Prompt, parent: Prompt) -> Prompt | None:
    """`prompt` with the demonstrations of `parent`; `None` where it cannot take them."""
    try:
        return prompt.with_demonstrations(parent.demonstrations) if parent.demonstrations else prompt
    except InputError:
        return None


def composed(before: Prompt, after: Prompt, hunks: Sequence[int]) -> Prompt | None:
    """`before` with some of the hunks; `None` where that is no prompt of the same structure."""
    try:
        return compose(before, after, hunks)
    except InputError:
        return None
