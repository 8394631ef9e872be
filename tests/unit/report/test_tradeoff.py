"""The row of quality and cost, and when a search has paid for itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.report.comment import render_comment
from apo_ci.report.gains import suggestion_sentence
from apo_ci.report.model import Suggestion
from apo_ci.report.redact import Redactor
from apo_ci.report.sentences import MARKDOWN
from apo_ci.report.terminal import render_terminal
from apo_ci.report.tradeoff import Call, Tradeoff, calls_to_pay, figures, payback
from tests.unit.report.samples import BETTER, CHEAPER, TRADEOFF, report, sentiment


def shown(found: Suggestion) -> str:
    return render_comment(report(sentiment(suggestion=found), verdict="fail"), Redactor())


def test_a_saving_of_a_cent_a_thousand_pays_for_a_cent_after_a_thousand() -> None:
    assert calls_to_pay(0.01, 0.05, 0.04) == 1000


@given(search=st.floats(1e-6, 1e6), present=st.floats(1e-3, 1e6), share=st.floats(0, 0.999))
def test_after_so_many_calls_the_saving_is_at_least_what_the_search_cost(
    search: float, present: float, share: float
) -> None:
    suggested = present * share
    calls = calls_to_pay(search, present, suggested)
    assert calls is not None
    assert calls * (present - suggested) / 1000 >= search * (1 - 1e-9)
    assert (calls - 1) * (present - suggested) / 1000 <= search * (1 + 1e-9)


@pytest.mark.parametrize(
    ("search", "present", "suggested"),
    [(None, 2.0, 1.0), (0.0, 2.0, 1.0), (0.1, None, 1.0), (0.1, 2.0, None), (0.1, 1.0, 1.0), (0.1, 1.0, 2.0)],
)
def test_what_is_not_cheaper_or_has_no_price_never_pays(
    search: float | None, present: float | None, suggested: float | None
) -> None:
    assert calls_to_pay(search, present, suggested) is None


def test_what_nobody_knows_is_a_dash() -> None:
    bare = Call(score=0.5, prompt_tokens=100, completion_tokens=2, length=310)
    rows = figures(Tradeoff(present=bare, suggested=bare))
    assert rows[0] == ("Now", "50.0%", "–", "–", "102", "310 characters")


@pytest.mark.parametrize(("usd", "shown"), [(0.0419, "$0.0419"), (1.5, "$1.50"), (0.0, "$0.00"), (2e-5, "< $0.0001")])
def test_dollars_are_exact_enough_to_compare(usd: float, shown: str) -> None:
    call = Call(score=0.5, prompt_tokens=100, completion_tokens=2, usd=usd, length=310)
    assert figures(Tradeoff(present=call, suggested=call))[0][2] == shown


def test_guessed_tokens_are_marked() -> None:
    guessed = TRADEOFF.model_copy(update={"estimated": True})
    assert all("≈" in row[4] for row in figures(guessed))


def test_the_comment_shows_now_and_suggested_one_above_the_other() -> None:
    lines = shown(BETTER).splitlines()
    (now,) = (place for place, line in enumerate(lines) if line.startswith("| Now |"))
    assert lines[now - 2].startswith("| | Score | 1,000 calls |")
    assert lines[now + 1].startswith("| Suggested |")


def test_the_terminal_shows_the_same_figures() -> None:
    text = render_terminal(report(sentiment(suggestion=BETTER), verdict="fail"), Redactor())
    for row in figures(TRADEOFF):
        (line,) = (line for line in text.splitlines() if line.startswith(row[0] + "  "))
        assert [figure in line for figure in row] == [True] * len(row)


def test_a_cheaper_prompt_is_offered_with_its_saving_and_when_it_has_paid() -> None:
    text = shown(CHEAPER)
    assert "**A cheaper prompt was found:** 42% fewer tokens a call, and 0.0 points" in text
    assert "A loss of `search.max_drop` is ruled out." in text
    assert payback(TRADEOFF) == ""
    assert CHEAPER.tradeoff is not None
    assert payback(CHEAPER.tradeoff) in text


def test_a_cheaper_prompt_has_a_notice_of_its_own() -> None:
    assert suggestion_sentence(CHEAPER, MARKDOWN).startswith(
        "**A cheaper prompt was found**: 42% fewer tokens a call, "
    )


def test_what_may_be_cheaper_is_not_called_better() -> None:
    unsure = CHEAPER.model_copy(update={"status": "inconclusive", "ci_low": -0.06})
    text = shown(unsure)
    assert "**Perhaps a cheaper prompt:** 42% fewer tokens a call, and 0.0 points" in text
    assert "That leaves room for a loss of more than `search.max_drop`." in text
    assert not unsure.is_offered


def test_under_the_score_alone_nothing_is_said_of_tokens_in_the_sentence() -> None:
    assert "tokens a call," not in shown(BETTER)
