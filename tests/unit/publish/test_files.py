"""Files of a commit, byte for byte."""

from __future__ import annotations

import pytest

from apo_ci.publish.files import BATCH, read_file, read_files
from tests.github.fake import FakeGitHub
from tests.github.git import File
from tests.unit.publish.prompts import client


@pytest.mark.parametrize(
    "data", [b"", b"a\n", b"\xef\xbb\xbfBOM\r\n", "Ä\u202e\U0001f600".encode(), b"\xff\xfe", b"a\0b"]
)
def test_bytes_are_those_that_git_has(data: bytes) -> None:
    with FakeGitHub() as fake:
        head = fake.branch("main", {"a b/ä#?.txt": data})

        assert read_files(client(fake), head, ["a b/ä#?.txt"]) == {"a b/ä#?.txt": data}
        assert read_file(client(fake), "main", "a b/ä#?.txt") == data


def test_text_takes_one_request_for_all_files() -> None:
    with FakeGitHub() as fake:
        names = [f"{number}.txt" for number in range(BATCH)]
        head = fake.branch("main", dict.fromkeys(names, "x"))

        assert read_files(client(fake), head, [*names, names[0]]) == dict.fromkeys(names, b"x")
        assert len(fake.log) == 1


def test_many_files_are_read_in_batches() -> None:
    with FakeGitHub() as fake:
        names = [f"{number}.txt" for number in range(BATCH + 1)]
        head = fake.branch("main", {name: name for name in names})

        assert read_files(client(fake), head, names) == {name: name.encode() for name in names}
        assert len(fake.log) == 2


def test_links_submodules_folders_and_what_is_missing_are_no_files() -> None:
    with FakeGitHub() as fake:
        files: dict[str, str | bytes | File | None] = {
            "run.sh": File(b"x", "100755"),
            "link": File(b"run.sh", "120000"),
            "sub": File(b"", "160000"),
            "a/b": "x",
        }
        head = fake.branch("main", files)

        found = read_files(client(fake), head, ["run.sh", "link", "sub", "a", "none", "link/x"])

        assert found == {"run.sh": b"x", "link": None, "sub": None, "a": None, "none": None, "link/x": None}


def test_a_branch_or_file_that_is_missing_has_no_bytes() -> None:
    with FakeGitHub() as fake:
        fake.branch("main", {"a": "x"})

        assert read_file(client(fake), "main", "b") is None
        assert read_file(client(fake), "none", "a") is None
        assert read_files(client(fake), "0" * 40, ["a"]) == {"a": None}
