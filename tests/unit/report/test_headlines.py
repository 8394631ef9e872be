"""The verdict in one plain sentence."""

from __future__ import annotations

import pytest

from apo_ci.report.headlines import headline
from apo_ci.report.model import GateReport, Report
from apo_ci.report.sentences import TERMINAL
from tests.unit.report.samples import IMPROVED, NEW, NOT_EVALUATED, SITUATIONS, UNSURE, many, report, sentiment

PASSING = sentiment(verdict="pass", blocks=False, suggestion=None, comparison=IMPROVED)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (SITUATIONS["pass_nothing_affected"], "Pass: no prompt, eval set or setting changed, so nothing was evaluated"),
        (SITUATIONS["deleted"], "Pass: there was nothing to evaluate"),
        (report(verdict="error"), "Error: the run could not finish"),
        (SITUATIONS["fail_with_better_suggestion"], "Fail: this pull request makes prompts/sentiment.prompt.md worse"),
        (
            report(sentiment(gate=GateReport(max_drop=0.3, min=0.8)), verdict="fail"),
            "Fail: prompts/sentiment.prompt.md misses its floor",
        ),
        (
            SITUATIONS["inconclusive"],
            "Inconclusive: 60 cases cannot tell whether prompts/sentiment.prompt.md got worse",
        ),
        (SITUATIONS["error_infrastructure"], "Error: prompts/sentiment.prompt.md could not be evaluated"),
        (report(NEW), "Pass: prompts/greeting.prompt.md is new and meets its floor"),
        (
            report(NEW.model_copy(update={"floor": None})),
            "Pass: prompts/greeting.prompt.md is new and has no floor to meet",
        ),
        (SITUATIONS["pass_unchanged"], "Pass: prompts/sentiment.prompt.md answers as before"),
        (report(PASSING), "Pass: this pull request improves prompts/sentiment.prompt.md"),
        (
            report(PASSING.model_copy(update={"comparison": UNSURE})),
            "Pass: prompts/sentiment.prompt.md did not get worse",
        ),
        (report(*many(), verdict="fail"), "Fail: 2 of 14 prompts got worse"),
        (report(PASSING, PASSING), "Pass: none of 2 prompts got worse, 2 got better"),
        (SITUATIONS["two_verdicts"], "Fail: this pull request makes prompts/sentiment.prompt.md worse"),
    ],
)
def test_the_headline_says_what_happened(value: Report, expected: str) -> None:
    assert headline(value, TERMINAL) == expected


def test_a_prompt_that_nobody_evaluated_is_named_as_such() -> None:
    value = SITUATIONS["without_a_model"]
    assert headline(value, TERMINAL) == "Inconclusive: prompts/sentiment.prompt.md was not evaluated"
    both = report(NOT_EVALUATED, sentiment(verdict="pass"), verdict="inconclusive")
    assert headline(both, TERMINAL) == "Inconclusive: 1 of 2 prompts were not evaluated"
