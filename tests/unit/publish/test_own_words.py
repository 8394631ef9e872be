"""Which lines of a comment its author says."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.publish.own_words import own_lines

PIECES = (
    "/apo apply",
    "> q",
    "```",
    "````",
    "~~~",
    "- ```",
    "<!--",
    "-->",
    "a <!-- b",
    "`",
    "``",
    "<pre>",
    "</pre>",
    "",
    "x",
)


def is_said(body: str) -> bool:
    return "/apo apply" in own_lines(body)


@pytest.mark.parametrize(
    "body",
    [
        "/apo apply",
        "Thanks!\n/apo apply\n",
        "> quoted\n\n/apo apply",
        "```\ncode\n```\n/apo apply",
        "````\n```\n````\n/apo apply",
        "```\r\ncode\r\n```\r\n/apo apply",
        "~~~ text ``` \n```\n~~~\n/apo apply",
        "``` not ` a fence\n\n/apo apply",
        "<!-- a template's hint -->\n/apo apply",
        "<!--\nhidden\n-->\n/apo apply",
        "<details>\n\n/apo apply\n</details>",
        "<pre>x</pre>\n\n/apo apply",
        "Use `code`\n/apo apply",
        "1. ```\n   x\n   ```\n\n/apo apply",
        "- ```\n/apo apply",
        "a `<!--` begins a comment\n\n/apo apply",
        "\ttab\n/apo apply",
    ],
)
def test_a_line_of_ones_own_is_heard(body: str) -> None:
    assert is_said(body)


@pytest.mark.parametrize(
    "body",
    [
        "> /apo apply",
        " /apo apply",
        "    /apo apply",
        "\t/apo apply",
        "> quoted\n/apo apply",
        "> a\n> b\n/apo apply",
        "1. > a\n/apo apply",
        "```\n/apo apply\n```",
        "```\n/apo apply",
        "```sh\n\n/apo apply\n```",
        "   ~~~\n/apo apply\n   ~~~",
        "````\n```\n/apo apply\n````",
        "```\n~~~\n/apo apply\n```",
        "> q\n```\n\n/apo apply\n```",
        "<!-- /apo apply -->",
        "<!--\n/apo apply\n-->",
        "<!--\n\n/apo apply",
        "<!-- a --> <!--\n/apo apply\n-->",
        "<!--\na --> <!--\n/apo apply\n-->",
        "text <!--\n/apo apply\n-->",
        "<pre>\n\n/apo apply\n\n</pre>",
        "<BLOCKQUOTE>\n\n/apo apply\n\n</BLOCKQUOTE>",
        "<div>\n/apo apply\n</div>",
        "a `span\n/apo apply\nends` here",
        "- /apo apply",
        "# /apo apply",
        "**/apo apply**",
    ],
)
def test_quotes_code_and_what_is_hidden_are_not(body: str) -> None:
    assert not is_said(body)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_own_line_is_a_line_of_the_body(pieces: list[str], end: str) -> None:
    body = end.join(pieces)
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    said = list(own_lines(body))

    assert all(line in lines for line in said)
    assert not any(re.match(r">|<(?!!--)[A-Za-z/!?]|~~~|```[^`]*$", line) for line in said)


@pytest.mark.parametrize("piece", ["`", "``` ", "- ", "<!--", "> ", "`\n", "<!-- \n", "<!--x-->", "` `` ", "1. - "])
def test_long_comments_are_read_in_no_time(piece: str) -> None:
    started = time.perf_counter()

    list(own_lines(piece * (65_536 // len(piece))))

    assert time.perf_counter() - started < 1
