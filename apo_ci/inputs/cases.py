"""Cases: the rows of a dataset under the names that prompts use, with their identities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from apo_ci.errors import InputError
from apo_ci.inputs.rows import Row, Stream, parse_object, read_rows

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
METADATA_PREFIX = "metadata."
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


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
class KeyedCase:
    """A case with 64-bit hashes of its inputs and of its inputs with target, for finding repetitions."""

    case: Case
    inputs_key: int
    content_key: int
    own_id: bool


def key_of(text: str) -> int:
    """A 64-bit hash of `text`."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def encode(value: Any) -> str:
    """`value` as canonical JSON: sorted keys, no blanks."""
    return _encode(value)


def text_of(target: Any) -> str:
    """A target as text: strings as they are, everything else as JSON (`true`, `3`, `["a"]`)."""
    return target if isinstance(target, str) else _encode(target)


def read_cases(stream: Stream, path: str, columns: Mapping[str, str]) -> Iterator[Case]:
    """The cases of the dataset file `path`, one after the other.

    `columns` maps the names that a prompt uses (or `target`, `id`, `split`, `metadata`, `metadata.<name>`) to columns
    of the file. Raises `InputError` at the first row that cannot be used.
    """
    for keyed in read_keyed_cases(stream, path, columns):
        if isinstance(keyed, InputError):
            raise keyed
        yield keyed.case


def read_keyed_cases(stream: Stream, path: str, columns: Mapping[str, str]) -> Iterator[KeyedCase | InputError]:
    """Like `read_cases`, with keys; what is wrong with a row is yielded in its place."""
    for row in read_rows(stream, path):
        if isinstance(row, InputError):
            yield row
            continue
        try:
            yield _keyed(_renamed(row, columns, path), path)
        except InputError as problem:
            yield problem


def contradiction(path: str, first: int, second: int) -> InputError:
    """The error for equal inputs with different targets."""
    return InputError(
        f"Lines {first} and {second} have the same inputs and different targets.",
        cure="Correct or remove one of them.",
        path=path,
        line=second,
    )


def overlap(path: str, first: int, second: int) -> InputError:
    """The error for one content in two splits."""
    return InputError(
        f"Lines {first} and {second} hold the same case in different splits.",
        cure="Remove one of them, or give both the same `split`.",
        path=path,
        line=second,
    )


def repeated_id(path: str, first: int, second: int) -> InputError:
    """The error for one id on two cases."""
    return InputError(
        f"Lines {first} and {second} have the same id.", cure="Give every case its own id.", path=path, line=second
    )


def empty(path: str) -> InputError:
    """The error for a dataset without rows."""
    return InputError("The dataset has no rows.", cure="Add cases, one a line.", path=path, line=1)


def _renamed(row: Row, columns: Mapping[str, str], path: str) -> Row:
    if not columns:
        return row
    used = set(columns.values())
    values = {name: value for name, value in row.values.items() if name not in used}
    for name, column in columns.items():
        if column not in row.values:
            message = f"The row has no column `{column}`, which `columns` maps to `{name}`."
            cure = f"Columns here: {', '.join(row.values)}."
            raise InputError(message, cure=cure, path=path, line=row.line)
        if name in values:
            message = f"`columns` maps `{column}` to `{name}`, and the file has a column `{name}` too."
            cure = f"Map the other one away: `{METADATA_PREFIX}{name}: {name}`."
            raise InputError(message, cure=cure, path=path, line=row.line)
        values[name] = row.values[column]
    return Row(row.line, values, row.flat)


def _keyed(row: Row, path: str) -> KeyedCase:
    inputs = dict(row.values)
    target, own_id, split, metadata = (inputs.pop(name, None) for name in ("target", "id", "split", "metadata"))
    if row.flat:  # an empty cell means nothing
        target, own_id, split, metadata = (value or None for value in (target, own_id, split, metadata))
    if target is None:
        raise InputError(
            "The row has no target.",
            cure="Add `target`, or name its column in the eval file: `columns: {target: COLUMN}`.",
            path=path,
            line=row.line,
        )
    extra = {} if metadata is None else _metadata(metadata, row, path)
    for name in [name for name in inputs if name.startswith(METADATA_PREFIX)]:
        extra[name.removeprefix(METADATA_PREFIX)] = inputs.pop(name)
    try:
        digest = hashlib.sha256(_encode(inputs).encode())
        inputs_key = int.from_bytes(digest.digest()[:8])
        digest.update(b"\0" + _encode(target).encode())
    except UnicodeEncodeError as problem:
        message = "The row holds half a character (a lone surrogate)."
        raise InputError(message, cure="Write the whole character.", path=path, line=row.line) from problem
    content = digest.digest()[:8]
    case_id = content.hex() if own_id is None else _own_id(own_id, row, path)
    case = Case(case_id, inputs, target, extra, None if split is None else _split(split, row, path), row.line)
    return KeyedCase(case, inputs_key, int.from_bytes(content), own_id is not None)


def _metadata(value: Any, row: Row, path: str) -> dict[str, Any]:
    try:
        value = parse_object(value) if row.flat else value
    except ValueError as problem:
        raise InputError(f"metadata: {problem}", cure='Write {"key": …}.', path=path, line=row.line) from problem
    if not isinstance(value, dict):
        raise InputError("`metadata` must be a mapping.", cure='Write {"key": …}.', path=path, line=row.line)
    return dict(value)


def _own_id(value: Any, row: Row, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise InputError("`id` must be text or a whole number.", cure="Write a word.", path=path, line=row.line)
    return str(value)


def _split(value: Any, row: Row, path: str) -> Split:
    found = next((split for split in SPLITS if split == value), None)
    if found is None:
        message = f"There is no split `{text_of(value)}`."
        raise InputError(message, cure="Write train, dev or test.", path=path, line=row.line)
    return found
