"""Cases and datasets: what a prompt is tried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Split = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of an eval set. `id` is a content hash of inputs and target unless the row brought its own."""

    id: str
    inputs: Mapping[str, Any]
    target: Any
    metadata: Mapping[str, Any] = field(default_factory=dict)
    split: Split | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    """The cases of one eval set in file order; `fingerprint` is a SHA-256 over their ids, inputs and targets."""

    path: str
    cases: tuple[Case, ...]
    fingerprint: str
    warnings: tuple[str, ...] = ()
