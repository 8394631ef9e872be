"""A pull request of our own says what its prompts gain, and fits."""

from __future__ import annotations

from apo_ci.report.proposal import render_proposal
from apo_ci.report.redact import Redactor
from tests.unit.report.github import Page
from tests.unit.report.samples import BETTER, CHEAPER, NO_BETTER, PATH, hostile, report, sentiment

URL = "https://github.com/octo/prompts/actions/runs/1"


def shown(*prompts: object, limit: int = 60_000) -> str:
    return render_proposal(report(*prompts), Redactor(), run_url=URL, limit=limit)  # type: ignore[arg-type]


def test_every_better_prompt_is_a_row_the_largest_gain_first() -> None:
    small = BETTER.model_copy(update={"delta": 0.01, "ci_low": None, "ci_high": None, "p_value": None})
    text = shown(
        sentiment(path="prompts/small.prompt.md", suggestion=small),
        sentiment(),
        sentiment(path="prompts/none.prompt.md", suggestion=NO_BETTER),
        sentiment(path="prompts/quiet.prompt.md", suggestion=None),
    )
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{PATH}` | 60 | **+22.2** (+13.0 to +31.4) | <0.001 |",
        "| `prompts/small.prompt.md` | 60 | **+1.0** | – |",
    ]
    assert text.startswith(f"**Better prompts**, found by [this run]({URL})")


def test_a_cheaper_prompt_is_called_so_and_its_row_says_by_how_much() -> None:
    text = shown(sentiment(suggestion=CHEAPER))
    assert text.startswith(f"**A cheaper prompt**, found by [this run]({URL})")
    assert f"| `{PATH}` | 144 | 42% fewer tokens a call, **0.0** (−2.7 to +2.7) | 1.00 |" in text


def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    whole = shown(sentiment())
    assert "Provenance" in whole
    less = shown(sentiment(), limit=2_500)
    assert len(less.encode()) <= 2_500
    assert "Provenance" not in less
    assert PATH in less


def test_many_prompts_keep_to_the_limit() -> None:
    prompts = [sentiment(path=f"prompts/{number}.prompt.md") for number in range(300)]
    text = shown(*prompts)
    assert len(text.encode()) <= 60_000
    assert "100 more are not shown." in text


def test_nothing_foreign_comes_alive() -> None:
    page = Page(render_proposal(hostile(), Redactor(), run_url=URL, limit=60_000))
    assert page.live == ["a"]
    assert page.html.count(f'href="{URL}"') == 1
