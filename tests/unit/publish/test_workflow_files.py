"""What is written for the runner is read by the runner as it was meant."""

from __future__ import annotations

import io
import itertools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apo_ci.publish.annotations import Annotation, Level
from apo_ci.publish.limits import CUT, MAX_STEP_SUMMARY
from apo_ci.publish.workflow_files import WorkflowFiles, new_delimiter
from tests.unit.publish.runner import Command, commands, read_pairs
from tests.unit.report.samples import HOSTILE

fragments = st.sampled_from(
    ["\n", "\r\n", "\r", "EOF", "<<", "=", "name<<EOF\n", "x=y\n", "word", "\ufeff", "\u2028", "d0", "d1", "\x00"]
)
values = st.lists(st.one_of(fragments, st.text(max_size=4)), max_size=10).map("".join)
names = st.from_regex(r"[a-z_][a-z0-9_-]{0,10}", fullmatch=True)


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


def foreseen() -> Iterator[str]:
    """Delimiters that the values of these tests can hold."""
    return (f"d{number}" for number in itertools.count())


def read_back(
    outputs: Mapping[str, str], *, there: bytes = b"", delimiters: Iterator[str] | None = None
) -> list[object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        path.write_bytes(there)
        drawn = delimiters or foreseen()
        WorkflowFiles(path, None, io.StringIO(), lambda: next(drawn)).set_outputs(outputs)
        return list(read_pairs(path.read_bytes()))


@given(st.dictionaries(names, values, max_size=5))
@example({"a": "EOF", "b": "x<<EOF\nEOF", "c": "k=v", "d": "", "e": "\n", "f": "\n\n", "g": "a\n", "h": "d0\nd1"})
@example({"a": HOSTILE, "b": '{"prompts/é.md": 0.1}'})
def test_every_output_reaches_the_runner_unchanged(outputs: dict[str, str]) -> None:
    assert read_back(outputs) == list(outputs.items())


def test_the_delimiter_is_never_in_the_value() -> None:
    assert read_back({"a": "d0 and\nd1\n"}) == [("a", "d0 and\nd1\n")]


def test_a_generator_that_is_foreseen_at_every_turn_is_refused() -> None:
    with pytest.raises(ValueError, match="every delimiter"):
        read_back({"a": "same"}, delimiters=itertools.repeat("same"))


def test_delimiters_differ_from_call_to_call() -> None:
    assert len({new_delimiter() for _ in range(100)}) == 100


def test_outputs_join_those_that_are_there() -> None:
    assert read_back({"b": "2"}, there=b"a=1") == [("a", "1"), ("b", "2")]


def test_half_a_surrogate_pair_does_not_break_the_file() -> None:
    assert read_back({"a": "x\ud800y"}) == [("a", "x?y")]


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a<<b", "a\nb", "é", "1a"])
def test_a_name_that_the_runner_would_misread_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        read_back({name: "x"})


def test_without_files_nothing_is_written(log: io.StringIO) -> None:
    files = WorkflowFiles(None, None, log)
    files.set_outputs({"a": "b"})
    files.add_summary("text")
    assert log.getvalue() == ""


@pytest.mark.parametrize(
    "there", [0, 1, 500_000, MAX_STEP_SUMMARY - 1_000, MAX_STEP_SUMMARY - 50, MAX_STEP_SUMMARY + 9]
)
@pytest.mark.parametrize("text", ["short", "話" * 500_000, "a" * MAX_STEP_SUMMARY])
def test_the_summary_stays_within_what_github_shows(tmp_path: Path, log: io.StringIO, there: int, text: str) -> None:
    path = tmp_path / "summary"
    path.write_bytes(b"x" * there)
    WorkflowFiles(None, path, log).add_summary(text)
    data = path.read_bytes()
    added = data[there:].decode().removeprefix("\n")
    assert len(data) <= max(MAX_STEP_SUMMARY, there + 1)
    assert data[:there] == b"x" * there
    assert added in ("", text) or added.startswith(f"*{CUT}*\n\n")


def test_a_summary_is_added_below_what_is_there(tmp_path: Path, log: io.StringIO) -> None:
    path = tmp_path / "summary"
    files = WorkflowFiles(None, path, log)
    files.add_summary("# one\n")
    files.add_summary("# two")
    assert path.read_text(encoding="utf-8") == "# one\n# two"


def an(level: Level, number: int = 1) -> Annotation:
    return Annotation("a, b:c/p%.md", number, number + 1, level, "Title: one, two", "100% ::error::\nnext")


def test_annotations_are_read_as_they_were_meant(log: io.StringIO) -> None:
    WorkflowFiles(None, None, log).annotate([an("failure"), an("warning", 7), an("notice")])
    place = {"file": "a, b:c/p%.md", "title": "Title: one, two"}
    message = "100% ‹::›error::\nnext"
    assert commands(log.getvalue()) == [
        Command("error", message, {**place, "line": "1", "endLine": "2"}),
        Command("warning", message, {**place, "line": "7", "endLine": "8"}),
        Command("notice", message, {**place, "line": "1", "endLine": "2"}),
    ]


def test_ten_annotations_of_a_level_are_shown_and_the_others_counted(log: io.StringIO) -> None:
    WorkflowFiles(None, None, log).annotate([an("failure")] * 13 + [an("notice")] * 10 + [an("warning")] * 11)
    found = [command.name for command in commands(log.getvalue())]
    assert [found.count(name) for name in ("error", "notice", "warning")] == [10, 10, 10]
    assert log.getvalue().splitlines()[-1] == "4 more annotations are in report.json."


def test_a_warning_is_one_command_whatever_it_says(log: io.StringIO) -> None:
    WorkflowFiles(None, None, log).warn("50%: not written\n::error::x")
    assert commands(log.getvalue()) == [Command("warning", "50%: not written\n‹::›error::x", {"title": "apo-ci"})]


def test_a_warning_is_shown_once(log: io.StringIO) -> None:
    files = WorkflowFiles(None, None, log)
    for message in ("not written", "not written", "not read"):
        files.warn(message)
    assert [command.data for command in commands(log.getvalue())] == ["not written", "not read"]


def test_an_error_is_one_command_whatever_it_says(log: io.StringIO) -> None:
    WorkflowFiles(None, None, log).fail("cannot be used\n::warning::x")
    assert commands(log.getvalue()) == [Command("error", "cannot be used\n‹::›warning::x", {"title": "apo-ci"})]
