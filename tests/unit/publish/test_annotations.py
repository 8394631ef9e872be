"""Annotations say one plain thing at a prompt's lines."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.publish.annotations import Annotation, annotations_of
from apo_ci.publish.workflow_files import WorkflowFiles
from apo_ci.report.escape import visible
from apo_ci.report.model import ErrorCount, Report
from tests.unit.publish.runner import commands
from tests.unit.report.samples import BETTER, HOSTILE, PATH, REVERT, SITUATIONS, report, sentiment

fragments = st.sampled_from(
    ("::error::x", "##[error]x", "\n", "\r", "\u202e", "%0A::warning::y", "a", ",", ":", "\x1b[31m")
)
hostile = st.lists(st.one_of(fragments, st.text(max_size=5)), max_size=8).map("".join)


def at(path: str) -> tuple[int, int]:
    return 3, 5


def of(*prompts: object, **more: object) -> tuple[Annotation, ...]:
    return annotations_of(report(*prompts, **more), at)  # type: ignore[arg-type]


def test_a_failure_stands_at_the_changed_lines_with_its_reason() -> None:
    assert of(sentiment(suggestion=None), verdict="fail") == (
        Annotation(
            path=PATH,
            start_line=3,
            end_line=5,
            level="failure",
            title=f"Fail: this pull request makes {PATH} worse",
            message="Accuracy fell by 18.1 points; at most 2.0 are allowed.",
        ),
    )


def test_a_better_suggestion_is_a_notice_of_its_gain() -> None:
    (notice,) = of(sentiment(verdict="pass", blocks=False, suggestion=BETTER))
    assert (notice.level, notice.title) == ("notice", "A better prompt was found")
    assert notice.message.startswith("A better prompt was found: +22.2 points over this pull request")
    (revert,) = of(sentiment(verdict="pass", blocks=False, suggestion=REVERT))
    assert revert.title == "Going back to the base version is better"


@pytest.mark.parametrize(
    ("verdict", "blocks", "level"),
    [
        ("fail", True, "failure"),
        ("fail", False, "warning"),
        ("error", True, "failure"),
        ("inconclusive", False, "warning"),
        ("inconclusive", True, "failure"),
    ],
)
def test_what_blocks_is_a_failure_and_the_rest_a_warning(verdict: str, blocks: bool, level: str) -> None:
    (found,) = of(sentiment(verdict=verdict, blocks=blocks, suggestion=None))
    assert found.level == level


def test_what_passes_and_has_no_better_version_is_not_mentioned() -> None:
    assert of(sentiment(verdict="pass", blocks=False, suggestion=None)) == ()
    assert of() == ()


def test_the_worst_verdicts_come_first() -> None:
    prompts = [sentiment(path=name, verdict=name, suggestion=None) for name in ("inconclusive", "error", "fail")]
    assert [each.path for each in of(*prompts)] == ["fail", "error", "inconclusive"]


def test_paths_start_at_the_repository_s_root() -> None:
    asked: list[str] = []

    def locate(path: str) -> tuple[int, int]:
        asked.append(path)
        return 1, 1

    found = annotations_of(report(sentiment(suggestion=None), directory="services/desk"), locate)
    assert [each.path for each in found] == asked == [f"services/desk/{PATH}"]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_titles_and_messages_are_short_plain_lines(situation: str) -> None:
    for each in annotations_of(SITUATIONS[situation], at):
        assert each.title
        assert each.message
        assert len(each.title) <= 200
        assert len(each.message) <= 1_000
        assert "**" not in each.title


def hostile_report(text: str) -> Report:
    errors = (ErrorCount(message=text, count=1),)
    prompts = [
        sentiment(path=f"a/{text}", verdict=verdict, reasons=(text,), metric=text, errors=errors, eval=text)
        for verdict in ("fail", "error", "inconclusive")
    ]
    return report(*prompts, directory=text)


@given(hostile)
def test_no_annotation_carries_a_live_command_in_its_fields_or_in_the_log(text: str) -> None:
    found = annotations_of(hostile_report(text), at)
    assert len(found) == 6
    log = io.StringIO()
    WorkflowFiles(None, None, log).annotate(found)
    for each in found:
        assert commands(each.title) == commands(each.message) == []
        assert "\n" not in each.title + each.message
        assert visible(each.title) == each.title
        assert visible(each.message) == each.message
    assert [command.name for command in commands(log.getvalue())] == [
        name for level in ("error", "error", "error") for name in (level, "notice")
    ]


def test_the_hostile_sample_stays_text() -> None:
    (found, _) = annotations_of(report(sentiment(reasons=(HOSTILE,)), verdict="fail"), at)
    assert "‹U+202E›" in found.message
    assert commands(found.message) == []
