"""The cache keeps what was paid for: across kills, processes and machines."""

from __future__ import annotations

import io
import json
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from apo_ci.errors import ConfigError, InfrastructureError, InputError
from apo_ci.lm.cache import Cache
from apo_ci.lm.journal import Payment
from apo_ci.lm.ledger import Charge
from apo_ci.lm.model import Completion, Purpose, Usage

PAYMENT = Payment(Purpose.SEARCH, Charge(2, 30, 4, 0.0125))


def key_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def reply(text: str) -> Completion:
    return Completion(text, "stop", Usage(30, 4), "gpt-test")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "replies" / "cache.sqlite") as opened:
        yield opened


def fill(cache: Cache, *texts: str, run: str = "run") -> None:
    for text in texts:
        cache.put(key_of(text), reply(text), "openai:https://example.com/v1", run, PAYMENT)


@pytest.mark.parametrize("text", ["Yes", "", "naïve ☕ \u202e txet \ud83d", "x" * 200_000, 'a"\n\x00\\'])
def test_a_reply_comes_back_as_it_was_put_and_marked_as_cached(cache: Cache, text: str) -> None:
    cache.put(key_of("k"), reply(text), "openai:x", "run", PAYMENT)
    found = cache.get(key_of("k"))
    assert found is not None
    assert (found.text, found.finish_reason, found.usage, found.model) == (text, "stop", Usage(30, 4), "gpt-test")
    assert found.cached


@pytest.mark.parametrize("seconds", [None, 0.0, 1.234])
def test_a_cached_reply_keeps_its_latency_and_whether_its_tokens_were_reported(
    cache: Cache, seconds: float | None
) -> None:
    put = Completion("Yes", "stop", Usage(30, 4, reported=False), "gpt-test", seconds=seconds)
    cache.put(key_of("k"), put, "openai:x", "run", PAYMENT)
    found = cache.get(key_of("k"))
    assert found is not None
    assert (found.seconds, found.usage) == (seconds, put.usage)


@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens", "seconds"])
@pytest.mark.parametrize("value", ["9", -1, True, float("nan"), 10**400, []])
def test_an_amount_that_is_none_makes_no_reply(name: str, value: object) -> None:
    with pytest.raises(ValueError, match="amount"):
        Completion.from_json({**reply("Yes").as_json(), name: value})


def test_a_missing_key_is_none(cache: Cache) -> None:
    assert cache.get(key_of("nobody")) is None


def test_the_first_reply_for_a_key_stays(cache: Cache) -> None:
    fill(cache, "k")
    kept = cache.put(key_of("k"), reply("another process was slower"), "openai:x", "other", PAYMENT)
    assert kept.text == "k"


def test_a_journal_holds_the_payments_of_its_run_alone(tmp_path: Path) -> None:
    with Cache(tmp_path / "c") as cache:
        fill(cache, "one", "two", run="mine")
        fill(cache, "three", run="other")
    with Cache(tmp_path / "c") as cache:
        journal = cache.journal("mine")
        assert journal is cache.journal("mine")
        assert journal.claim(key_of("one")) == PAYMENT
        assert journal.claim(key_of("one")) is None
        assert journal.claim(key_of("three")) is None


def test_a_reply_and_its_payment_are_written_together_or_not_at_all(cache: Cache) -> None:
    other = sqlite3.connect(cache.path)
    other.execute("DROP TABLE journal")
    other.close()
    with pytest.raises(InfrastructureError):
        fill(cache, "k")
    assert cache.get(key_of("k")) is None


def test_stats_count_replies_tokens_dollars_and_runs(cache: Cache) -> None:
    fill(cache, "one", "two", run="a")
    fill(cache, "three", run="b")
    stats = cache.stats()
    assert (stats.replies, stats.runs, stats.prompt_tokens, stats.completion_tokens) == (3, 2, 90, 12)
    assert stats.usd == pytest.approx(0.0375)
    assert stats.models == {"gpt-test": 3}
    assert stats.oldest is not None
    assert stats.bytes > 0


def test_an_empty_cache_has_stats_too(cache: Cache) -> None:
    stats = cache.stats()
    assert (stats.replies, stats.usd, stats.oldest) == (0, 0.0, None)


def test_pruning_removes_old_replies_and_their_payments(tmp_path: Path) -> None:
    now = 1_000_000.0
    with Cache(tmp_path / "c", clock=lambda: now) as cache:
        fill(cache, "old")
        now += 3600
        fill(cache, "new")
        assert cache.prune(older_than=1800) == 1
        assert cache.get(key_of("old")) is None
        assert cache.get(key_of("new")) is not None
    with Cache(tmp_path / "c") as cache:
        assert cache.journal("run").claim(key_of("old")) is None


