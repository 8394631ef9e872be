"""A text in phrases, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.search.optimizers.phrases import SHORTEST, phrases_of

TEXTS = st.lists(st.sampled_from(["word", "and", "end.", "or", "so,", "\n", "  ", "1.", "\t", "why?", "é"])).map(
    " ".join
)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("Is it good?", ("Is it good?",)),
        ("Read it. Say Yes or No.", ("Read it.", "Say Yes or No.")),
        ("- one line\n- two lines", ("- one line", "- two lines")),
        ("Say Yes if it is good, but say No when it is bad.", ("Say Yes if it is good,", "but say No when it is bad.")),
        ("Read the text twice and then give one label.", ("Read the text twice", "and then give one label.")),
        ("Answer with Yes, No or Maybe.", ("Answer with Yes, No or Maybe.",)),
    ],
)
def test_a_phrase_is_a_sentence_a_line_or_a_long_enough_clause(text: str, phrases: tuple[str, ...]) -> None:
    assert phrases_of(text).phrases == phrases


@given(TEXTS.map(str.strip))
def test_phrases_and_gaps_are_the_text(text: str) -> None:
    found = phrases_of(text)
    assert found.text == text
    assert len(found.gaps) == len(found.phrases) - 1
    assert all(gap.isspace() for gap in found.gaps)
    assert [text[slice(*found.span(position))] for position in range(len(found.phrases))] == list(found.phrases)


@given(TEXTS.map(str.strip))
def test_only_sentences_and_lines_are_shorter_than_a_clause_may_be(text: str) -> None:
    found = phrases_of(text)
    whole_sentences = {phrase for phrase in found.phrases if phrase.endswith((".", "!", "?"))}
    for position, phrase in enumerate(found.phrases):
        last = position == len(found.phrases) - 1 or "\n" in found.gaps[position]
        assert len(phrase.split()) >= SHORTEST or phrase in whole_sentences or last


def test_a_phrase_is_left_out_with_the_gap_after_it() -> None:
    found = phrases_of("One.\nTwo. Three.")
    assert [found.without(position).text for position in range(3)] == ["Two. Three.", "One.\nThree.", "One.\nTwo."]


def test_a_phrase_is_put_in_before_another_or_at_the_end() -> None:
    found = phrases_of("One.\nTwo.")
    added = [found.with_phrase(position, "New.").text for position in range(3)]
    assert added == ["New. One.\nTwo.", "One.\nNew. Two.", "One.\nTwo. New."]


def test_another_phrase_stands_in_the_place_of_one() -> None:
    assert phrases_of("One.\nTwo.").replaced(1, "New.").text == "One.\nNew."
