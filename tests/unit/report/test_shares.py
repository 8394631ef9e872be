"""How searches shared a budget, as people read it."""

from __future__ import annotations

from apo_ci.report.comment import render_comment
from apo_ci.report.redact import Redactor
from apo_ci.report.shares import SearchShare, figures, table
from apo_ci.report.terminal import render_terminal
from tests.unit.report.samples import HOSTILE, SENTIMENT, report, sentiment, several_searches

LARGE, SMALL = SearchShare(calls=300, usd=0.5, share=0.75, rounds=3), SearchShare(calls=100, usd=0.1, share=0.25)


def test_the_largest_share_comes_first_and_what_does_not_fit_is_counted() -> None:
    view = table([("a", SMALL), ("b", LARGE), ("c", SMALL)], 2)
    assert view is not None
    assert [row["name"] for row in view["rows"]] == ["`b`", "`a`"]
    assert view["missing"] == 1


def test_there_is_nothing_to_show_without_something_shared() -> None:
    assert table([("a", LARGE)], 10) is None
    assert table([("a", SearchShare()), ("b", SearchShare())], 10) is None
    assert "shared the budget" not in render_comment(report(SENTIMENT, verdict="fail"), Redactor())


def test_what_is_not_known_is_a_dash() -> None:
    assert figures(SearchShare(calls=1200, usd=None, share=0.125, rounds=2, dev_gain=-0.02)) == (
        *("1,200", "–", "12%", "2"),
        *("−2.0", "–"),
    )


def test_hostile_names_are_escaped() -> None:
    shared = [sentiment(path=f"{HOSTILE}{number}", search_share=LARGE) for number in range(2)]
    comment = render_comment(report(*shared, verdict="fail"), Redactor())
    assert "shared the budget" in comment
    for text in ("<img", "@octocat", "\u202e", "\x1b", "\n::error"):
        assert text not in comment


def test_eval_sets_of_one_prompt_are_told_apart() -> None:
    shared = [sentiment(eval=f"evals/{name}.yaml", search_share=LARGE) for name in ("tone", "topic")]
    comment = render_comment(report(*shared, verdict="fail"), Redactor())
    assert "(evals/tone.yaml)` | 300 |" in comment
    assert "(evals/topic.yaml)` | 300 |" in comment


def test_the_terminal_has_the_same_table() -> None:
    text = render_terminal(report(*several_searches(), verdict="fail"), Redactor())
    assert "Gain on test" in text
    assert "276" in text.split("Gain on test")[1].splitlines()[1]
