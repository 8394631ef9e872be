"""Nothing that a model, a dataset, a prompt or an error wrote comes alive where it is shown."""

from __future__ import annotations

import html as html_entities
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apo_ci.report import escape
from tests.unit.report.github import Page
from tests.unit.report.samples import HOSTILE

FRAGMENTS = (
    *("@octocat", "@org/team", "fixes #12", "closes GH-3", "o/r#4", "deadbeefcafe", "o/r@0123456789abcdef"),
    *(
        "![x](",
        "[a]",
        "(b)",
        "[a]: b",
        "<img src=x>",
        "<!--",
        "-->",
        "</details>",
        "<a@b.co>",
        "https://x.y/z",
        "www.x.y",
    ),
    *("mailto:a@b.co", "xmpp:a@b.co", "a@b.co", ":tada:", "```", "`", "``", "~~~", "~~a~~", "**b**", "__c__", "$x$"),
    *("|", "\\", "\\|", "\n", "\r\n", "\t", "    ", "# h", "- i", "1. j", "12) k", "> q", "===", "---", "+++", ": d"),
    *(
        "::error::x",
        "::set-output name=a::b",
        "##[group]",
        "##vso[task]",
        "std::string",
        ":::error::",
        "&lt;",
        "&#64;u",
    ),
    *(
        "\x1b[31m",
        "\x9b",
        "\u202e",
        "\u200b",
        "\ufe0f",
        "❤\ufe0f",
        "\u2028",
        "\ud800",
        "\U000e0041",
        "\xa0",
        "[^1]",
        "{{ x }}",
    ),
    *("CVE-2024-1234", "GHSA-aaaa-bbbb-cccc", "JIRA-7", "#", "@", ":", "=", "!", "<", "&", "_", "*"),
)
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=6)), max_size=12).map("".join)
SAFE_TAGS = {"p"}


@given(hostile)
@example(HOSTILE)
def test_prose_is_plain_text_and_loses_nothing(text: str) -> None:
    page = Page(escape.prose(text))
    assert set(page.tags) <= SAFE_TAGS
    assert not page.comments
    assert page.live == []
    assert page.text.replace("\u200b", "").strip() == escape.one_line(text).strip()


@given(hostile)
@example(HOSTILE)
def test_prose_stays_in_its_cell_and_its_list_item(text: str) -> None:
    table = Page(f"| a | b |\n|--|--|\n| {escape.prose(text)} | x |\n")
    assert (table.tags.count("td"), table.tags.count("tr"), table.live) == (2, 2, [])
    listed = Page(f"- {escape.prose(text)}\n- x\n")
    assert (listed.tags.count("ul"), listed.tags.count("li"), listed.live) == (1, 2, [])


@given(hostile)
@example(HOSTILE)
def test_a_code_span_holds_exactly_the_text(text: str) -> None:
    page = Page(f"before {escape.code(text)} after")
    shown = escape.one_line(text)
    if shown:
        assert page.tags == ["p", "code"]
        assert page.text.strip() == f"before {shown} after"
        assert page.live == []


