"""Train, dev and test: disjoint splits that stay put when a dataset is reordered or grows.

Each case is placed by itself: a hash of its id, salted with its label, is read as a number in [0, 1) and compared with
the fractions. No case looks at another one, so old cases never move. Salting gives each label its own sequence: the
splits are stratified in expectation, not by exact counts, which no rule that lets a file grow could promise. A row's
own `split` wins, and is the way to exact counts.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field, model_validator

from apo_ci.config import Settings
from apo_ci.errors import InputError
from apo_ci.inputs.cases import Case, Split, encode, text_of


class SplitFractions(Settings):
    """What share of the cases each split gets; they sum to 1."""

    train: float = Field(default=0.3, ge=0, le=1)
    dev: float = Field(default=0.3, ge=0, le=1)
    test: float = Field(default=0.4, ge=0, le=1)

    @model_validator(mode="after")
    def _sum_to_one(self) -> SplitFractions:
        total = self.train + self.dev + self.test
        if not math.isclose(total, 1, abs_tol=1e-6):
            raise ValueError(f"train, dev and test sum to {total:g}, not to 1")
        return self


@dataclass(frozen=True)
class Splits:
    """The cases of each split, in file order."""

    train: tuple[Case, ...]
    dev: tuple[Case, ...]
    test: tuple[Case, ...]


def assign_splits(cases: Iterable[Case], fractions: SplitFractions, *, labels: bool, path: str | None = None) -> Splits:
    """Place every case; `labels` says that targets are labels to stratify by, `path` where the cases stand.

    Raises `InputError` when the same inputs would stand in two splits.
    """
    placed: dict[Split, list[Case]] = {"train": [], "dev": [], "test": []}
    seen: dict[str, tuple[Split, Case]] = {}
    for case in cases:
        split = case.split or _place(case, fractions, labels=labels)
        placed[split].append(case)
        first_split, first = seen.setdefault(encode(case.inputs), (split, case))
        if first_split != split:
            raise InputError(
                f"Lines {first.line} and {case.line} have the same inputs and are in {first_split} and {split}.",
                cure="Remove one of them, or give both the same `split`.",
                path=path,
                line=case.line,
            )
    return Splits(tuple(placed["train"]), tuple(placed["dev"]), tuple(placed["test"]))


def _place(case: Case, fractions: SplitFractions, *, labels: bool) -> Split:
    salt = text_of(case.target) if labels else ""
    digest = hashlib.sha256(f"{len(salt)}:{salt}:{case.id}".encode()).digest()
    position = int.from_bytes(digest[:7]) / 2**56  # 56 bits are exact in a float
    if position < fractions.train:
        return "train"
    return "dev" if position < fractions.train + fractions.dev else "test"
