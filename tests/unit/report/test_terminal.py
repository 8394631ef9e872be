"""The report on a terminal and in a log."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len

from apo_ci.report.redact import Redactor
from apo_ci.report.terminal import print_report, render_terminal
from tests.unit.report.samples import SITUATIONS, hostile

SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_log_gets_no_escape_sequence(situation: str) -> None:
    shown = render_terminal(SITUATIONS[situation], Redactor())
    assert not re.search(r"[^\n\x20-\U0010ffff]|[\x7f-\x9f]", shown)


def test_colours_are_the_only_sequences_and_the_words_are_the_same() -> None:
    coloured = render_terminal(hostile(), Redactor(), color=True)
    assert SGR.search(coloured)
    plain = [line.rstrip() for line in SGR.sub("", coloured).splitlines()]
    assert plain == render_terminal(hostile(), Redactor()).splitlines()


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("situation", ["fail_with_better_suggestion", "many_prompts", "hostile"])
def test_lines_keep_to_the_width(situation: str, width: int) -> None:
    shown = render_terminal(SITUATIONS[situation], Redactor(), width=width)
    assert max(map(cell_len, shown.splitlines())) <= width


def test_no_line_of_a_log_is_a_workflow_command() -> None:
    for width in (80, 100):
        for line in render_terminal(hostile(), Redactor(), width=width).splitlines():
            assert not line.strip().startswith("::")
            assert "##[" not in line


def test_a_stream_that_is_no_terminal_gets_plain_text() -> None:
    stream = io.StringIO()
    print_report(SITUATIONS["inconclusive"], Redactor(), stream)
    assert stream.getvalue().startswith("⚠️ Inconclusive: 60 cases cannot tell")
    assert "\x1b" not in stream.getvalue()
