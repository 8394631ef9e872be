"""Paths stay inside the repository, and globs match as in a shell with `**`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.inputs.paths import checked_path, is_glob, matching, missing

FILES = ("a.md", "p/a.md", "p/b.txt", "p/q/a.md", "p/q/r/a.md", "p/.hidden.md", "x[1].md", "é/a.md")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("p/a.md", ["p/a.md"]),
        ("./p//a.md", ["p/a.md"]),
        ("p/*.md", ["p/.hidden.md", "p/a.md"]),
        ("p/**/*.md", ["p/.hidden.md", "p/a.md", "p/q/a.md", "p/q/r/a.md"]),
        ("**/a.md", ["a.md", "p/a.md", "p/q/a.md", "p/q/r/a.md", "é/a.md"]),
        ("p/**", ["p/.hidden.md", "p/a.md", "p/b.txt", "p/q/a.md", "p/q/r/a.md"]),
        ("*/a.md", ["p/a.md", "é/a.md"]),
        ("?.md", ["a.md"]),
        ("[ab].md", ["a.md"]),
        ("[!b].md", ["a.md"]),
        ("x[[]1].md", ["x[1].md"]),
        ("p/(a|b).md", []),
        ("p", []),
        ("P/a.md", []),
    ],
)
def test_globs_match(pattern: str, found: list[str]) -> None:
    assert list(matching((pattern,), FILES)) == found


def test_several_patterns_give_each_path_once_and_sorted() -> None:
    assert matching(("p/q/*", "a.md", "**/a.md"), FILES[:4]) == ("a.md", "p/a.md", "p/q/a.md")


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../b", "a/..", "", "/", ".", "a\0b"])
def test_paths_that_leave_the_repository_are_refused(path: str) -> None:
    with pytest.raises(InputError, match="not a path inside the repository"):
        checked_path(path)


@given(st.text(max_size=20))
def test_a_checked_path_has_no_way_out(path: str) -> None:
    try:
        checked = checked_path(path)
    except InputError:
        return
    assert not checked.startswith("/")
    assert not {"..", ".", ""} & set(checked.split("/"))


@given(st.text("ab*?[]!-/.\\", min_size=1, max_size=12), st.text("ab/.", min_size=1, max_size=12))
def test_any_glob_is_understood(pattern: str, path: str) -> None:
    try:
        matching((pattern,), (path,))
    except InputError:
        assert pattern.startswith("/") or not set(pattern.split("/")) - {"", "."} or ".." in pattern.split("/")


def test_a_glob_has_a_wildcard() -> None:
    assert [is_glob(pattern) for pattern in ("a/b.md", "a/*", "a?", "[a]")] == [False, True, True, True]


def test_a_missing_file_is_answered_with_the_one_that_was_meant() -> None:
    assert missing("prompts/sentimnet.md", ["prompts/sentiment.md", "x"]).cure == "Did you mean `prompts/sentiment.md`?"
    assert (
        missing("sentiment.md", ["evals/a.md", "prompts/sentiment.md"]).cure == "Did you mean `prompts/sentiment.md`?"
    )
    assert missing("zzz", ["a"]).cure == "Paths are read from the project's root."
