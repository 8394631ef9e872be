"""The comment's body: sections come back as they were written, and nothing inside one reads like a delimiter."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apo_ci.publish.sections import (
    CLOSE_LINE,
    STATE_BYTES,
    TEXT_BYTES,
    defused,
    headline,
    parse_body,
    write_body,
)
from apo_ci.publish.state import Content, SectionState, Spent, State
from apo_ci.report.comment import MARKER, MAX_BYTES, MORE
from apo_ci.report.model import Outcome
from tests.unit.publish.states import NASTY, content_of, keys, lines, section, sections, spendings, states, suggested
from tests.unit.report.github import Page

unhurried = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
long = st.sampled_from(["", "x" * 3_000, "話" * 9_000, f"### Head\n\ntable\n\n{MORE}\n\n" + "details\n" * 4_000])


def ended(verdict: Outcome) -> SectionState:
    """A section with `verdict`, which nobody accepted."""
    return section(verdict=verdict, blocks=verdict in ("fail", "error"))


def size(body: str) -> int:
    return len(body.encode())


@st.composite
def contents(draw: st.DrawFn) -> Content:
    state = draw(states())
    texts = draw(st.fixed_dictionaries(dict.fromkeys(state.sections, lines)))
    strays = draw(st.dictionaries(keys.map(lambda key: key.replace("\ud800", "?")), lines, max_size=1))
    return Content(state, {**texts, **strays})


@given(contents())
def test_a_body_says_what_was_written(content: Content) -> None:
    found = parse_body(write_body(content))
    assert found == Content(content.state, {key: defused(text) for key, text in content.texts.items()})


@given(contents())
def test_a_body_that_was_read_is_written_as_it_was(content: Content) -> None:
    body = write_body(content)
    found = parse_body(body)
    assert found is not None
    assert parse_body(write_body(found)) == found


@given(lines)
def test_whatever_a_section_says_the_others_stay_as_they_are(text: str) -> None:
    others = content_of(app=(section(run=1), "the app's"), web=(section(run=2), "the web's"))
    hostile = Content(
        others.state.model_copy(
            update={"sections": {**others.state.sections, "z": section()}, "spent": Spent(calls=7)}
        ),
        {**others.texts, "z": text},
    )
    found = parse_body(write_body(hostile))
    assert found is not None
    assert found.state == hostile.state
    assert found.texts.keys() == {"app", "web", "z"}
    assert {key: found.texts[key] for key in others.texts} == others.texts


@pytest.mark.parametrize("nasty", NASTY)
def test_whatever_a_section_is_called_no_other_is_made_up(nasty: str) -> None:
    key = nasty.replace("\ud800", "?")
    content = Content(State(sections={key: section(verdict="fail"), "web": section()}), {key: "one", "web": "two"})
    found = parse_body(write_body(content))
    assert found == content


@given(lines)
def test_defusing_twice_is_defusing_once(text: str) -> None:
    assert defused(defused(text)) == defused(text)


def test_a_defused_delimiter_can_still_be_read() -> None:
    assert defused(f"```diff\n+{CLOSE_LINE}\n```") == "```diff\n+‹!-- /apo-ci:section -->\n```"
    assert defused("a\n<!--\t/ APO-CI:section -->") == "a\n‹!--\t/ APO-CI:section -->"
    assert defused("<!-- somebody else's -->") == "<!-- somebody else's -->"


def test_the_first_line_that_divides_a_section_is_the_only_one() -> None:
    text = f"head\n{MORE}\nrest\n{MORE}\nx {MORE}"
    assert defused(text) == f"head\n{MORE}\nrest\n‹!-- apo-ci:more -->\nx ‹!-- apo-ci:more -->"


@given(st.text() | lines | lines.map(lambda text: f"{MARKER}\n{text}"))
def test_any_body_is_read_or_is_not_ours(body: str) -> None:
    found = parse_body(body)
    assert (found is not None) == (body.replace("\r\n", "\n").replace("\r", "\n").split("\n")[0] == MARKER)
    if found is not None:
        assert size(write_body(found)) <= MAX_BYTES


@pytest.mark.parametrize("before", [" ", "\n", "\ufeff", "> ", "text\n"])
def test_a_marker_that_is_not_at_the_very_beginning_is_somebody_quoting_us(before: str) -> None:
    assert parse_body(before + write_body(content_of(app=(section(), "text")))) is None


def test_an_edit_on_the_website_which_makes_crlf_does_no_harm() -> None:
    content = content_of(app=(section(), "one\n\ntwo"), web=(section(run=2), "three"))
    assert parse_body(write_body(content).replace("\n", "\r\n")) == content


def test_a_damaged_state_is_an_empty_one_and_the_sections_stay() -> None:
    body = write_body(content_of(app=(section(), "text"), web=(section(), "more")))
    assert parse_body(body.replace('"version":1', '"version":x')) == Content(State(), {"app": "text", "web": "more"})
    without = "\n".join(line for line in body.split("\n") if "apo-ci:state" not in line)
    assert parse_body(without) == Content(State(), {"app": "text", "web": "more"})


def test_sections_without_a_state_are_still_shown() -> None:
    shown = write_body(Content(State(), {"app": "text", "web": "more"}))
    assert "text" in shown
    assert "more" in shown


def test_a_section_that_lost_its_end_is_dropped_alone() -> None:
    content = content_of(a=(section(), "one"), b=(section(), "two"), c=(section(), "three"))
    body = write_body(content).replace(f"two\n{CLOSE_LINE}", "two")
    found = parse_body(body)
    assert found is not None
    assert found.texts == {"a": "one", "c": "three"}
    assert found.state == content.state


def test_the_only_section_needs_no_name_and_no_line_over_it() -> None:
    body = write_body(content_of(app=(section(), "### ✅ Pass")))
    visible = [line for line in body.split("\n") if line and not line.startswith("<!--")]
    assert visible == ["### ✅ Pass"]


def test_several_sections_have_names_and_a_first_line_the_worst_first() -> None:
    content = content_of(ok=(section(), "fine"), bad=(ended("fail"), "worse"))
    page = Page(write_body(content))
    assert page.text.split() == ["❌", "1", "of", "2", "checks", "failed:", "bad", "bad", "worse", "ok", "fine"]


def test_sections_of_different_commits_say_which() -> None:
    content = content_of(a=(section(head="1" * 40), "one"), b=(section(head="2" * 40), "two"))
    body = write_body(content)
    assert f"**`a`** at `{'1' * 10}`" in body
    assert f"**`b`** at `{'2' * 10}`" in body


@pytest.mark.parametrize(
    ("verdicts", "under_way", "line"),
    [
        (["pass", "pass"], 0, "## ✅ All 2 checks passed"),
        (["pass", "fail", "pass"], 0, "## ❌ 1 of 3 checks failed: `b`"),
        (["fail", "fail"], 0, "## ❌ All 2 checks failed: `a` and `b`"),
        (["inconclusive", "pass"], 0, "## ⚠️ 1 of 2 checks could not be decided: `a`"),
        (["error", "inconclusive"], 0, "## ⚠️ 1 of 2 checks could not be run: `a`"),
        (["pass"], 1, "## ⏳ 1 of 2 checks passed; 1 under way"),
        (["fail"], 2, "## ❌ 1 of 3 checks failed: `a`; 2 under way"),
        ([], 2, "## ⏳ 2 checks under way"),
        (["fail"] * 12, 0, "## ❌ All 12 checks failed: `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h`, `i`, `j` and 2 more"),
    ],
)
def test_the_first_line_says_the_worst_verdict_and_whose_it_is(
    verdicts: list[Outcome], under_way: int, line: str
) -> None:
    found = {chr(ord("a") + place): ended(verdict) for place, verdict in enumerate(verdicts)}
    running = {f"r{number}": section(verdict="inconclusive", in_progress=True) for number in range(under_way)}
    assert headline({**found, **running}) == line


def test_the_root_has_a_name_that_can_be_read() -> None:
    assert headline({"": ended("fail"), "app": section()}) == "## ❌ 1 of 2 checks failed: the root"


def test_an_accepted_failure_counts_less_than_what_still_blocks() -> None:
    accepted = section(verdict="fail", blocks=False)
    assert headline({"a": accepted, "b": section()}) == "## ⚪ 1 of 2 checks failed, which was accepted: `a`"
    assert headline({"a": accepted, "b": ended("error")}) == "## ⚠️ 1 of 2 checks could not be run: `b`"


@pytest.mark.parametrize(
    "key", ["<img src=x>", "@octocat", "`; rm -rf`", "a\n# b", "[x](javascript:y)", "::error::x", "\u202egnp.exe"]
)
def test_nothing_in_a_sections_name_comes_alive(key: str) -> None:
    content = Content(
        State(sections={key: section(verdict="fail", head=key), "b": section()}), {key: "one", "b": "two"}
    )
    page = Page(write_body(content))
    assert page.live == []
    assert set(page.tags) <= {"h2", "p", "hr", "code", "strong"}
    assert "\u202e" not in page.text


def test_a_body_that_was_cut_is_read_and_written_as_it_is() -> None:
    state = State(sections={key: section() for key in ("", "0", "00")})
    content = Content(state, {"": "話" * 7159, "0": "話" * 7159, "00": f"{MORE}\n{'話' * 7159}"})
    found = parse_body(write_body(content))
    assert found is not None
    assert parse_body(write_body(found)) == found


@unhurried
@given(st.lists(st.tuples(keys, sections(), lines, long), max_size=30), spendings())
def test_a_body_fits_whatever_it_says(parts: list[tuple[str, SectionState, str, str]], spent: Spent) -> None:
    state = State(sections={key: one for key, one, _, _ in parts}, spent=spent)
    content = Content(state, {key: text + tail for key, _, text, tail in parts})
    body = write_body(content)
    assert size(body) <= MAX_BYTES
    found = parse_body(body)
    assert found is not None
    assert found.state.spent == spent
    assert found.state.sections.keys() == state.sections.keys()
    assert parse_body(write_body(found)) == found


@pytest.mark.parametrize("number", [50, 256, 2_000])
def test_a_body_fits_however_many_sections_there_are(number: int) -> None:
    many = {
        f"app-{index:04}": section(run=index, verdict="fail" if index % 7 == 0 else "pass") for index in range(number)
    }
    text = f"### ❌ Fail\n\n{MORE}\n\n" + "x" * 3_000
    body = write_body(Content(State(sections=many, spent=Spent(calls=3)), dict.fromkeys(many, text)))
    assert size(body) <= MAX_BYTES
    found = parse_body(body)
    assert found is not None
    assert found.state.spent == Spent(calls=3)
    if number <= 256:
        assert found.state.sections == many
    else:
        assert min(one.run for one in found.state.sections.values()) > 0


def test_a_section_of_the_promised_length_is_not_cut_whatever_is_remembered() -> None:
    long_memory = section(suggestions=(suggested(packed="x" * 20_000), suggested(packed="y" * 20_000)))
    text = "### Head\n\n" + "話" * ((TEXT_BYTES - 12) // 3)
    found = parse_body(write_body(content_of(app=(long_memory, text))))
    assert found is not None
    assert found.texts == {"app": text}
    assert found.state.sections["app"].suggestions[0].packed == ""
    assert STATE_BYTES > 20_000


def test_the_longest_section_is_cut_first_to_its_table_with_a_way_to_the_run() -> None:
    url = "https://github.com/octo/prompts/actions/runs/7"
    long_text = f"### ❌ Fail\n\n| table |\n\n{MORE}\n\n" + "d" * 60_000
    short_text = f"### ✅ Pass\n\n{MORE}\n\n" + "e" * 8_000
    found = parse_body(write_body(content_of(a=(section(run_url=url), long_text), b=(section(), short_text))))
    assert found is not None
    assert found.texts["a"] == (
        f"### ❌ Fail\n\n| table |\n\n*Shortened to fit.* [The run]({url}) has the whole report."
    )
    assert found.texts["b"] == short_text


def test_what_has_no_table_is_cut_to_its_headline() -> None:
    text = "### ❌ Fail: it got worse\n\n" + "d" * 70_000
    found = parse_body(write_body(content_of(app=(section(run_url="not a link"), text))))
    assert found is not None
    assert found.texts["app"] == "### ❌ Fail: it got worse\n\n*Shortened to fit.*"


def test_what_has_no_headline_is_cut_to_its_verdict() -> None:
    found = parse_body(write_body(content_of(app=(section(verdict="error", run_url=""), "x" * 70_000))))
    assert found is not None
    assert found.texts["app"] == "### ⚠️ Error\n\n*Shortened to fit.*"


@pytest.mark.parametrize("opened", ["````text\n```\nx", "<details><summary>Before</summary>\n\nx", "~~~\nx"])
def test_what_a_cut_leaves_open_is_closed(opened: str) -> None:
    text = f"### Head\n\n{opened}\n{MORE}\n" + "y" * 70_000
    content = content_of(a=(section(verdict="fail"), text), b=(section(), "the other"))
    page = Page(write_body(content))
    assert page.html.count("<details>") == page.html.count("</details>")
    assert "the other" in page.text
    assert "<p>the other</p>" in page.html


def test_a_report_with_details_that_are_closed_gets_no_more_ends() -> None:
    text = f"### Head\n\n<details><summary>s</summary>\n\n```\n<details>\n```\n\n</details>\n\n{MORE}\n" + "y" * 70_000
    found = parse_body(write_body(content_of(a=(section(), text))))
    assert found is not None
    assert found.texts["a"].count("</details>") == 1
