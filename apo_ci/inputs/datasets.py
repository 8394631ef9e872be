"""Datasets: the cases of one eval set, read from JSONL, CSV or YAML."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

from apo_ci.errors import InputError
from apo_ci.inputs.cases import (
    Case,
    KeyedCase,
    Split,
    contradiction,
    empty,
    encode,
    overlap,
    read_cases,
    read_keyed_cases,
    repeated_id,
    text_of,
)
from apo_ci.inputs.scanning import DatasetSummary, duplicate_warnings, scan_dataset

__all__ = ["Case", "Dataset", "DatasetSummary", "Split", "load_dataset", "read_cases", "scan_dataset", "text_of"]

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Dataset:
    """The cases of one eval set in file order; `fingerprint` is a SHA-256 over ids, inputs, targets and splits."""

    path: str
    cases: tuple[Case, ...]
    fingerprint: str
    warnings: tuple[str, ...] = ()


def load_dataset(data: bytes, path: str, columns: Mapping[str, str]) -> Dataset:
    """The dataset in a file of these bytes.

    Of exact duplicates the first is kept and a warning names the lines. Raises `InputError` for what cannot be read,
    contradictions (same inputs, other target), an id that stands for two cases, and a file without rows.
    """
    cases: list[Case] = []
    by_inputs: dict[int, KeyedCase] = {}
    by_id: dict[str, Case] = {}
    repeated: list[tuple[int, int]] = []
    for keyed in read_keyed_cases(io.BytesIO(data), path, columns):
        if isinstance(keyed, InputError):
            raise keyed
        case = keyed.case
        first = by_inputs.setdefault(keyed.inputs_key, keyed)
        if first is not keyed:
            if first.content_key != keyed.content_key:
                raise contradiction(path, first.case.line, case.line)
            if first.case.split != case.split:
                raise overlap(path, first.case.line, case.line)
            repeated.append((first.case.line, case.line))
            continue
        if by_id.setdefault(case.id, case) is not case:
            raise repeated_id(path, by_id[case.id].line, case.line)
        cases.append(case)
    if not cases:
        raise empty(path)
    return Dataset(path, tuple(cases), _fingerprint(cases), duplicate_warnings(path, repeated[:SHOWN], len(repeated)))


def _fingerprint(cases: list[Case]) -> str:
    digest = hashlib.sha256()
    for case in cases:
        digest.update(encode([case.id, case.inputs, case.target, case.split]).encode() + b"\n")
    return digest.hexdigest()
