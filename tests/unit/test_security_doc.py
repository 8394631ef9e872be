"""docs/security.md names every threat once, and only tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THREATS = (
    "Fork plus secrets",
    "`pull_request_target`",
    "Forged artifacts",
    "`${{ }}` injection",
    "Git argument injection",
    "Jinja2 escapes",
    "Resource bombs",
    "YAML and JSON bombs",
    "Duplicate keys",
    "Workflow commands",
    "`GITHUB_OUTPUT` delimiters",
    "Markdown and HTML",
    "Mentions",
    "Images",
    "Issue-closing words",
    "A comment that spoofs the marker",
    "Invisible and bidirectional Unicode",
    "Path traversal",
    "Symlinks",
    "Submodules",
    "Writes to `.github/`",
    "Custom scorers from the head",
    "Gate and eval tampering",
    "Key exfiltration through a head-controlled `base_url`",
    "Token or key in any output",
    "Cache poisoning",
    "Denial of wallet",
    "Prompt injection into the optimizer",
    "Loops of bot commits",
    "A head that moves during the run",
    "More than 3,000 changed files",
    "Regular-expression bombs",
)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[list[str]]:
    """The cells of the table of threats, its header apart."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.partition("\n## Threats\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@cache
def functions_of(path: str) -> frozenset[str]:
    """The test functions of a file, those of classes too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions)


def test_every_threat_has_exactly_one_row() -> None:
    assert tuple(row[0] for row in rows()) == THREATS


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_row_says_what_is_done_and_names_tests_that_exist(row: list[str]) -> None:
    assert len(row) == 3
    assert row[1]
    named = NAMED.findall(row[2])
    assert named
    assert NAMED.sub("", row[2]).strip() == ""  # nothing else in the cell, such as a name that is misspelt
    assert not [f"{path}::{name}" for path, name in named if name not in functions_of(path)]
