"""Replies of optimizer models are read whatever they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.search.writing.replies import read_parts, read_reasons


@pytest.mark.parametrize(
    "reply",
    [
        '{"reasons": ["too vague", "no example"]}',
        '```json\n{"reasons": ["too vague", "no example"]}\n```',
        'Of course! {"reasons": ["too vague", "no example"]} Hope it helps.',
        "<reason>too vague</reason> and <REASON>\nno example</REASON>",
    ],
)
def test_reasons_come_as_json_or_in_tags(reply: str) -> None:
    assert read_reasons(reply, 5) == ("too vague", "no example")


def test_reasons_are_distinct_and_no_more_than_asked_for() -> None:
    assert read_reasons('{"reasons": ["a", "a", " b ", "c", 4, null, ""]}', 2) == ("a", "b")


@pytest.mark.parametrize(
    "reply",
    [
        '{"parts": [{"id": 2, "text": " new "}]}',
        'Here: <part id="2">new</part>',
        "<part id=2> new\n</part>",
        '{"parts": [{"id": 2, "text": "new"}, {"id": 9, "text": "x"}, {"id": "1", "text": "y"}, {"id": 1}, 3]}',
    ],
)
def test_parts_come_as_json_or_in_tags_and_unknown_ones_are_dropped(reply: str) -> None:
    assert read_parts(reply, 3) == {1: "new"}


def test_a_prompt_of_one_part_may_come_as_a_prompt() -> None:
    assert read_parts("<prompt>Better.</prompt>", 1) == {0: "Better."}
    assert read_parts("<prompt>Better.</prompt>", 2) == {}


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_reply_breaks_the_reader(reply: str) -> None:
    assert all(reason.strip() for reason in read_reasons(reply, 3))
    assert set(read_parts(reply, 2)) <= {0, 1}


@pytest.mark.parametrize(
    "reply", ["[" * 100_000, "{" * 100_000, "<part id=1>" * 20_000, "<reason>" * 20_000, "9" * 9_999]
)
def test_hostile_replies_cost_no_time(reply: str) -> None:
    assert read_reasons(reply, 3) == ()
    assert read_parts(reply, 2) == {}
