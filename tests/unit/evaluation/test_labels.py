"""The label scorer reads labels out of free text, and refuses to guess."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.evaluation.labels import Label, LabelReader
from apo_ci.evaluation.score import UNPARSED
from apo_ci.inputs.datasets import Case

YES_NO = LabelReader(["Yes", "No"])
SUPPORT = LabelReader(["billing", "billing_dispute", "other"])
SPAM = LabelReader(["spam", "not spam"])
SENTIMENT = LabelReader(["very good", "good", "bad"])


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("Yes", "Yes"),
        ("  no\n", "No"),
        ("Yes.", "Yes"),
        ("YES!!", "Yes"),
        ("**Yes**", "Yes"),
        ("__No__", "No"),
        ("“Yes”", "Yes"),
        ("'no'", "No"),
        ("- No", "No"),
        ("```\nYes\n```", "Yes"),
        ("Ｙｅｓ", "Yes"),
        ("Yes\u200b", "Yes"),
        ("yes, because no one complains", "Yes"),
        ("Yes, no doubt about it", "Yes"),
        ("Yes (not No)", "Yes"),
        ("No, yes is wrong", "No"),
        ("Yes\n\nReview: no good\nLabel: No", "Yes"),
    ],
)
def test_the_label_that_the_reply_begins_with(reply: str, label: str) -> None:
    assert YES_NO.read(reply) == label


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("Answer: No", "No"),
        ("The answer: **No**", "No"),
        ("**Final answer:** Yes, no doubt", "Yes"),
        ('{"answer": "no", "reason": "yes would be wrong"}', "No"),
        ("Label: No\n\nReview: next one\nLabel: Yes", "No"),
        ("Review: no good\nLabel: Yes", "Yes"),
        ("The text has no flaw. Final answer: yes", "Yes"),
        ("So the answer is: no. Yes was tempting", "No"),
    ],
)
def test_a_cue_says_which_label_is_the_answer(reply: str, label: str) -> None:
    assert YES_NO.read(reply) == label


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("I think the answer is No", "No"),
        ("It looks to me like a yes", "Yes"),
        ("\\boxed{Yes}", "Yes"),
        ("<b>No</b>", "No"),
        ("yes yes", "Yes"),
        ("It isn't a yes; it is a no", "No"),
    ],
)
def test_the_only_label_that_occurs_as_a_whole_word(reply: str, label: str) -> None:
    assert YES_NO.read(reply) == label


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   ",
        "Maybe",
        "Nothing",
        "Yesterday",
        "no-brainer",
        "Yes and No",
        "Yes or no?",
        "Yes/No",
        "Yes & No",
        "Yes, No.",
        "Yes\nNo",
        "It could be yes, it could be no",
        "The answer is Yes or No",
        "Answer: Yes and No",
        "It is not a yes",
    ],
)
def test_no_single_label_is_unparsed(reply: str) -> None:
    assert YES_NO.read(reply) == UNPARSED


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("billing", "billing"),
        ("Billing dispute", "billing_dispute"),
        ("billing-dispute.", "billing_dispute"),
        ("The category is billing_dispute", "billing_dispute"),
        ("billing_disputes", UNPARSED),
        ("billing, billing_dispute", UNPARSED),
    ],
)
def test_a_label_that_begins_like_another_is_not_mistaken_for_it(reply: str, label: str) -> None:
    assert SUPPORT.read(reply) == label


@pytest.mark.parametrize(
    ("reader", "reply", "label"),
    [
        (SPAM, "This is not spam", "not spam"),
        (SPAM, "spam!", "spam"),
        (SENTIMENT, "It is very\n good", "very good"),
        (SENTIMENT, "It is good", "good"),
        (SENTIMENT, "It is not good", UNPARSED),
    ],
)
def test_labels_of_several_words(reader: LabelReader, reply: str, label: str) -> None:
    assert reader.read(reply) == label


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("Да.", "да"),
        ("STRASSE", "Straße"),
        ("是。", "是"),
        ("हाँ", "हाँ"),
        ("👍", "👍"),
        ("c++", "C++"),
        ("answer: -1", "-1"),
        (unicodedata.normalize("NFD", "café"), "Café"),
    ],
)
def test_labels_of_any_script(reply: str, label: str) -> None:
    assert LabelReader(["да", "нет", "Straße", "是", "हा", "हाँ", "👍", "C++", "+1", "-1", "Café"]).read(reply) == label


def test_labels_that_differ_in_their_joints_alone_are_kept_apart() -> None:
    reader = LabelReader(["a b", "a_b"])
    assert [reader.read("a b"), reader.read("A_B")] == ["a b", "a_b"]


def test_case_matters_when_the_eval_set_says_so() -> None:
    reader = LabelReader(["US", "UK"], case_sensitive=True)
    assert [reader.read("US"), reader.read("tell us"), reader.read("uk")] == ["US", UNPARSED, UNPARSED]


@pytest.mark.parametrize(
    "reply",
    [
        "word " * 40_000,
        "no " * 70_000,
        "yes no " * 30_000,
        "_" * 200_000,
        "-'" * 100_000,
        "I no" + " " * 200_000 + "yes",
        "answer is " * 20_000 + "no",
        "not " * 50_000 + "no",
    ],
    ids=lambda reply: reply[:10],
)
def test_a_reply_of_200_kilobytes_is_read_in_no_time(reply: str) -> None:
    reader = LabelReader(["Yes", "No", *(f"label {number}" for number in range(100))])
    began = time.process_time()
    reader.read(reply)
    assert time.process_time() - began < 0.5


@given(st.text(max_size=60), st.sampled_from(["Yes", "No"]))
def test_reading_never_fails_and_knows_a_bare_label(text: str, label: str) -> None:
    assert YES_NO.read(text) in ("Yes", "No", UNPARSED)
    assert YES_NO.read(f" {label.upper()}. ") == label


def test_the_score_says_what_was_answered_and_what_was_wanted() -> None:
    scorer = Label(["Yes", "No"])
    case = Case("one", {}, "yes")
    assert (scorer.score(case, "Yes!").value, scorer.score(case, "Yes!").predicted) == (1.0, "Yes")
    assert scorer.score(case, "No").reason == "answered No, the target is Yes"
    assert scorer.score(case, "?").predicted == UNPARSED


def test_a_target_that_is_no_label_is_an_error_of_the_eval_set() -> None:
    with pytest.raises(InputError, match="'Maybe' is none of the labels"):
        Label(["Yes", "No"]).score(Case("one", {}, "Maybe", line=7), "Yes")


def test_a_target_need_not_be_text() -> None:
    assert Label(["true", "false"]).score(Case("one", {}, True), "True").value == 1.0


def test_unparsed_is_no_label() -> None:
    with pytest.raises(InputError, match="is taken"):
        Label(["Yes", "Unparsed"])
