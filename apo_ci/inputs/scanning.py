"""One pass over a dataset of any size: everything that is wrong with it, in bounded memory.

Rows are remembered as 64-bit hashes in flat arrays, about 40 bytes each.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apo_ci.errors import InputError
from apo_ci.inputs.cases import (
    SPLITS,
    KeyedCase,
    contradiction,
    empty,
    key_of,
    overlap,
    read_keyed_cases,
    repeated_id,
    text_of,
)
from apo_ci.inputs.rows import Stream

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


SHOWN = 10
ERRORS_SHOWN = 20
LINES_SHOWN = 5  # of one error
DISTINCT = 1_000
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What one pass over a dataset found.

    `targets` counts the first 1,000 distinct targets (as text) and `target_lines` says where each stood first;
    `shapes` gives the first line of every distinct set of input names. Pairs are line numbers, at most ten are kept
    and `n_…` counts all. `errors` holds up to twenty errors, contradictions included; one that several rows have is
    there once. `n_errors` counts rows, and `n_untold` those that no error speaks of.
    """

    rows: int
    targets: Mapping[str, int]
    target_lines: Mapping[str, int]
    shapes: Mapping[frozenset[str], int]
    duplicates: tuple[Pair, ...]
    n_duplicates: int
    contradictions: tuple[Pair, ...]
    n_contradictions: int
    errors: tuple[InputError, ...]
    n_errors: int
    n_untold: int

    @property
    def fields(self) -> frozenset[str]:
        """Every input name that some row has."""
        return frozenset[str]().union(*self.shapes)


def scan_dataset(stream: Stream, path: str, columns: Mapping[str, str]) -> DatasetSummary:
    """Validate the dataset file `path` in one pass; what is wrong is in the summary's `errors`."""
    scan = _Scan(path)
    for keyed in read_keyed_cases(stream, path, columns):
        if isinstance(keyed, InputError):
            scan.fail(keyed)
        else:
            scan.add(keyed)
    return scan.summary()


class _Fault:
    """One error, and the other lines that have it."""

    def __init__(self, first: InputError):
        self._first = first
        self._lines: list[int] = []
        self._more = 0

    def add(self, error: InputError) -> None:
        if error.line is not None and len(self._lines) < LINES_SHOWN:
            self._lines.append(error.line)
        else:
            self._more += 1

    def told(self) -> InputError:
        if not self._lines:
            return self._first
        others = ", ".join(f"{line}" for line in self._lines) + (f" and {self._more:,} more" if self._more else "")
        message = f"{self._first.message.rstrip('.')} (likewise {'lines' if self._lines[1:] else 'line'} {others})."
        return InputError(message, cure=self._first.cure, path=self._first.path, line=self._first.line)


class _Scan:
    def __init__(self, path: str) -> None:
        self._path = path
        self._inputs, self._contents, self._ids = array("Q"), array("Q"), array("Q")
        self._lines, self._id_lines = array("Q"), array("Q")
        self._id_contents = array("Q")
        self._splits = array("B")
        self._targets: dict[str, int] = {}
        self._target_lines: dict[str, int] = {}
        self._shapes: dict[tuple[str, ...], int] = {}
        self._faults: dict[str, _Fault] = {}
        self._n_errors = 0
        self._n_untold = 0

    def fail(self, error: InputError) -> None:
        self._n_errors += 1
        fault = self._faults.get(error.message)
        if fault is not None:
            fault.add(error)
        elif len(self._faults) < ERRORS_SHOWN:
            self._faults[error.message] = _Fault(error)
        else:
            self._n_untold += 1

    def add(self, keyed: KeyedCase) -> None:
        case = keyed.case
        self._inputs.append(keyed.inputs_key)
        self._contents.append(keyed.content_key)
        self._lines.append(case.line)
        self._splits.append(0 if case.split is None else 1 + SPLITS.index(case.split))
        if keyed.own_id:
            self._ids.append(key_of(case.id))
            self._id_contents.append(keyed.content_key)
            self._id_lines.append(case.line)
        text = text_of(case.target)
        if text in self._targets or len(self._targets) < DISTINCT:
            self._targets[text] = self._targets.get(text, 0) + 1
            self._target_lines.setdefault(text, case.line)
        if len(self._shapes) < DISTINCT:
            self._shapes.setdefault(tuple(case.inputs), case.line)

    def summary(self) -> DatasetSummary:
        import numpy as np

        same_inputs = _repetitions(np.asarray(self._inputs))
        contents, splits = np.asarray(self._contents), np.asarray(self._splits)
        differ = contents[same_inputs[0]] != contents[same_inputs[1]]
        contradictions = self._pairs(same_inputs, differ, self._lines)
        duplicates = self._pairs(same_inputs, ~differ, self._lines)
        apart = ~differ & (splits[same_inputs[0]] != splits[same_inputs[1]])
        overlaps = self._pairs(same_inputs, apart, self._lines)
        same_ids = _repetitions(np.asarray(self._ids))
        named = np.asarray(self._id_contents)
        ids = self._pairs(same_ids, named[same_ids[0]] != named[same_ids[1]], self._id_lines)
        for explain, (pairs, total) in ((contradiction, contradictions), (overlap, overlaps), (repeated_id, ids)):
            for pair in pairs:
                self.fail(explain(self._path, *pair))
            self._n_errors += total - len(pairs)
            self._n_untold += total - len(pairs)
        if not self._lines and not self._faults:
            self.fail(empty(self._path))
        return DatasetSummary(
            rows=len(self._lines),
            targets=self._targets,
            target_lines=self._target_lines,
            shapes={frozenset(names): line for names, line in self._shapes.items()},
            duplicates=duplicates[0],
            n_duplicates=duplicates[1],
            contradictions=contradictions[0],
            n_contradictions=contradictions[1],
            errors=tuple(sorted((one.told() for one in self._faults.values()), key=lambda error: error.line or 0)),
            n_errors=self._n_errors,
            n_untold=self._n_untold,
        )

    def _pairs(
        self, rows: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], chosen: npt.NDArray[np.bool_], lines: array[int]
    ) -> tuple[tuple[Pair, ...], int]:
        """The line numbers of the chosen pairs of rows, the first ten, and how many there are."""
        first, second = rows[0][chosen], rows[1][chosen]
        pairs = zip(first[:SHOWN].tolist(), second[:SHOWN].tolist(), strict=True)
        return tuple((lines[one], lines[other]) for one, other in pairs), len(first)


def _repetitions(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The positions of keys that stood before, each with the position of the first; in order of appearance."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    is_new = np.ones(len(keys), dtype=bool)
    is_new[1:] = ranked[1:] != ranked[:-1]
    starts = np.maximum.accumulate(np.where(is_new, np.arange(len(keys)), 0)) if len(keys) else order
    firsts, repeated = order[starts][~is_new], order[~is_new]
    by_position = np.argsort(repeated, kind="stable")
    return firsts[by_position], repeated[by_position]


def duplicate_warnings(path: str, shown: list[tuple[int, int]], total: int) -> tuple[str, ...]:
    """What to say about exact duplicates."""
    said = [f"{path}: lines {first} and {second} hold the same case; the first is used." for first, second in shown]
    if total > len(shown):
        said.append(f"{path}: {total - len(shown):,} more rows repeat an earlier case and are not used.")
    return tuple(said)
