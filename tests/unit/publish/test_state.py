"""The comment's memory: it survives the way into a comment and back, and newer results stay."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.errors import ConfigError
from apo_ci.publish.state import (
    MAX_PACKED,
    MAX_TEXT_BYTES,
    Content,
    Ignored,
    SectionState,
    Spent,
    State,
    compact,
    dump,
    load,
    merge,
    noted,
    pack,
    place,
    unpack,
)
from tests.unit.publish.states import content_of, section, states, suggested

HEAD, OLD, OLDER = "b" * 40, "a" * 40, "0" * 40
EMPTY = Content(State(), {})


@given(states())
def test_a_state_comes_back_as_it_was_written(state: State) -> None:
    assert load(dump(state)) == state


@given(states())
def test_a_written_state_holds_nothing_that_could_end_the_html_comment_around_it(state: State) -> None:
    written = dump(state)
    assert written.isascii()
    assert not {"<", ">", "\n"} & set(written)
    assert "--" not in written


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_stands_there_is_read_as_a_state_or_as_an_empty_one(text: str) -> None:
    assert isinstance(load(text), State)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 50_000,
        '{"version":2}',
        '{"version":1,"unheard_of":1}',
        '{"version":1,"spent":{"usd":1e999}}',
        '{"version":1,"spent":{"calls":-1}}',
        '{"version":1,"spent":{"calls":9,"calls":1}}',
        '{"version":1,"reserved":{"\\ud800":{}}}',
    ],
)
def test_a_damaged_state_is_an_empty_one(text: str) -> None:
    assert load(text) == State()


def test_what_is_the_default_takes_no_room() -> None:
    assert dump(State()) == '{"version":1}'
    assert "suggestions" not in dump(place_all({"app": section()}).state)


@given(st.text(max_size=2_000))
def test_a_packed_prompt_comes_back(text: str) -> None:
    assert unpack(pack(text)) == text


def test_a_prompt_that_stays_long_when_packed_is_left_to_the_artifact() -> None:
    noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(20_000))
    assert pack(noise) == ""
    assert 0 < len(pack("word " * 100_000)) < MAX_PACKED


@pytest.mark.parametrize(
    "packed",
    [
        "",
        "not base64!",
        "abc",
        "é",
        base64.b64encode(b"not zlib").decode(),
        base64.b64encode(zlib.compress(b"cut off")[:-3]).decode(),
        base64.b64encode(zlib.compress(b"\xff")).decode(),
        base64.b64encode(zlib.compress(b"a" * (MAX_TEXT_BYTES + 1))).decode(),
        base64.b64encode(zlib.compress(b"a" * 1_000_000_000, 1)[:4_000_000]).decode(),
    ],
    ids=["empty", "no base64", "no padding", "no ASCII", "no zlib", "cut off", "no UTF-8", "long", "bomb"],
)
def test_what_cannot_be_unpacked_within_a_megabyte_is_empty(packed: str) -> None:
    assert suggested(packed=packed).text() == ""


def test_spending_adds_up() -> None:
    assert Spent(calls=1, tokens=2, usd=0.5) + Spent(calls=3, usd=0.25) == Spent(calls=4, tokens=2, usd=0.75)


@pytest.mark.parametrize(
    ("old", "new", "current_head", "placed"),
    [
        (section(head=OLD, run=9), section(head=HEAD, run=1), HEAD, True),
        (section(head=HEAD, run=1), section(head=OLD, run=9), HEAD, False),
        (section(head=HEAD, run=2), section(head=HEAD, run=1), HEAD, False),
        (section(head=HEAD, run=1), section(head=HEAD, run=2), HEAD, True),
        (section(head=HEAD, run=1, attempt=2), section(head=HEAD, run=1, attempt=1), HEAD, False),
        (section(head=HEAD, run=1, attempt=1), section(head=HEAD, run=1, attempt=1), HEAD, True),
        (section(head=OLD, run=2), section(head=OLDER, run=1), HEAD, False),
        (section(head=OLDER, run=1), section(head=OLD, run=2), HEAD, True),
        (section(head=OLD, run=2), section(head=OLDER, run=1), None, False),
        (section(head=OLDER, run=1), section(head=OLD, run=2), None, True),
    ],
    ids=[
        "the current head replaces an old one, whatever the runs",
        "an old head does not replace the current one",
        "same head: an earlier run stays out",
        "same head: a later run replaces",
        "same run: an earlier attempt stays out",
        "the same attempt replaces itself",
        "two old heads: the earlier run stays out",
        "two old heads: the later run replaces",
        "no head is known: the earlier run stays out",
        "no head is known: the later run replaces",
    ],
)
def test_newer_results_stay(old: SectionState, new: SectionState, current_head: str | None, placed: bool) -> None:
    before = place_all({"app": old})
    after = place(before, "app", new, "new", current_head=current_head)
    assert (after is not None) == placed
    if after is not None:
        assert after == content_of(app=(new, "new"))


def test_a_section_leaves_the_others_and_the_accounts_alone() -> None:
    accounts = State(spent=Spent(calls=3), reserved={"1-1-app": Spent(calls=1)}, writes=("a",))
    before = Content(accounts.model_copy(update={"sections": {"other": section()}}), {"other": "other's"})
    after = place(before, "app", section(), "app's", current_head=None)
    assert after is not None
    assert after.texts == {"other": "other's", "app": "app's"}
    assert after.state == accounts.model_copy(update={"sections": {"other": section(), "app": section()}})


def test_a_section_has_a_name_of_200_characters_at_most() -> None:
    assert place(EMPTY, "a" * 200, section(), "", current_head=None) is not None
    with pytest.raises(ConfigError, match="201 characters"):
        place(EMPTY, "a" * 201, section(), "", current_head=None)


def test_half_a_surrogate_in_a_name_does_not_keep_the_state_from_coming_back() -> None:
    after = place(EMPTY, "a\ud800", section(), "", current_head=None)
    assert after is not None
    assert load(dump(after.state)) == after.state


def test_of_two_comments_the_newer_result_of_each_section_stays() -> None:
    one = content_of(a=(section(run=1), "a1"), b=(section(run=2), "b2"))
    other = content_of(a=(section(run=2), "a2"), b=(section(run=1), "b1"), c=(section(run=1), "c1"))
    expected = content_of(a=(section(run=2), "a2"), b=(section(run=2), "b2"), c=(section(run=1), "c1"))
    assert merge(one, other) == expected
    assert merge(other, one) == expected


def test_two_comments_are_put_together_as_often_as_one_likes() -> None:
    one = noted(Content(State(spent=Spent(calls=5), reserved={"1-1-a": Spent(calls=9)}), {}), "w1")
    other = noted(Content(State(spent=Spent(calls=7, usd=1), ignored=(accepted(),)), {"a": "text"}), "w2")
    once = merge(one, other)
    assert merge(once, other) == once
    assert merge(once, one).state.spent == once.state.spent == Spent(calls=12, usd=1)
    assert set(once.state.writes) == {"w1", "w2"}
    assert once.state.ignored == (accepted(),)


def test_what_a_run_reserved_is_not_brought_back_after_its_end() -> None:
    finished = content_of(app=(section(run=5), "done"))
    reserved = Content(State(reserved={"5-1-app": Spent(calls=9), "6-1-app": Spent(calls=8)}), {})
    assert merge(finished, reserved).state.reserved == {"6-1-app": Spent(calls=8)}


def test_only_the_latest_fifty_writes_are_remembered() -> None:
    content = EMPTY
    for number in range(60):
        content = noted(content, str(number))
    assert content.state.writes == tuple(str(number) for number in range(10, 60))
    assert noted(content, "59") == content


def test_a_long_state_loses_the_longest_prompts_first_then_verdicts_then_what_was_accepted() -> None:
    long, short = suggested(packed="x" * 9_000), suggested(packed="y" * 100)
    state = State(
        sections={"a": section(suggestions=(short, long), verdicts={"d" * 64: "pass"}), "b": section()},
        spent=Spent(calls=1),
        ignored=(accepted(), accepted(reason="later")),
    )
    kept = [one.packed for one in compact(state, 2_000).sections["a"].suggestions]
    assert kept == [short.packed, ""]
    least = compact(state, 0)
    assert least.sections.keys() == state.sections.keys()
    assert least.spent == state.spent
    assert (least.ignored, least.sections["a"].verdicts) == ((), {})
    assert len(dump(least)) < 1_000


def test_a_state_that_fits_is_left_alone() -> None:
    state = State(sections={"a": section(suggestions=(suggested(packed="x" * 900),))})
    assert compact(state, 5_000) == state


def place_all(sections: dict[str, SectionState]) -> Content:
    return Content(State(sections=sections), dict.fromkeys(sections, "old"))


def accepted(reason: str = "a known case") -> Ignored:
    return Ignored(by="octocat", reason=reason, digests=("d" * 64,))
