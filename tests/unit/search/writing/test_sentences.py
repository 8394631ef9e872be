"""Texts by sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apo_ci.search.writing.sentences import joined, names_all, says_more, sentences, union, without
from tests.unit.search.worlds import prompt

TEXT = "Label it. Irony, e.g. praise of a fault, means No!\n- Delivery: skip it.\n\nAnswer Yes or No."


def test_sentences_and_lines_are_told_apart_with_their_blanks() -> None:
    assert sentences(TEXT) == [
        "Label it. ",
        "Irony, e.g. ",
        "praise of a fault, means No!\n",
        "- Delivery: ",
        "skip it.\n\n",
        "Answer Yes or No.",
    ]


@given(st.text(alphabet="aB.!?: \n-é{", max_size=60))
def test_joined_they_are_the_text_again(text: str) -> None:
    assert "".join(sentences(text)) == text


def test_a_union_says_everything_once_and_keeps_shared_sentences_in_place() -> None:
    first = "Label it. Irony means No. Answer Yes or No."
    second = "Label it! Skip the delivery. Answer yes or no."
    assert union(first, second) == "Label it. Irony means No. Skip the delivery. Answer Yes or No."


def test_a_union_with_oneself_is_oneself() -> None:
    assert union(TEXT, TEXT) == TEXT


def test_a_sentence_that_moved_is_not_said_twice() -> None:
    assert union("One. Two. Three.", "Three. One. Two.") == "One. Two. Three."


@given(st.lists(st.sampled_from(["One.", "Two.", "Three.", "Four."])), st.lists(st.sampled_from(["One.", "Five."])))
def test_a_union_loses_nothing(first: list[str], second: list[str]) -> None:
    both = union(" ".join(first), " ".join(second))
    assert all(sentence in both for sentence in [*first, *second])


def test_a_sentence_can_be_left_out() -> None:
    assert without("One. Two. Three.", 1) == "One. Three."
    assert without("One.\nTwo.", 1) == "One."


def test_prompts_are_joined_part_by_part() -> None:
    first = prompt("Label it.\nReview: {{ review }}\nAnswer Yes or No.")
    second = prompt("Label it. Mind irony.\nReview: {{ review }}\nAnswer Yes or No.")
    assert joined(first, second) == {0: "Label it. Mind irony."}
    assert joined(second, first) == {}
    assert says_more(second, first)
    assert not says_more(first, second)


def test_prompts_of_other_structure_are_not_joined() -> None:
    assert joined(prompt(), prompt("Say {{ review }} and {{ review }}.")) == {}


def test_labels_are_named_as_whole_words_of_one_sentence() -> None:
    assert names_all("Judge it. Answer yes or no.", ("Yes", "No"))
    assert not names_all("Say yes. Note the rest.", ("Yes", "No"))
    assert not names_all("Say yes. Or no.", ("Yes", "No"))
