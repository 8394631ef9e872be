"""The data branch loses no write."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apo_ci.errors import ConfigError, GitHubError
from apo_ci.publish.branches import SIGN, Merge, read_file, write_files
from apo_ci.publish.github import GitHub
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults, Script
from tests.unit.publish.prompts import client

BRANCH = "apo-ci-data"
LOG = "history/root.txt"


def appended(line: str) -> Merge:
    def merge(current: Mapping[str, bytes | None]) -> Mapping[str, bytes]:
        return {LOG: (current[LOG] or b"") + f"{line}\n".encode()}

    return merge


def write(github: GitHub, line: str, branch: str = BRANCH) -> str:
    return write_files(
        github, branch, [LOG], f"Keep {line}", merge=appended(line), sleep=lambda _: None, generator=random.Random(1)
    )


def lines(fake: FakeGitHub) -> list[str]:
    return fake.file(BRANCH, LOG).decode().splitlines()


def test_the_branch_is_begun_without_a_parent() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})

        head = write(client(fake), "one")

        assert fake.branches[BRANCH] == head
        first = fake.git.commits[fake.git.commits[head].parents[0]]
        assert first.parents == ()
        assert set(first.tree) == {SIGN}
        assert set(fake.git.commits[head].tree) == {SIGN, LOG}
        assert lines(fake) == ["one"]
        assert read_file(client(fake), BRANCH, LOG) == b"one\n"


def test_what_is_there_is_handed_to_merge() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})

        for line in ("one", "two"):
            write(client(fake), line)

        assert lines(fake) == ["one", "two"]


def test_equal_bytes_make_no_commit() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})
        head = write(client(fake), "one")

        same = write_files(client(fake), BRANCH, [LOG], "Again", merge=lambda now: {LOG: now[LOG] or b""})

        assert same == head


def test_other_files_stay() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})
        write(client(fake), "one")

        write_files(client(fake), BRANCH, ["b.json"], "More", merge=lambda now: {"b.json": b"{}"})

        assert lines(fake) == ["one"]
        assert fake.file(BRANCH, "b.json") == b"{}"


def test_eight_writers_at_once_lose_no_line() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})
        wanted = [f"line {number}" for number in range(8)]

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda line: write(client(fake, len(line)), line), wanted))

        assert sorted(lines(fake)) == wanted


@pytest.mark.parametrize("fault", ["502", "502_after", "reset_after", "truncated_after"])
def test_a_lost_answer_writes_neither_twice_nor_never(fault: Any) -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})
        write(client(fake), "one")
        fake.faults = Script(None, fault, only=lambda method, path: path.endswith("/graphql"))

        write(client(fake), "two")

        assert lines(fake) == ["one", "two"]


@pytest.mark.parametrize("seed", range(4))
def test_with_half_of_all_requests_failing_every_line_is_there_once(seed: int) -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})
        fake.faults = Faults(0.5, random.Random(seed))

        for line in ("one", "two"):
            write(client(fake), line)

        assert lines(fake) == ["one", "two"]


def test_a_branch_of_something_else_is_never_written_to() -> None:
    with FakeGitHub() as fake:
        head = fake.branch("main", {"README.md": "My project.\n"})

        with pytest.raises(ConfigError, match=re.escape("not apo-ci's data branch")):
            write(client(fake), "one", branch="main")

        assert fake.branches == {"main": head}


@pytest.mark.parametrize("branch", ["", "-x", "a b", "a..b", "a~1", "a:b", "x.lock", "/a", "a//b", "a@{1}", "@", "a\n"])
def test_what_is_no_branch_name_is_refused(branch: str) -> None:
    with FakeGitHub() as fake:
        with pytest.raises(ConfigError, match="not a branch name"):
            write(client(fake), "one", branch=branch)
        assert fake.log == []


def test_a_branch_that_others_write_all_the_time_is_given_up() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})
        write(client(fake), "one")
        pauses: list[float] = []

        def merge(current: Mapping[str, bytes | None]) -> Mapping[str, bytes]:
            fake.push(BRANCH, {"other": str(len(pauses))})
            return {LOG: b"x"}

        with pytest.raises(GitHubError, match="in a row"):
            write_files(client(fake), BRANCH, [LOG], "m", merge=merge, sleep=pauses.append, generator=random.Random(1))

        assert max(pauses) <= 5


def test_a_message_stays_asleep() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})

        head = write(client(fake), "[skip ci] @octocat fixes #1 " + "x" * 90)

        headline = fake.git.commits[head].message.splitlines()[0]
        assert len(headline) <= 72
        assert "@" not in headline
        assert "[" not in headline


def test_another_runs_commit_is_never_taken_for_the_own_one_that_was_lost() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})
        write(client(fake), "one")
        fake.faults = script = Script(None, "502", only=lambda method, path: path.endswith("/graphql"))

        def race(method: str, path: str) -> None:
            if "git/ref" in path and not script.left:
                fake.on_request = None
                write_files(client(fake), BRANCH, [LOG], "Keep two", merge=appended("theirs"))

        fake.on_request = race

        write(client(fake), "two")

        assert lines(fake) == ["one", "theirs", "two"]
