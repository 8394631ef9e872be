"""Drafts out of what a writer returns."""

from __future__ import annotations

import random
from dataclasses import replace

from apo_ci.errors import ApoError
from apo_ci.search.candidate import Draft
from apo_ci.search.writing.writer import Texts


def rewritten(draft: Draft, texts: Texts) -> Draft | None:
    """`draft` with other texts of its prompt's parts; `None` when that changes nothing, or is no prompt."""
    changed = {index: text for index, text in texts.items() if text != draft.prompt.parts[index].text}
    if not changed:
        return None
    try:
        return replace(draft, prompt=draft.prompt.with_parts(changed))
    except ApoError:
        return None


def lot(rng: random.Random) -> int:
    """A number that tells one request from its repetitions, the same in every run with a seed."""
    return rng.randrange(2**31)
