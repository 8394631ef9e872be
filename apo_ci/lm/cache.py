"""Replies that were paid for, in SQLite: shared by processes, shipped between CI runs, inspected by `apo-ci cache`.

The write-ahead log with `synchronous=NORMAL` loses nothing when a process is killed: a transaction is in the file
system's hands when its commit returns (https://sqlite.org/wal.html).
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from apo_ci.errors import ConfigError, InfrastructureError, InputError
from apo_ci.lm.journal import Journal, Payment
from apo_ci.lm.ledger import Charge
from apo_ci.lm.model import Completion, Purpose

_VERSION = 1
_BUSY_SECONDS = 30
_KEY = re.compile(r"[0-9a-f]{64}")
_LARGEST = 2**53
_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, reply TEXT NOT NULL, created REAL NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, usd REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    run TEXT NOT NULL, key TEXT NOT NULL, purpose TEXT NOT NULL, charge TEXT NOT NULL, PRIMARY KEY (run, key)
) WITHOUT ROWID;
"""
_INSERT = "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class CachedReply:
    """A row of the cache: `created` in seconds since the epoch, `usd` what it cost when it was paid for."""

    key: str
    reply: Mapping[str, Any]
    created: float
    model: str
    provider: str
    prompt_tokens: int
    completion_tokens: int
    usd: float

    @property
    def completion(self) -> Completion:
        """The reply itself."""
        return Completion.from_json(self.reply)


@dataclass(frozen=True, slots=True)
class CacheStats:
    """The cache in numbers; `models` counts replies, `oldest` and `newest` are seconds since the epoch."""

    replies: int
    runs: int
    bytes: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    oldest: float | None
    newest: float | None
    models: Mapping[str, int]


