"""The rows of a dataset file: JSONL, CSV or YAML by suffix, read as a stream where the format allows it.

What is wrong with one row is yielded in its place, so that a reader can go on and report all of it at once.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from apo_ci import documents
from apo_ci.errors import InputError

MAX_LINE_BYTES = 16_000_000
JSON_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = {".csv": ",", ".tsv": "\t"}
YAML_SUFFIXES = (".yaml", ".yml")
Stream = BinaryIO | Iterable[bytes]
_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was written. `flat` tells that it came from a table, where an empty cell means nothing."""

    line: int
    values: dict[str, Any]
    flat: bool = False


def read_rows(stream: Stream, path: str) -> Iterator[Row | InputError]:
    """The rows of `stream`, which holds the file `path`; an `InputError` stands for a row that cannot be read.

    A stream that is not a file yields lines. Raises `InputError` for a file that is none of the three formats.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in JSON_SUFFIXES:
        return _json_rows(stream, path)
    if suffix in TABLE_SUFFIXES:
        return _table_rows(stream, path, TABLE_SUFFIXES[suffix])
    if suffix in YAML_SUFFIXES:
        return _yaml_rows(stream, path)
    raise InputError(
        f"`{suffix or path}` is not a dataset format.", cure="Use .jsonl, .csv, .tsv, .yaml or .yml.", path=path
    )


def parse_object(text: str) -> dict[str, Any]:
    """One JSON object: no NaN, no infinity, no key twice. Raises `ValueError`."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as problem:
        hint = " (this looks like a JSON array)" if text.lstrip()[:1] == "[" else ""
        raise ValueError(f"This is not JSON: {problem.msg}, column {problem.colno}{hint}.") from problem
    except RecursionError as problem:
        raise ValueError("This JSON is nested too deeply.") from problem
    if not isinstance(value, dict):
        raise ValueError("This is not a JSON object.")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The key `{twice}` stands here twice.")
    return result


def _not_a_number(name: str) -> float:
    raise ValueError(f"`{name}` is not allowed.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"The number {text[:40]} is too large.")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_not_a_number, parse_float=_finite)


def _lines(stream: Stream, path: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines with their ends; a byte order mark at the front is dropped."""
    read = getattr(stream, "readline", None)
    lines = iter(lambda: read(MAX_LINE_BYTES + 1), b"") if read else stream
    for number, line in enumerate(lines, start=1):
        if number == 1:
            _refuse_pointer(line, path)
            line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 - the mark belongs to no row
        if len(line) > MAX_LINE_BYTES:
            message = f"The line is longer than {MAX_LINE_BYTES:,} bytes."
            raise InputError(message, cure="Shorten the row.", path=path, line=number)
        yield number, line


def _refuse_pointer(start: bytes, path: str) -> None:
    if start.startswith(_POINTER):
        message, cure = "The file is a Git LFS pointer.", "Fetch the file itself: `git lfs pull`, `lfs: true`."
        raise InputError(message, cure=cure, path=path, line=1)


def _json_rows(stream: Stream, path: str) -> Iterator[Row | InputError]:
    try:
        for number, line in _lines(stream, path):
            if not line.strip():
                continue
            try:
                yield Row(number, parse_object(line.decode()))
            except UnicodeDecodeError:
                yield _not_utf8(line, path, number)
            except ValueError as problem:
                yield InputError(str(problem), cure="Write one JSON object a line.", path=path, line=number)
    except InputError as problem:
        yield problem


def _not_utf8(line: bytes, path: str, number: int) -> InputError:
    try:
        documents.decode(line, path, error=InputError)
    except InputError as problem:
        return InputError(problem.message, cure=problem.cure, path=path, line=number)
    raise AssertionError("only called for what is not UTF-8")


def _text_lines(stream: Stream, path: str) -> Iterator[str]:
    for number, line in _lines(stream, path):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            raise _not_utf8(line, path, number) from None


def _table_rows(stream: Stream, path: str, delimiter: str) -> Iterator[Row | InputError]:
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(_text_lines(stream, path), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    line = 1
    while True:
        try:
            line = reader.line_num + 1
            cells = next(reader, None)
        except InputError as problem:
            yield problem
            return
        except csv.Error as problem:
            cure = "Put quotes around cells with commas, quotes or line ends; double the quotes inside."
            yield InputError(f"This is not CSV: {problem}.", cure=cure, path=path, line=line)
            return
        if cells is None:
            return
        if not any(cells):
            continue
        if names is None:
            names = [cell.strip() for cell in cells]
            fault = _header_fault(names, path, line)
            if fault is not None:
                yield fault
                return
        elif len(cells) != len(names):
            message = f"The row has {len(cells)} cells; the header has {len(names)}."
            cure = "Put quotes around cells that hold the separator."
            yield InputError(message, cure=cure, path=path, line=line)
        else:
            yield Row(line, dict(zip(names, cells, strict=True)), flat=True)


def _header_fault(names: list[str], path: str, line: int) -> InputError | None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if "" in names:
        message, cure = f"Column {names.index('') + 1} has no name.", "Name every column in the first row."
    elif twice is not None:
        message, cure = f"The column `{twice}` stands here twice.", "Keep one."
    elif len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        message, cure = "The columns are not separated by commas.", "Use commas, or tabs in a .tsv file."
    else:
        return None
    return InputError(message, cure=cure, path=path, line=line)


def _yaml_rows(stream: Stream, path: str) -> Iterator[Row | InputError]:
    data = b"".join(stream)
    try:
        _refuse_pointer(data, path)
        document = documents.parse(documents.decode(data, path, error=InputError), path, error=InputError)
    except InputError as problem:
        yield problem
        return
    rows = [] if document.value is None else document.value
    if not isinstance(rows, list):
        yield InputError("A list of rows is needed here.", cure="Write `- {…}` items.", path=path, line=1)
        return
    for index, row in enumerate(rows):
        if isinstance(row, dict):
            yield Row(document.line((index,)), row)
        else:
            message, cure = "A row must be a mapping.", "Write `- input: …` and `target: …` below it."
            yield InputError(message, cure=cure, path=path, line=document.line((index,)))
