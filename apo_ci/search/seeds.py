"""Random generators that follow from the seed and from what they are for, never from the order of events."""

from __future__ import annotations

import random


def generator(seed: int, *purpose: str | int) -> random.Random:
    """The generator of `purpose`, the same in every run with `seed`."""
    return random.Random(":".join(map(str, (seed, *purpose))))  # noqa: S311 (to be repeated, not to be secret)
