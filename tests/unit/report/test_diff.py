"""Diffs of prompt files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from apo_ci.report.diff import for_readers, unified_diff


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\n", "a\r\nB\r\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\u2028b\x0cc\nd\n", "a\u2028b\x0cC\nd\n"),
        ("\ufeffa\n", "\ufeffb\n"),
        ("x\n" * 30 + "y\n" + "x\n" * 30, "x\n" * 30 + "z\n" + "x\n" * 30),
        ("a\n", "\n\na\n\n"),
    ],
)
def test_git_applies_the_diff(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "p.md").write_bytes(before.encode())
    diff = unified_diff(before, after, "p.md")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff.encode(), check=True, capture_output=True)
    assert (tmp_path / "p.md").read_bytes() == after.encode()


def test_equal_prompts_have_no_diff() -> None:
    assert unified_diff("a\n", "a\n", "p.md") == ""


def test_a_path_cannot_forge_lines() -> None:
    assert unified_diff("a\n", "b\n", "p\n+++ b/x\u202e").splitlines()[0] == "--- a/p +++ b/x‹U+202E›"


def shown(diff: str, max_lines: int = 100, max_line: int = 100, max_characters: int = 10_000) -> str:
    return for_readers(diff, max_lines=max_lines, max_line=max_line, max_characters=max_characters)


def test_readers_are_spared_file_names_and_uniform_carriage_returns() -> None:
    assert shown(unified_diff("a\r\nb\r\n", "a\r\nB\r\n", "p.md")) == "@@ -1,2 +1,2 @@\n a\n-b\n+B"


def test_readers_see_a_change_of_line_ends() -> None:
    assert "-a\r\n" in shown(unified_diff("a\r\nb\r\n", "a\nb\n", "p.md"))


def test_a_long_diff_says_what_is_missing() -> None:
    diff = unified_diff("", "".join(f"line {number}\n" for number in range(500)), "p.md")
    assert shown(diff, max_lines=10).splitlines()[-1] == "… 491 more lines of the diff …"
    assert len(shown(diff, max_lines=500, max_characters=300)) < 350
    assert shown(unified_diff("", "y" * 300 + "\n", "p.md")).splitlines()[-1].endswith("… (202 more characters)")
