"""What the data branch holds: for each section the newest baseline, and what was measured at the commits before."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from pydantic import Field

from apo_ci.config import Settings
from apo_ci.errors import InputError
from apo_ci.inputs.rows import parse_object

ROOT = "root"
MAX_BYTES = 20_000_000
MAX_HISTORY = 1_000
Warn = Callable[[str], None]
File = TypeVar("File", bound=Settings)


class Noise(Settings):
    """Two rounds of the same prompt on the same `n` cases: `flips` of them were answered differently.

    `delta` is the second round's metric less the first's, `delta_sd` the standard deviation of one case's difference.
    """

    n: int = Field(ge=0)
    flips: int = Field(ge=0)
    delta: float
    delta_sd: float = Field(ge=0)


class BaselineEntry(Settings):
    """What one prompt scored with one eval set, by the first of the two rounds. Paths begin at the project's folder."""

    path: str
    eval: str
    prompt_hash: str
    eval_fingerprint: str
    model: str
    metric: str
    value: float
    ci_low: float
    ci_high: float
    n: int = Field(ge=0)
    noise: Noise | None = None


class Baseline(Settings):
    """All prompts of one commit; `replies` are rows of the reply cache, as `Cache.export_to` writes them."""

    version: Literal[1] = 1
    commit: str
    entries: tuple[BaselineEntry, ...] = ()
    replies: tuple[dict[str, Any], ...] = ()

    def to_bytes(self) -> bytes:
        """The file, with a line for each figure, so that git keeps a new version as its difference; at most 20 MB.

        Replies at the end are left out where it would be more.
        """
        head = self.model_dump(mode="json", exclude={"replies"})
        return _dumped({**head, "replies": _fitting(self.replies, len(_dumped(head)))})


class HistoryEntry(Settings):
    """What was measured at one commit; `time` is ISO 8601, in UTC."""

    commit: str
    time: str
    entries: tuple[BaselineEntry, ...] = ()


class History(Settings):
    """The measurements of the newest 1,000 commits, the newest last."""

    version: Literal[1] = 1
    entries: tuple[HistoryEntry, ...] = ()

    def with_baseline(self, baseline: Baseline, time: str) -> History:
        """This history and what `baseline` measured at `time`; a commit stands there once."""
        earlier = tuple(one for one in self.entries if one.commit != baseline.commit)
        entry = HistoryEntry(commit=baseline.commit, time=time, entries=baseline.entries)
        return History(entries=(*earlier, entry)[-MAX_HISTORY:])

    def to_bytes(self) -> bytes:
        """The file, in at most 20 MB: the oldest entries are left out where it would be more."""
        kept = _fitting([one.model_dump(mode="json") for one in reversed(self.entries)], 0)
        return _dumped({"version": self.version, "entries": kept[::-1]})


def baseline_path(section: str) -> str:
    """Where the data branch has the baseline of `section` (empty: the repository's root)."""
    return f"baseline/{_file_name(section)}.json"


def history_path(section: str) -> str:
    """Where the data branch has the history of `section`."""
    return f"history/{_file_name(section)}.json"


def _file_name(section: str) -> str:
    """A name without a `/` for each section, and another one for each."""
    name = quote(section, safe="")
    return "%72oot" if name == ROOT else name or ROOT


def parse_baseline(data: bytes, path: str) -> Baseline:
    """The baseline in a file of these bytes. Raises `InputError`."""
    return _parsed(Baseline, data, path)


def parse_history(data: bytes | None, path: str, warn: Warn) -> History:
    """The history in a file of these bytes (`None`: there is no file). One that is damaged begins anew."""
    if data is None:
        return History()
    try:
        return _parsed(History, data, path)
    except InputError as problem:
        warn(f"{problem.path} begins anew: {problem.message}")
        return History()


def _parsed(kind: type[File], data: bytes, path: str) -> File:
    cure = "It is written anew at the next push to the default branch."
    if len(data) > MAX_BYTES:
        raise InputError(f"The file has more than {MAX_BYTES // 1_000_000} MB.", cure=cure, path=path)
    try:
        parse_object(data.decode())
        return kind.model_validate_json(data)
    except ValueError as problem:  # pydantic's is one, too
        raise InputError("The file is damaged, or of another version.", cure=cure, path=path) from problem


def _fitting(values: Sequence[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """The first of `values` that fit into a file which has `size` bytes without them."""
    sizes = accumulate((len(_dumped(value)) + 2 for value in values), initial=size + 64)
    next(sizes)
    return [value for value, end in zip(values, sizes, strict=True) if end <= MAX_BYTES]


def _dumped(value: Any) -> bytes:
    return json.dumps(value, indent=0, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
