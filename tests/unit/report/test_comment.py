"""The comment fits GitHub, whatever it is about, and says the verdict first."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apo_ci.report import comment, summary
from apo_ci.report.comment import MARKER, MAX_BYTES, MORE, render_comment, render_section, shortened
from apo_ci.report.detail import Beside, Detail
from apo_ci.report.model import ErrorCount
from apo_ci.report.redact import Redactor
from tests.unit.report.github import Page
from tests.unit.report.samples import (
    BETTER,
    HOSTILE,
    PATH,
    SITUATIONS,
    WORSE,
    change,
    hostile,
    report,
    sentiment,
)

OWN_TAGS = {
    *("h3", "h4", "p", "strong", "em", "ul", "li", "code", "pre", "details", "summary", "sub"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
unhurried = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
text = st.one_of(
    st.text(max_size=40), st.sampled_from([HOSTILE, "x" * 5_000, "\u202e" * 3_000, "```\n" * 500, "話" * 9_000])
)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_marker_and_the_verdict_come_first(situation: str) -> None:
    value = SITUATIONS[situation]
    lines = render_comment(value, Redactor()).splitlines()
    assert lines[0] == MARKER
    assert lines[1].startswith("### ")
    assert value.verdict.capitalize() in lines[1]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_nothing_foreign_comes_alive(situation: str) -> None:
    page = Page(render_comment(SITUATIONS[situation], Redactor()))
    assert set(page.tags) <= OWN_TAGS
    assert page.live == []
    assert page.comments in ([" apo-ci:comment "], [" apo-ci:comment ", " apo-ci:more "])
    assert page.html.count("<details>") == page.html.count("</details>")


@unhurried
@given(st.lists(text, min_size=7, max_size=7), st.integers(1, 60))
def test_a_comment_fits_whatever_the_texts_and_however_many_prompts(texts: list[str], number: int) -> None:
    path, reason, gradient, reply, body, warning, error = texts
    case = change(1, fixed=False).model_copy(update={"input": reply, "head_reply": reply, "id": path})
    prompt = sentiment(
        path=path or PATH,
        reasons=(reason,) * 9,
        comparison=WORSE.model_copy(update={"broken": (case,) * 30}),
        suggestion=BETTER.model_copy(update={"gradients": (gradient,) * 20, "text": body, "diff": f"+{body}\n" * 40}),
        errors=(ErrorCount(message=error, count=3),),
    )
    value = report(*[prompt] * number, verdict="fail", warnings=tuple(f"{warning}{i}" for i in range(number)))
    shown = render_comment(value, Redactor())
    assert len(shown) <= len(shown.encode()) <= MAX_BYTES
    assert shown.startswith(MARKER + "\n### ❌ Fail: ")
    page = Page(shown)
    assert set(page.tags) <= OWN_TAGS
    assert page.live == []


def test_what_was_left_out_is_named_from_the_least_important_end() -> None:
    shown = render_comment(SITUATIONS["huge_shortened"], Redactor())
    assert "Shortened to fit; left out: provenance, ledger, the search's path" in shown
    assert "```diff" in shown
    assert len(shown.encode()) > MAX_BYTES / 3


@pytest.mark.parametrize("limit", [200, 400, 1_000, 3_000, 10_000])
def test_the_verdict_survives_any_limit(limit: int) -> None:
    shown = shortened(
        SITUATIONS["huge_shortened"],
        Detail(),
        Redactor(),
        limit=limit,
        elsewhere="See report.json.",
    )
    assert shown.startswith("### ❌ Fail: 40 of 40 prompts got worse\n")
    assert "Shortened to fit" in shown
    assert len(shown.encode()) <= limit


def test_many_prompts_keep_the_worst_rows() -> None:
    passing = [
        sentiment(path=f"prompts/{number}.prompt.md", verdict="pass", suggestion=None) for number in range(2_000)
    ]
    shown = render_comment(report(*passing, sentiment(path="prompts/bad.prompt.md"), verdict="fail"), Redactor())
    assert "prompts/bad.prompt.md" in shown
    assert "more prompts are left out of this table" in shown
    assert len(shown.encode()) <= MAX_BYTES


def test_large_reports_are_rendered_in_time() -> None:
    start = time.perf_counter()
    render_comment(SITUATIONS["huge_shortened"], Redactor(["a-secret-key-of-some-length"]))
    summary.render_summary(SITUATIONS["huge_shortened"], Redactor(["a-secret-key-of-some-length"]))
    assert time.perf_counter() - start < 20


def test_two_hundred_kilobytes_of_reply_do_not_fill_the_comment() -> None:
    reply = "".join(random.Random(0).choices("ab `|\n", k=200_000))
    case = change(1, fixed=False).model_copy(update={"head_reply": reply, "input": reply})
    value = report(sentiment(comparison=WORSE.model_copy(update={"broken": (case,), "n_broken": 1})), verdict="fail")
    shown = render_comment(value, Redactor())
    assert len(shown) < 12_000
    assert "Provenance" in shown


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_summary_fits_its_step(situation: str) -> None:
    shown = summary.render_summary(SITUATIONS[situation], Redactor())
    assert len(shown.encode()) <= summary.MAX_BYTES < 2**20
    assert MARKER not in shown
    assert Page(shown).live == []


def test_a_summary_has_every_prompt_and_more_cases() -> None:
    value = SITUATIONS["many_prompts"]
    shown = summary.render_summary(value, Redactor())
    assert shown.count("\n#### ") == len(value.prompts)
    assert shown.count("kettle number 25") > render_comment(value, Redactor()).count("kettle number 25")


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_comment(hostile(), Redactor()) == render_comment(hostile(), Redactor())


def test_a_pass_with_nothing_changed_is_two_lines() -> None:
    for situation in ("pass_nothing_affected", "pass_unchanged"):
        shown = render_comment(SITUATIONS[situation], Redactor()).removeprefix(MARKER)
        assert len([line for line in shown.splitlines() if line]) == 2


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_section_is_the_comment_without_its_marker(situation: str) -> None:
    section = render_section(SITUATIONS[situation], Redactor(), limit=MAX_BYTES - len(MARKER) - 1)
    assert render_comment(SITUATIONS[situation], Redactor()) == f"{MARKER}\n{section}"


def test_a_section_has_one_line_after_verdict_and_table() -> None:
    section = render_section(SITUATIONS["many_prompts"], Redactor(), limit=60_000)
    first, _, rest = section.partition(f"\n{MORE}\n")
    assert section.count(MORE) == 1
    assert "prompts/routing.prompt.md` | 60" in first
    assert "<details>" not in first
    assert "Provenance" in rest


@pytest.mark.parametrize("limit", [300, 2_000, 20_000])
def test_a_section_fits_its_limit(limit: int) -> None:
    section = render_section(SITUATIONS["huge_shortened"], Redactor(), limit=limit)
    assert len(section.encode()) <= limit


@pytest.mark.parametrize("mark", ["<!-- apo-ci:more -->", "<!-- /apo-ci:section -->", "<!--apo-ci:comment -->"])
def test_nothing_foreign_looks_like_one_of_our_marks_even_in_code(mark: str) -> None:
    found = BETTER.model_copy(update={"diff": f"@@ -1 +1 @@\n-a\n+{mark}\n", "text": mark, "gradients": (mark,)})
    section = render_section(report(sentiment(suggestion=found), verdict="fail"), Redactor(), limit=MAX_BYTES)
    assert section.count("<!-- apo-ci:") == 1
    assert "apo-ci:section" not in section.replace("‹apo-ci›:section", "")


def test_paths_begin_at_the_repositorys_root() -> None:
    shown = render_comment(SITUATIONS["project_in_a_folder"], Redactor())
    assert "makes `services/web/prompts/sentiment.prompt.md` worse" in shown
    assert "`services/web/prompts/old.prompt.md`" in shown
    assert "`services/web/evals/sentiment.jsonl`" in shown


def test_steps_only_take_away() -> None:
    fields = set(Detail.__dataclass_fields__)
    assert all(set(change) <= fields for _, _, change in comment.STEPS)


def test_model_text_with_template_syntax_is_text() -> None:
    value = report(sentiment(reasons=("{{ x }} {% raw %} {{ 7 }}",), suggestion=None), verdict="fail")
    assert "{{ x }} {% raw %} {{ 7 }}" in render_comment(value, Redactor())


def test_prompts_that_answer_as_before_are_folded_where_they_are_many() -> None:
    section = render_section(SITUATIONS["many_prompts"], Redactor(), limit=60_000)
    first, _, rest = section.partition(f"\n{MORE}\n")
    assert "billing" not in first
    assert "billing" in rest.partition("<summary>10 prompts that answer as before</summary>")[2]


def test_sections_after_the_first_few_are_in_one_fold() -> None:
    prompts = [sentiment(path=f"prompts/{number}.prompt.md") for number in range(9)]
    shown = render_section(
        report(*prompts, verdict="fail"), Redactor(), limit=MAX_BYTES, beside=Beside(taking="Take it.")
    )
    before, _, folded = shown.partition("<details><summary>4 more prompts</summary>")
    assert (before.count("\n#### "), folded.count("\n#### ")) == (5, 4)
    assert before.index("prompts/4.prompt.md") < before.rindex("```diff") < before.index("Take it.")
    assert shown.count("<details>") == shown.count("</details>")


def test_a_table_of_one_prompt_has_no_symbols_and_no_costs() -> None:
    one = render_section(SITUATIONS["fail_with_better_suggestion"], Redactor(), limit=MAX_BYTES)
    assert "| Prompt | Cases | Base | Head | Points (95% CI) | p |\n" in one
    assert "| 72 (1 errored) | 90.3% | 72.2% |" in one
    assert "| Cost |" in render_section(SITUATIONS["many_prompts"], Redactor(), limit=MAX_BYTES)


def test_a_long_diff_is_folded_and_a_short_one_is_not() -> None:
    long = "@@ -1 +1,60 @@\n" + "+line\n" * 60
    folded = render_section(
        report(sentiment(suggestion=BETTER.model_copy(update={"diff": long})), verdict="fail"),
        Redactor(),
        limit=MAX_BYTES,
    )
    assert "<details><summary>The diff: 61 lines</summary>\n\n```diff" in folded
    assert "<summary>The diff" not in render_section(
        SITUATIONS["fail_with_better_suggestion"], Redactor(), limit=MAX_BYTES
    )


def test_what_nobody_evaluated_has_no_table_and_no_ledger() -> None:
    shown = render_section(SITUATIONS["without_a_model"], Redactor(), limit=MAX_BYTES)
    assert "|" not in shown.partition("<details>")[0]
    assert "What it cost" not in shown