@given(hostile, hostile)
@example(HOSTILE, HOSTILE)
def test_a_cell_never_opens_another_one(first: str, second: str) -> None:
    page = Page(f"| a | b |\n|--|--|\n| {escape.cell(first)} | {escape.cell(second)} |\n")
    assert (page.tags.count("td"), page.tags.count("tr")) == (2, 2)
    assert page.live == []
    assert set(page.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(hostile, st.sampled_from(["text", "diff", "mermaid"]))
@example(HOSTILE, "diff")
def test_a_block_is_not_left_from_inside(text: str, language: str) -> None:
    page = Page(f"before\n\n{escape.block(text, language)}\n\nafter")
    assert page.tags == ["p", "pre", "code", "p"]
    assert page.live == []
    assert escape.visible(text).rstrip("\n") in page.text


@given(hostile)
@example(HOSTILE)
def test_html_holds_text_alone_in_content_and_attributes(text: str) -> None:
    written = escape.html(text)
    assert not set(written) & set("<>\"'")
    assert html_entities.unescape(written) == escape.visible(text)
    parser = HTMLParser()
    parser.feed(f'<p title="{written}">{written}</p>')
    parser.close()
    assert parser.rawdata == ""


@given(hostile)
@example(HOSTILE)
def test_a_mermaid_label_has_no_syntax(text: str) -> None:
    label = re.sub(r"#\d+;", "", escape.mermaid(text))
    assert not set(label) & set("\"'`[](){}<>|&;:#%\\\n@=~")


@given(hostile)
@example(HOSTILE)
@pytest.mark.parametrize("function", [escape.visible, escape.terminal, escape.one_line])
def test_no_place_lets_hidden_characters_or_commands_through(function: object, text: str) -> None:
    assert callable(function)
    shown = function(text)
    for position, character in enumerate(shown):
        coloured_emoji = character == "\ufe0f" and position
        assert coloured_emoji or not escape.is_hidden(character)
    for line in shown.split("\n"):
        assert not re.match(r"\s*::[A-Za-z]", line)
    assert "##[" not in shown
    assert "::error" not in shown.lower()


@given(hostile)
def test_a_workflow_command_takes_foreign_text_as_data(text: str) -> None:
    message, title = escape.workflow_data(text), escape.workflow_property(text)
    assert not set(message) & {"\n", "\r"}
    assert not set(title) & set("\n\r:,")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a‹U+202E›b"),
        ("a\x1b[0m", "a‹U+001B›[0m"),
        ("\U000e0041", "‹U+E0041›"),
        ("a\xa0b", "a‹U+00A0›b"),
        ("::error::x", "‹::›error::x"),
        ("say ##[error]x", "say #‹#›[error]x"),
        ("std::string and a::b", "std::string and a::b"),
        ("std::error::Kind", "std‹::›error::Kind"),
        ("I ❤\ufe0f it", "I ❤\ufe0f it"),
        ("日本語\u3000テキスト", "日本語\u3000テキスト"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


def test_ordinary_prose_stays_readable_in_the_source() -> None:
    text = "Accuracy fell by 18.1 points (95% interval 10.2 to 25.4, p < 0.001); at most 2.0 are allowed."
    assert escape.prose(text) == text


def test_text_is_cut_with_an_ellipsis() -> None:
    assert escape.clip("abcdef", 4) == "abc…"
    assert escape.code("abc def ghi", 5) == "`abc…`"
    assert escape.code("") == "(empty)"


@pytest.mark.parametrize("piece", ["::a ", "`", " ", "\n", "#", "@a", "0", "&", "\u202e", "##a", "|\\"])
def test_long_text_is_escaped_in_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    start = time.perf_counter()
    for function in (escape.prose, escape.code, escape.cell, escape.block, escape.html, escape.terminal):
        function(text)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("with `max_drop: 0.02` about", "<p>with <code>max_drop: 0.02</code> about</p>\n"),
        ("`a`", "<p><code>a</code></p>\n"),
        ("one ` alone", "<p>one ` alone</p>\n"),
        ("``` x ```", "<p>``` x ```</p>\n"),
        ("no `@octocat` here", "<p>no <code>@octocat</code> here</p>\n"),
    ],
)
def test_a_sentence_shows_what_is_between_backticks_as_code(text: str, shown: str) -> None:
    assert Page(escape.sentence(text)).html == shown


@given(st.lists(st.sampled_from(["`", "@a", "#1", "www.", "x", " ", "|", "<b>", "\n", "*"]), max_size=12).map("".join))
def test_nothing_in_a_sentence_comes_alive(text: str) -> None:
    page = Page(f"- {escape.sentence(text)}\n- x\n")
    assert page.live == []
    assert page.tags.count("li") == 2
    assert set(page.tags) <= {"ul", "li", "code"}
