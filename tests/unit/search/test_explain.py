"""What is said of a search that found nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from apo_ci.search.explain import Efforts, end_of, explain_nothing

NOTHING = Efforts(
    start_score=0.625, dev=24, made=0, written=0, tried=0, refused={}, asked=0, cut_off=0, failed=0
)  # nobody did anything


def refused(made: int, reasons: Mapping[str, int]) -> str:
    return explain_nothing("stalled", replace(NOTHING, made=made, written=made, tried=1, asked=made, refused=reasons))


def test_a_prompt_that_nothing_can_be_made_of_is_told() -> None:
    text = explain_nothing("no usable proposals", NOTHING)
    assert text == "No better prompt was found. No operator made a prompt that could be tried."


def test_the_model_is_told_of_when_it_wrote_nothing_of_use() -> None:
    text = explain_nothing("no usable proposals", replace(NOTHING, asked=7, cut_off=5, failed=2))
    assert text == (
        "No better prompt was found. The optimizer model was asked 7 times and proposed no change that could be read; "
        "5 replies were cut off (its max_tokens may be too few); 2 requests failed."
    )


def test_the_usual_end_says_how_many_were_tried() -> None:
    text = explain_nothing("complete", replace(NOTHING, made=9, written=5, tried=8, asked=6))
    assert text == (
        "No better prompt was found. None of the 8 candidates that were tried did better than the start prompt on the "
        "dev cases (62.5%). The search went through all its rounds."
    )


@pytest.mark.parametrize("number", [1, 4])
def test_candidates_that_failed_the_train_cases_are_told_of(number: int) -> None:
    text = explain_nothing("stalled", replace(NOTHING, made=number, written=number, asked=9))
    told = "The one candidate did not get" if number == 1 else "None of the 4 candidates got"
    assert f"{told} as far as the dev cases. The search ended because" in text


def test_one_candidate_is_not_candidates() -> None:
    text = explain_nothing("complete", replace(NOTHING, made=1, written=1, tried=1, asked=1))
    assert "The one candidate that was tried did not do better than the start prompt" in text


def test_refusals_are_told_with_their_reasons_the_most_frequent_first() -> None:
    text = refused(9, {"it has no text": 1, "it copies text of the training cases": 4})
    assert (
        "5 of 9 candidates were refused untried: it copies text of the training cases (4), it has no text (1)." in text
    )


def test_a_few_refusals_are_nothing_to_speak_of() -> None:
    assert "refused" not in refused(9, {"it has no text": 2})


@pytest.mark.parametrize("number", [1, 24])
def test_a_perfect_start_leaves_nothing_to_improve(number: int) -> None:
    text = explain_nothing("perfect on dev", replace(NOTHING, dev=number, start_score=1.0))
    cases = "the one dev case" if number == 1 else "all 24 dev cases"
    assert text == f"There is nothing to improve: the start prompt scores 100% on {cases}."


@pytest.mark.parametrize("cap", ["calls", "tokens", "usd", "search.calls", "share", "seconds"])
def test_every_cap_makes_a_sentence(cap: str) -> None:
    sentence = end_of(f"budget: {cap}")
    assert sentence.startswith("The search ended because ")
    assert sentence.endswith("spent.")
