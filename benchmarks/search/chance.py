"""Chances that follow from what they are about, the same in every process."""

from __future__ import annotations

import hashlib
from statistics import NormalDist

_NORMAL = NormalDist()


def fraction(*about: object) -> float:
    """A number in (0, 1) that follows from `about`, as if drawn evenly."""
    digest = hashlib.blake2b("\x1f".join(map(str, about)).encode(), digest_size=7).digest()
    return (int.from_bytes(digest) + 0.5) / 2**56


def between(low: float, high: float, *about: object) -> float:
    """A number between `low` and `high` that follows from `about`."""
    return low + (high - low) * fraction(*about)


def deviate(*about: object) -> float:
    """A standard normal deviate that follows from `about`."""
    return _NORMAL.inv_cdf(fraction(*about))
