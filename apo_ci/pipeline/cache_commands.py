"""What `apo-ci cache` says of the reply cache."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Literal, TextIO

from apo_ci.errors import InputError
from apo_ci.lm.cache import Cache
from apo_ci.report.escape import terminal

SECONDS_A_DAY = 86_400
INFRASTRUCTURE = 3


@contextmanager
def _existing(path: Path) -> Iterator[Cache]:
    if not path.is_file():
        raise InputError("There is no cache here.", cure="Name one: `apo-ci cache --cache FILE …`.", path=str(path))
    with Cache(path) as cache:
        yield cache


@contextmanager
def _opened(file: Path, mode: Literal["r", "w"]) -> Iterator[TextIO]:
    try:
        with file.open(mode, encoding="utf-8") as stream:
            yield stream
    except OSError as error:
        raise InputError(f"{error.strerror}.", cure="Choose another file.", path=str(file)) from error
    except UnicodeDecodeError as error:
        cure = "Give it a file that `apo-ci cache export` wrote."
        raise InputError("The file is not UTF-8 text.", cure=cure, path=str(file)) from error


def _say(line: str) -> None:
    sys.stdout.write(terminal(line) + "\n")


def _when(timestamp: float | None) -> str:
    return "–" if timestamp is None else datetime.fromtimestamp(timestamp, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def stats(path: Path) -> None:
    """Print the cache in numbers."""
    with _existing(path) as cache:
        found = cache.stats()
    _say(f"{path}: {found.bytes / 1e6:.1f} MB")
    runs = "1 run" if found.runs == 1 else f"{found.runs:,} runs"
    _say(f"{found.replies:,} replies of {runs}, {_when(found.oldest)} to {_when(found.newest)}")
    _say(f"{found.prompt_tokens:,} prompt and {found.completion_tokens:,} completion tokens, ${found.usd:.4f}")
    for model, count in found.models.items():
        _say(f"  {count:>9,}  {model}")


def list_replies(path: Path, limit: int) -> None:
    """Print the newest replies, a line each."""
    with _existing(path) as cache:
        for entry in islice(cache.entries(), limit):
            text = " ".join(str(entry.reply["text"]).split())
            _say(f"{entry.key[:12]}  {_when(entry.created)}  {entry.model}  {text[:60]}")


def prune(path: Path, days: float) -> None:
    """Remove replies older than `days`."""
    with _existing(path) as cache:
        _say(f"{cache.prune(days * SECONDS_A_DAY):,} replies removed.")


def export(path: Path, file: Path) -> None:
    """Write every reply to `file`."""
    with _existing(path) as cache, _opened(file, "w") as stream:
        _say(f"{cache.export_to(stream):,} replies written to {file}.")


def import_replies(path: Path, file: Path) -> None:
    """Add the replies in `file`."""
    with Cache(path) as cache, _opened(file, "r") as stream:
        _say(f"{cache.import_from(stream, str(file)):,} new replies.")


def verify(path: Path) -> int:
    """Print what is wrong with the cache; the exit code."""
    with _existing(path) as cache:
        problems = cache.verify()
    for problem in problems:
        _say(problem)
    if not problems:
        _say("The cache is sound.")
    return INFRASTRUCTURE if problems else 0
