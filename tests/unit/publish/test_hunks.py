"""Unified diffs are read as GitHub reads them, and written as git takes them."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.publish.hunks import Replacement, commentable, file_patch, locate, replacements, split_lines

line = st.sampled_from(["", "a", "b", "c", "@@ -1,2 +1,2 @@", "--- a/x", "+++ b/x", "\\ No", "\r", "é\u2028"])
texts = st.builds(lambda lines, end: "\n".join(lines) + end, st.lists(line, max_size=12), st.sampled_from(["", "\n"]))
NAMES = (
    "plain.md",
    "with space.md",
    "folder with space/p.md",
    'quo"te.md',
    "it's.md",
    "back\\slash.md",
    "tab\there.md",
    "new\nline.md",
    "naïve/prompt é.md",
    "日本語.md",
    "a b/c\u202ed.md",
    "trailing .md",
    " leading.md",
    "dash -- a.md",
    "dev\x7f\x01.md",
)
TEXTS = (
    ("a\nb\nc\n", "a\nB\nc\n"),
    ("a\nb", "a\nb\n"),
    ("a\nb\n", "a\nb"),
    ("a\nb", "a\nc"),
    ("", "a\nb\n"),
    ("", "a"),
    ("a\n", ""),
    ("a\r\nb\r\n", "a\r\nB\r\n"),
    ("a\r\nb\r\n", "a\nb\n"),
    ("a\rb\n", "a\rc\n"),
    ("a\u2028b\x0cc\nd\n", "a\u2028b\x0cC\nd\n"),
    ("\ufeffa\n", "\ufeffb\n"),
    ("-- a\n++ b\n", "-- b\n++ a\n"),
    ("x\n" * 30 + "y\n" + "x\n" * 30, "x\n" * 30 + "z\n" + "x\n" * 30),
)


def git(folder: Path, *arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=false", *arguments],
        cwd=folder,
        input=None if given is None else given.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


def git_diff(folder: Path, before: str, after: str, name: str = "p.md") -> str:
    """What git itself writes."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(before.encode())
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    path.write_bytes(after.encode())
    return git(folder, "diff", "--no-color")


@given(texts, texts)
def test_replacements_turn_one_text_into_the_other(before: str, after: str) -> None:
    lines = list(split_lines(before))
    for change in reversed(replacements(before, after)):
        lines[change.start - 1 : change.end] = change.lines
    assert "".join(lines) == after


def test_an_insertion_replaces_no_line() -> None:
    assert replacements("a\nb\n", "a\nx\nb\n") == (Replacement(2, 1, ("x\n",)),)


@given(texts)
def test_lines_end_at_line_feeds_alone_and_make_up_the_text(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines[:-1])


@given(texts, texts)
def test_the_commentable_lines_are_those_that_the_diff_shows(before: str, after: str) -> None:
    old, new = split_lines(before), split_lines(after)
    shown = [line for part in commentable(file_patch("p.md", before, after)) for line in part]
    groups = difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(3)
    wanted = [number + 1 for group in groups for number in range(group[0][3], group[-1][4])]
    assert shown == wanted


@settings(max_examples=30)
@given(texts, texts)
def test_every_changed_line_is_commentable(before: str, after: str) -> None:
    shown = {line for part in commentable(file_patch("p.md", before, after)) for line in part}
    for change in replacements(before, after):
        added = split_lines(after)
        for text in change.lines:
            assert any(added[number - 1] == text for number in shown)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", (2, 2)),
        ("a\nb\nc\n", "A\nb\nC\n", (1, 3)),
        ("a\nb\nc\n", "a\nc\n", (2, 2)),
        ("a\nb\nc\n", "a\nb\n", (2, 2)),
        ("", "a\nb\n", (1, 2)),
        ("a\n", "", (1, 1)),
        ("a\n" * 30, "a\n" * 15 + "x\ny\n" + "a\n" * 15, (16, 17)),
        ("same\n", "same\n", (1, 1)),
    ],
)
def test_the_changed_lines_of_the_head_are_found(before: str, after: str, lines: tuple[int, int]) -> None:
    assert locate(file_patch("p.md", before, after), after) == lines


@given(st.one_of(texts, st.text(max_size=80)), texts)
def test_a_location_always_lies_inside_of_the_file(diff: str, text: str) -> None:
    first, last = locate(diff, text)
    assert 1 <= first <= last <= max(len(split_lines(text)), 1)
    assert 1 <= locate(diff)[0] <= locate(diff)[1]


def test_a_line_that_looks_like_a_header_is_content(tmp_path: Path) -> None:
    diff = git_diff(tmp_path, "a\n", "a\n@@ -1,9 +500,9 @@\n++ b/x\n")
    assert commentable(diff) == (range(1, 4),)


@pytest.mark.parametrize(("before", "after"), TEXTS)
def test_git_s_own_diff_shows_the_same_lines(tmp_path: Path, before: str, after: str) -> None:
    assert commentable(git_diff(tmp_path, before, after)) == commentable(file_patch("p.md", before, after))


@pytest.mark.parametrize("name", NAMES)
def test_names_stand_in_headers_as_git_writes_them(tmp_path: Path, name: str) -> None:
    theirs = git_diff(tmp_path, "a\n", "b\n", name).split("\n")
    ours = file_patch(name, "a\n", "b\n").split("\n")
    assert ours == [line for line in theirs if not line.startswith("index ")]


@pytest.mark.parametrize(("before", "after"), TEXTS)
@pytest.mark.parametrize("name", ["p.md", 'a "folder"/né w.md'])
def test_git_applies_the_patch_exactly(tmp_path: Path, name: str, before: str, after: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(before.encode())
    git(tmp_path, "-c", "apply.whitespace=nowarn", "apply", "-", given=file_patch(name, before, after))
    assert path.read_bytes() == after.encode()


def test_equal_files_need_no_patch() -> None:
    assert file_patch("p.md", "a\n", "a\n") == ""
