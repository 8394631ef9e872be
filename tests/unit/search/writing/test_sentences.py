"""Texts by sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apo_ci.search.writing.sentences import joined, merged, names_all, says_more, sentences, union, without
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


WORDS = ("One.", "Two!", "Three:", "Four;", "Five?", "七。", "Eight (8).")
TEXTS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", "\n", "\n\n"])), unique_by=lambda pair: pair[0]
)


def written(pairs: list[tuple[str, str]]) -> str:
    return "".join(word + blank for word, blank in pairs).strip()


def said(text: str) -> set[str]:
    return {sentence.strip() for sentence in sentences(text)}


@given(st.text(alphabet="aB.!?: \n-é{。", max_size=60))
def test_merging_what_did_not_change_changes_nothing(text: str) -> None:
    assert merged(text, text, text) == text.strip()


@given(TEXTS, TEXTS)
def test_what_only_the_first_version_changed_is_as_it_has_it(
    base: list[tuple[str, str]], first: list[tuple[str, str]]
) -> None:
    assert merged(written(base), written(first), written(base)) == written(first)


@given(TEXTS, TEXTS, TEXTS)
def test_all_that_either_version_adds_or_both_keep_is_there_and_nothing_that_either_dropped(
    base: list[tuple[str, str]], first: list[tuple[str, str]], second: list[tuple[str, str]]
) -> None:
    before, one, two = said(written(base)), said(written(first)), said(written(second))
    expected = (one - before) | (two - before) | (one & two)
    assert said(merged(written(base), written(first), written(second))) == expected


def test_a_sentence_that_one_version_reworded_is_not_there_in_its_old_words() -> None:
    base = "Label it. Mind irony. Answer Yes or No."
    first, second = (
        "Label it. Irony means No. Answer Yes or No.",
        "Label it. Mind irony. Skip delivery. Answer Yes or No.",
    )
    assert merged(base, first, second) == "Label it. Irony means No. Skip delivery. Answer Yes or No."


def test_list_items_that_both_versions_add_at_the_end_stay_on_lines_of_their_own() -> None:
    assert merged("Rules:\n- x", "Rules:\n- x\n- y", "Rules:\n- x\n- z") == "Rules:\n- x\n- y\n- z"


def test_a_last_sentence_without_a_full_stop_can_be_dropped() -> None:
    assert merged("One. Two", "One.", "One. Two") == "One."
    assert merged("One\nTwo", "One", "One\nTwo") == "One"


def test_paragraphs_stay_apart_when_their_last_sentence_is_dropped() -> None:
    assert merged("One. Two.\n\nThree.", "One.\n\nThree.", "One. Two.\n\nThree. Four.") == "One.\n\nThree. Four."


def test_a_change_of_case_or_signs_alone_is_a_change_too() -> None:
    assert merged("One. Answer yes or no.", "One. Two. Answer yes or no.", "One. Answer `Yes` or `No`.") == (
        "One. Two. Answer `Yes` or `No`."
    )


def test_sentences_without_blanks_between_them_are_merged_without_blanks() -> None:
    assert merged("判断评论。回答正面。", "判断评论。注意讽刺。回答正面。", "判断评论。忽略配送。回答正面。") == (
        "判断评论。注意讽刺。忽略配送。回答正面。"
    )
