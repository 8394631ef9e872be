"""Each piece of a suggested change is said to be worth something, in one short line."""

from __future__ import annotations

from apo_ci.report.comment import render_comment
from apo_ci.report.hunks import TITLE, HunkReport, lines
from apo_ci.report.model import Report
from apo_ci.report.redact import Redactor
from apo_ci.report.summary import render_summary
from apo_ci.report.terminal import render_terminal
from tests.unit.report.samples import BETTER, SITUATIONS


def quoted(text: str) -> str:
    return f"“{text}”"


def test_the_most_valuable_piece_comes_first_and_those_left_out_are_counted() -> None:
    assert lines(BETTER.hunks, quoted, 8) == [
        "+13.0 points (54 cases): says now “Praise for the price, the shop or the delivery alone is not praise for the "
        "product.”",
        "+9.3 points (54 cases): adds 2 worked examples",
        "+7.4 points (32 cases): adds “Answer only Yes or No.”",
        "+1.8 points (54 cases): says now “You label product reviews: is the customer content with what they bought?”",
        "1 change was left out: it brought nothing",
    ]


def test_only_so_many_are_shown() -> None:
    hunks = tuple(HunkReport(added=f"Rule {number}.", delta=number / 100, n=20) for number in range(12))
    shown = lines(hunks, quoted, 8)
    assert len(shown) == 9
    assert shown[0] == "+11.0 points (20 cases): adds “Rule 11.”"
    assert shown[-1] == "… 4 more"


def test_what_was_not_tried_says_so_after_the_rest() -> None:
    hunks = (HunkReport(removed="Be brief."), HunkReport(added="Be kind.", delta=-0.01, n=16))
    assert lines(hunks, quoted, 8) == [
        "−1.0 points (16 cases): adds “Be kind.”",
        "not tried: takes out “Be brief.”",
    ]


def test_a_single_piece_and_pieces_of_unknown_worth_are_not_listed() -> None:
    assert lines((HunkReport(added="x", delta=0.1, n=9),), quoted, 8) == []
    assert lines((HunkReport(added="x"), HunkReport(added="y")), quoted, 8) == []


def found(name: str) -> Report:
    return SITUATIONS[name]


def test_comment_summary_and_terminal_tell_the_worth_of_an_offered_change() -> None:
    report = found("fail_with_better_suggestion")
    for text in (
        render_comment(report, Redactor()),
        render_summary(report, Redactor()),
        render_terminal(report, Redactor()),
    ):
        assert TITLE in text
        assert "- +9.3 points (54 cases): adds 2 worked examples" in text


def test_what_is_not_offered_is_not_taken_apart() -> None:
    report = found("fail_with_better_suggestion")
    unsure = BETTER.model_copy(update={"status": "inconclusive"})
    prompts = tuple(prompt.model_copy(update={"suggestion": unsure}) for prompt in report.prompts)
    assert TITLE not in render_comment(report.model_copy(update={"prompts": prompts}), Redactor())
