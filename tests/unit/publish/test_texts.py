"""A report in the places that GitHub has for it."""

from __future__ import annotations

import pytest

from apo_ci.publish.sections import TEXT_BYTES
from apo_ci.publish.state import Ignored
from apo_ci.publish.texts import check_summary, check_title, forks_section, section_text, without_headline
from apo_ci.report import notices
from apo_ci.report.redact import Redactor
from tests.unit.report.samples import SITUATIONS, huge

FAIL = SITUATIONS["fail_with_better_suggestion"]
HOW = notices.how_to_apply("echo apply", number=1, reviewed=True)


def test_verdict_table_why_suggestion_how_to_apply_and_details_stand_in_this_order() -> None:
    text = section_text(FAIL, Redactor(), taking=HOW, account="all runs of this pull request: 7 of 9 calls")
    order = [
        "### ❌ Fail",
        "| Prompt |",
        "Accuracy fell",
        "**A better",
        "```diff",
        HOW,
        "<details>",
        "7 of 9 calls</sub>",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.count("**A better prompt was found:**") == 1


def test_an_acceptance_is_said_in_the_headline_and_under_it() -> None:
    accepted = tuple(Ignored(by="mona", reason=f"reason {number}", digests=()) for number in range(5))
    lines = section_text(FAIL, Redactor(), accepted=accepted).splitlines()
    assert lines[0].startswith("### ⚪ Fail, accepted: this pull request makes")
    assert lines[2] == "Accepted by `mona`: reason 4"
    assert sum(line.startswith("Accepted by") for line in lines) == 3


def test_a_comment_can_be_marked_as_accepted_where_it_stands() -> None:
    text = section_text(FAIL, Redactor(), taking=HOW)
    marked = notices.with_acceptance(text, "mona", "@octocat fixes #1")
    assert marked == section_text(
        FAIL, Redactor(), taking=HOW, accepted=(Ignored(by="mona", reason="@octocat fixes #1", digests=()),)
    )
    assert "@octocat" not in marked


def test_a_fork_s_report_says_whose_word_it_is_under_the_verdict() -> None:
    lines = forks_section(SITUATIONS["without_a_model"], Redactor()).splitlines()
    assert lines[0].startswith("### ⚠️ Inconclusive")
    assert lines[2] == notices.from_a_fork()


def test_a_check_run_says_the_verdict_in_its_title_alone() -> None:
    title, summary = check_title(FAIL), check_summary(FAIL, Redactor())
    assert title == "❌ Fail: this pull request makes prompts/sentiment.prompt.md worse"
    assert summary.startswith("| Prompt |")
    assert without_headline("no headline\nx") == "no headline\nx"


@pytest.mark.parametrize("make", [section_text, forks_section, check_summary])
def test_no_text_is_too_long_for_its_place(make: object) -> None:
    text = make(huge(), Redactor())  # type: ignore[operator]  # any of the three
    assert len(text.encode()) <= (60_000 if make is check_summary else TEXT_BYTES)