class Cache:
    """The replies and the journals of runs, in one SQLite file. Used from one thread; other processes may write too."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open or create the file at `path`; `ConfigError` when that cannot be done."""
        self.path = path
        self._clock = clock
        self._journals: dict[str, Journal] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as exc:
            raise self._unusable(exc) from exc
        try:
            self._prepare()
        except sqlite3.Error as exc:
            self._db.close()
            raise self._unusable(exc) from exc

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            self._db.close()
            raise ConfigError(
                f"the cache has format {version}, this apo-ci writes format {_VERSION}",
                cure="Choose another file, or remove this one.",
                path=str(self.path),
            )
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:  # the switch to WAL does not wait for other processes as transactions do
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")

    def _unusable(self, exc: Exception) -> ConfigError:
        cure = "Remove the file, or choose another one."
        return ConfigError(f"the cache cannot be used: {exc}", cure=cure, path=str(self.path))

    def get(self, key: str) -> Completion | None:
        """The reply for `key`, marked as cached."""
        try:
            row = self._db.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
            return None if row is None else Completion.from_json(json.loads(row[0]))
        except (sqlite3.Error, ValueError, KeyError, TypeError) as exc:
            raise self._damaged(exc) from exc

    def put(self, key: str, completion: Completion, provider: str, run: str, payment: Payment) -> Completion:
        """Store a reply and note its payment in the run's journal, in one transaction.

        Returns the reply that the cache holds now: another process may have been first.
        """
        usage = completion.usage
        reply = json.dumps(completion.as_json(), separators=(",", ":"))
        charge = json.dumps(asdict(payment.charge), separators=(",", ":"))
        row = (
            *(key, reply, self._clock(), completion.model, provider),
            *(usage.prompt_tokens, usage.completion_tokens, payment.charge.usd),
        )
        try:
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:
                stored = self._db.execute(_INSERT, row).rowcount
                self._db.execute("REPLACE INTO journal VALUES (?, ?, ?, ?)", (run, key, payment.purpose.value, charge))
        except sqlite3.Error as exc:
            raise self._damaged(exc) from exc
        return completion if stored else self.get(key) or completion

    def journal(self, run: str) -> Journal:
        """The journal of `run`; one object in a process, however many models write to it."""
        if run not in self._journals:
            rows = self._db.execute("SELECT key, purpose, charge FROM journal WHERE run = ?", (run,))
            payments = {key: Payment(Purpose(purpose), Charge(**json.loads(charge))) for key, purpose, charge in rows}
            self._journals[run] = Journal(run, payments)
        return self._journals[run]

    def stats(self) -> CacheStats:
        """The cache in numbers."""
        totals = self._db.execute(
            "SELECT count(*), (SELECT count(DISTINCT run) FROM journal), coalesce(sum(prompt_tokens), 0),"
            " coalesce(sum(completion_tokens), 0), coalesce(sum(usd), 0.0), min(created), max(created) FROM replies"
        ).fetchone()
        models = dict(self._db.execute("SELECT model, count(*) FROM replies GROUP BY model ORDER BY model"))
        pages = self._db.execute("PRAGMA page_count").fetchone()[0] * self._db.execute("PRAGMA page_size").fetchone()[0]
        replies, runs, *sums = totals
        return CacheStats(replies, runs, pages, sums[0], sums[1], sums[2], sums[3], sums[4], models)

    def entries(self) -> Iterator[CachedReply]:
        """Every row, newest first."""
        for row in self._db.execute("SELECT * FROM replies ORDER BY created DESC, key"):
            yield CachedReply(row[0], json.loads(row[1]), *row[2:])

    def prune(self, older_than: float) -> int:
        """Remove replies that are older than `older_than` seconds, and journals' notes of them; how many replies."""
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            oldest = self._clock() - older_than
            removed = self._db.execute("DELETE FROM replies WHERE created < ?", (oldest,)).rowcount
            self._db.execute("DELETE FROM journal WHERE key NOT IN (SELECT key FROM replies)")
        self._db.execute("VACUUM")
        return removed

    def replies(self, keys: Iterable[str]) -> Iterator[CachedReply]:
        """The rows of these keys, in their order; keys that are not here are left out."""
        for key in keys:
            row = self._db.execute("SELECT * FROM replies WHERE key = ?", (key,)).fetchone()
            if row is not None:
                yield CachedReply(row[0], json.loads(row[1]), *row[2:])

    def export_to(self, stream: TextIO) -> int:
        """Write every reply as a line of JSON; how many."""
        count = 0
        for entry in self.entries():
            stream.write(json.dumps(asdict(entry), sort_keys=True) + "\n")
            count += 1
        return count

    def import_from(self, lines: Iterable[str], path: str) -> int:
        """Add the replies that `export_to` wrote (keys that are here already stay as they are); how many are new."""
        rows = [_row(line, path, number) for number, line in enumerate(lines, start=1) if line.strip()]
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            return self._db.executemany(_INSERT, rows).rowcount

    def verify(self) -> list[str]:
        """What is wrong with the file: damage that SQLite finds, and rows that hold no reply."""
        try:
            problems = [row[0] for row in self._db.execute("PRAGMA integrity_check") if row[0] != "ok"]
            for key, reply in self._db.execute("SELECT key, reply FROM replies"):
                try:
                    Completion.from_json(json.loads(reply))
                except (ValueError, KeyError, TypeError):
                    problems.append(f"the row of key {key} holds no reply")
        except sqlite3.Error as exc:
            return [str(exc)]
        return problems

    def close(self) -> None:
        """Close the file; the last process to do so folds the write-ahead log into it."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _damaged(self, exc: Exception) -> InfrastructureError:
        cure = "Look with `apo-ci cache verify`; remove the file if it is damaged."
        return InfrastructureError(f"the cache cannot be used: {exc}", cure=cure, path=str(self.path))


def _row(line: str, path: str, number: int) -> tuple[Any, ...]:
    """A line of an export as a row of `replies`."""
    try:
        entry = CachedReply(**json.loads(line))
        completion = entry.completion
        amounts = (entry.prompt_tokens, entry.completion_tokens, entry.usd, entry.created)
        if not _KEY.fullmatch(entry.key) or not isinstance(completion.text, str):
            raise ValueError("no key")
        if not all(0 <= amount < _LARGEST for amount in amounts) or not f"{entry.model}{entry.provider}".encode():
            raise ValueError("no amounts")
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        cure = "Give it a file that `apo-ci cache export` wrote."
        raise InputError("the line is not a reply from a cache", cure=cure, path=path, line=number) from exc
    return (*(entry.key, json.dumps(entry.reply), float(entry.created), str(entry.model), str(entry.provider)),
            *(int(entry.prompt_tokens), int(entry.completion_tokens), float(entry.usd)))  # fmt: skip
