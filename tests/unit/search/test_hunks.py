"""A change is taken apart into hunks, and put together again from any of them."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.inputs.prompts import Prompt, parse_prompt
from apo_ci.search.hunks import MOST_HUNKS, Hunk, compose, split

START = "Sort the message. Be brief.\n\nMessage: {{ text }}\nLabel:"


def prompt(body: str, head: str = "") -> Prompt:
    return parse_prompt(head + body, "a.prompt.md")


def changed(start: str, winner: str) -> list[tuple[str, str]]:
    return [(hunk.removed, hunk.added) for hunk in split(prompt(start), prompt(winner))]


def without(start: str, winner: str, *dropped: int) -> str:
    one, other = prompt(start), prompt(winner)
    numbers = {hunk.number for hunk in split(one, other)} - set(dropped)
    return compose(one, other, numbers).body


SENTENCES = st.sampled_from(
    ["Sort the message.", "Be brief.", "Say Yes or No!", "- A list item", "If it rains, say No.", "Think first", "Ok?"]
)
BLANKS = st.sampled_from([" ", "\n", "\n\n", "  \n"])
TEXTS = st.lists(st.tuples(SENTENCES, BLANKS), min_size=1, max_size=9).map(lambda rows: "".join(map("".join, rows)))
BODIES = st.builds("{}Message: {{{{ text }}}}\n{}".format, TEXTS, TEXTS)


@given(start=BODIES, winner=BODIES)
@settings(deadline=1000)
@example(start=START, winner=START)
@example(start=START.replace("\n", "\r\n"), winner=START)
def test_all_hunks_make_the_winner_and_none_the_start(start: str, winner: str) -> None:
    one, other = prompt(start), prompt(winner)
    hunks = split(one, other)
    assert [hunk.number for hunk in hunks] == list(range(len(hunks)))
    assert len(hunks) <= MOST_HUNKS
    assert bool(hunks) == (start != winner)
    assert compose(one, other, [hunk.number for hunk in hunks]).source == winner
    if hunks:
        assert compose(one, other, ()).source == start


@given(start=BODIES, winner=BODIES, data=st.data())
@settings(deadline=1000)
def test_any_hunks_make_a_prompt_of_the_same_structure(start: str, winner: str, data: st.DataObject) -> None:
    one, other = prompt(start), prompt(winner)
    hunks = split(one, other)
    kept = data.draw(st.sets(st.sampled_from([hunk.number for hunk in hunks]))) if hunks else set()
    made = compose(one, other, kept)
    assert made.same_structure(one)
    assert all(line in made.body for hunk in hunks if hunk.number in kept for line in hunk.added.split("\n"))


def test_added_sentences_are_hunks_of_their_own() -> None:
    winner = START.replace("Be brief.", "Be brief. Bills are No. Praise is Yes.")
    assert changed(START, winner) == [("", "Bills are No."), ("", "Praise is Yes.")]
    assert without(START, winner, 0) == START.replace("Be brief.", "Be brief. Praise is Yes.")
    assert without(START, winner, 1) == START.replace("Be brief.", "Be brief. Bills are No.")


def test_a_reworded_sentence_stands_beside_what_it_was() -> None:
    winner = START.replace("Sort the message.", "Sort the message into Yes and No. Bills are No.")
    assert changed(START, winner) == [("Sort the message.", "Sort the message into Yes and No."), ("", "Bills are No.")]
    assert without(START, winner, 0) == START.replace("Be brief.", "Bills are No. Be brief.")


def test_the_first_sentence_of_a_new_text_stands_for_all_of_the_old_one() -> None:
    winner = START.replace("Sort the message. Be brief.", "Decide on praise. Answer Yes for it. Otherwise No.")
    assert changed(START, winner) == [
        ("Sort the message.\nBe brief.", "Decide on praise."),
        ("", "Answer Yes for it."),
        ("", "Otherwise No."),
    ]
    assert without(START, winner, 1, 2) == START.replace("Sort the message. Be brief.", "Decide on praise.")


def test_list_items_are_hunks() -> None:
    winner = START.replace("Be brief.", "Be brief.\n- bills: No\n- praise: Yes")
    assert changed(START, winner) == [("", "- bills: No"), ("", "- praise: Yes")]
    assert without(START, winner, 0) == START.replace("Be brief.", "Be brief.\n- praise: Yes")


def test_text_that_moved_is_one_hunk() -> None:
    start = "Answer Yes or No only. Sort the message. Look at praise.\n\nMessage: {{ text }}"
    winner = "Sort the message. Look at praise.\n\nMessage: {{ text }}\n\nAnswer Yes or No only."
    assert changed(start + "\n\nGo on.", winner + " Go on.") == [("Answer Yes or No only.", "Answer Yes or No only.")]


def test_placeholders_and_protected_text_stay_where_they_are() -> None:
    start = "One rule. {# apo: keep #}Never swear.{# apo: end #} Last.\n{{ a }}: {{ b }}\nLabel:"
    winner = start.replace("One rule.", "Two rules. Three.").replace("Last.", "Last. Done.").replace("Label", "Answer")
    one, other = prompt(start), prompt(winner)
    hunks = split(one, other)
    assert len(hunks) == 4
    for number in range(len(hunks) + 1):
        for kept in combinations(range(len(hunks)), number):
            assert compose(one, other, kept).same_structure(one)


def test_all_demonstrations_are_one_hunk() -> None:
    start = prompt(START)
    examples = [({"text": "thanks"}, "Yes"), ({"text": "a bill"}, "No")]
    winner = prompt(START.replace("Be brief.", "Be brief. Bills are No.")).with_demonstrations(examples)
    assert split(start, winner) == (Hunk(0, "", "Bills are No."), Hunk(1, "", "", examples=2))
    assert compose(start, winner, {1}) == start.with_demonstrations(examples)
    assert compose(start, winner, {1}).demonstrations == winner.demonstrations
    assert compose(start, winner, {0}) == winner.bare
    assert compose(start, winner, {0, 1}) is winner


def test_a_text_that_was_emptied_can_be_put_back() -> None:
    winner = START.replace("Sort the message. Be brief.\n\n", "\n\n").replace("Label:", "Label now:")
    one, other = prompt(START), prompt(winner)
    assert len(other.parts) == len(one.parts) - 1
    assert changed(START, winner) == [("Sort the message.", ""), ("Be brief.", ""), ("Label:", "Label now:")]
    assert without(START, winner, 0, 1) == START.replace("Label:", "Label now:")
    assert without(START, winner, 1, 2) == START.replace("Sort the message. ", "")


def test_a_change_of_many_pieces_is_taken_in_larger_ones() -> None:
    winner = START.replace("Be brief.", "".join(f"Rule {number} holds.\n" for number in range(40)))
    hunks = split(prompt(START), prompt(winner))
    assert len(hunks) == MOST_HUNKS
    assert all(f"Rule {number} holds." in "\n".join(hunk.added for hunk in hunks) for number in range(40))


@pytest.mark.parametrize("head", ["---\nparameters:\n  temperature: 1\n---\n", "---\ndescription: other\n---\n"])
def test_a_change_of_the_front_matter_is_not_taken_apart(head: str) -> None:
    start, winner = prompt(START), prompt("New. " + START + " Now.", head)
    assert len(split(start, winner)) == 1
    assert compose(start, winner, {0}) is winner
    assert compose(start, winner, ()) is start


def test_a_choice_that_would_break_the_prompt_is_refused() -> None:
    start = prompt("{{ a }}\nIs it so?")
    winner = prompt("{% if a %}Look.{% endif %}\n{{ a }}\nIs it so?\n{% if a %}Say.{% endif %}")
    assert len(split(start, winner)) == 2
    with pytest.raises(InputError, match="cannot be taken apart"):
        compose(start, winner, {0})