def test_entries_are_listed_newest_first(tmp_path: Path) -> None:
    ticks = iter(range(10))
    with Cache(tmp_path / "c", clock=lambda: float(next(ticks))) as cache:
        fill(cache, "first", "second")
        assert [entry.completion.text for entry in cache.entries()] == ["second", "first"]


def test_an_export_can_be_imported_elsewhere(cache: Cache, tmp_path: Path) -> None:
    fill(cache, "one", "two")
    stream = io.StringIO()
    assert cache.export_to(stream) == 2
    with Cache(tmp_path / "elsewhere") as other:
        fill(other, "two")
        assert other.import_from(stream.getvalue().splitlines(), "export.jsonl") == 1
        assert {entry.completion.text for entry in other.entries()} == {"one", "two"}


@pytest.mark.parametrize("line", ["{}", "nonsense", '{"key": "x"}', "[]", '{"key": 1, "reply": {}}'])
def test_an_import_of_something_else_names_the_line(cache: Cache, line: str) -> None:
    fill(cache, "one")
    stream = io.StringIO()
    cache.export_to(stream)
    with pytest.raises(InputError, match=r"export\.jsonl:2"):
        cache.import_from([stream.getvalue(), line], "export.jsonl")


def test_a_sound_cache_verifies(cache: Cache) -> None:
    fill(cache, "one")
    assert cache.verify() == []


def test_a_row_without_a_reply_is_found(cache: Cache) -> None:
    fill(cache, "one")
    other = sqlite3.connect(cache.path)
    with other:
        other.execute("UPDATE replies SET reply = 'half of'")
    other.close()
    assert "holds no reply" in cache.verify()[0]
    with pytest.raises(InfrastructureError, match="apo-ci cache verify"):
        cache.get(key_of("one"))


def test_a_file_that_is_no_cache_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are not replies, " * 100)
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        Cache(path)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Cache(tmp_path)


def test_a_cache_of_a_later_format_is_refused(tmp_path: Path) -> None:
    Cache(tmp_path / "c").close()
    other = sqlite3.connect(tmp_path / "c")
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(ConfigError, match="format 99"):
        Cache(tmp_path / "c")


def test_after_closing_one_file_holds_everything(cache: Cache) -> None:
    fill(cache, "one")
    cache.close()
    assert [path.name for path in cache.path.parent.iterdir()] == ["cache.sqlite"]


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from tests.unit.lm.test_cache import fill
    from apo_ci.lm.cache import Cache

    path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with Cache(path) as cache:
        for number in range(count):
            fill(cache, f"{name} {number}", f"shared {number}", run=name)
            print(number, flush=True)
""")


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_four_processes_can_write_to_one_new_file(tmp_path: Path) -> None:
    writers = [writer(tmp_path / "c", f"writer-{number}", 150) for number in range(4)]
    outputs = [process.communicate(timeout=60)[0] for process in writers]
    assert [process.returncode for process in writers] == [0] * 4
    assert all(len(output.split()) == 150 for output in outputs)
    with Cache(tmp_path / "c") as cache:
        assert cache.verify() == []
        assert cache.stats().replies == 4 * 150 + 150
        assert all(cache.journal(f"writer-{number}").claim(key_of("shared 149")) for number in range(4))


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_writer_loses_nothing_that_it_was_told_is_stored(tmp_path: Path, seed: int) -> None:
    process = writer(tmp_path / "c", "killed", 100_000)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(random.Random(seed).uniform(0.0, 0.15))
    process.send_signal(signal.SIGKILL)
    stored = [int(line) for line in process.stdout.read().split() if line.isdigit()]
    process.wait()
    process.stdout.close()
    with Cache(tmp_path / "c") as cache:
        assert cache.verify() == []
        journal = cache.journal("killed")
        for number in range(max(stored, default=0)):
            assert cache.get(key_of(f"killed {number}")) is not None
            assert journal.claim(key_of(f"killed {number}")) == PAYMENT
        assert json.loads(json.dumps(cache.stats().replies)) >= len(stored)


def test_the_rows_of_some_keys_come_in_their_order(cache: Cache) -> None:
    fill(cache, "a", "b", "c")
    rows = cache.replies([key_of("c"), key_of("nowhere"), key_of("a")])
    assert [row.completion.text for row in rows] == ["c", "a"]


@pytest.mark.parametrize(
    "change",
    [{"prompt_tokens": 2**80}, {"usd": -1}, {"usd": float("nan")}, {"model": "\ud800"}, {"key": "z" * 64}],
)
def test_a_row_that_no_database_takes_is_refused_with_its_line(cache: Cache, change: dict[str, object]) -> None:
    fill(cache, "a")
    stream = io.StringIO()
    cache.export_to(stream)
    line = json.dumps({**json.loads(stream.getvalue()), **change})
    with pytest.raises(InputError) as caught:
        cache.import_from([line], "replies.jsonl")
    assert (caught.value.path, caught.value.line) == ("replies.jsonl", 1)
