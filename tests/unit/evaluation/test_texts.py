"""Scorers of free text."""

from __future__ import annotations

import time

import pytest
from rouge_score.rouge_scorer import RougeScorer

from apo_ci.errors import InputError
from apo_ci.evaluation.texts import Contains, ExactMatch, Pattern, Rouge
from apo_ci.inputs.datasets import Case


def _case(target: object) -> Case:
    return Case("one", {}, target, line=3)


@pytest.mark.parametrize(
    ("scorer", "target", "reply", "value"),
    [
        (ExactMatch(), "Paris", " Paris\n", 1.0),
        (ExactMatch(), "Paris", "paris", 0.0),
        (ExactMatch(case_sensitive=False), "Straße", "STRASSE", 1.0),
        (ExactMatch(strip=False), "Paris", "Paris ", 0.0),
        (ExactMatch(), 7, "7", 1.0),
        (ExactMatch(), True, "true", 1.0),
        (Contains(), "Paris", "It is Paris, I think", 1.0),
        (Contains(), "Paris", "It is paris", 0.0),
        (Contains(case_sensitive=False), "Paris", "It is paris", 1.0),
    ],
)
def test_equality_and_containment(scorer: ExactMatch | Contains, target: object, reply: str, value: float) -> None:
    assert scorer.score(_case(target), reply).value == value


def test_an_exact_match_predicts_the_target_as_it_is_spelled() -> None:
    assert ExactMatch(case_sensitive=False).score(_case("Yes"), "YES").predicted == "Yes"
    assert ExactMatch().score(_case("Yes"), " No ").predicted == "No"


@pytest.mark.parametrize(
    ("pattern", "target", "reply", "value"),
    [
        (r"^\d{3}$", None, "123", 1.0),
        (r"^\d{3}$", None, "1234", 0.0),
        (r"(?i)paris", None, "PARIS!", 1.0),
        (None, r"col(o|ou)r", "the colour", 1.0),
        (None, r"col(o|ou)r", "the hue", 0.0),
        (r"é", None, "café", 1.0),
        (r"x", None, "lone surrogate \ud800 x", 1.0),
    ],
)
def test_patterns_are_searched_for(pattern: str | None, target: object, reply: str, value: float) -> None:
    assert Pattern(pattern).score(_case(target), reply).value == value


def test_a_pattern_that_explodes_elsewhere_takes_linear_time() -> None:
    began = time.process_time()
    assert Pattern("(a+)+$").score(_case(None), "a" * 200_000 + "b").value == 0.0
    assert time.process_time() - began < 0.5


def test_a_pattern_that_is_not_re2_names_what_is_wrong() -> None:
    with pytest.raises(InputError, match=r"invalid perl operator"):
        Pattern("(?=look)")
    with pytest.raises(InputError, match=r"Case one: The pattern"):
        Pattern(None).score(_case("(unclosed"), "reply")


@pytest.mark.parametrize("variant", ["rouge1", "rouge2", "rougeL"])
@pytest.mark.parametrize(
    ("target", "reply"),
    [
        ("the quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."),
        ("one two three", "one two three"),
        ("one two three", "four"),
        ("one", ""),
    ],
)
def test_rouge_is_the_f_measure_of_the_library(variant: str, target: str, reply: str) -> None:
    expected = RougeScorer([variant]).score(target, reply)[variant].fmeasure
    assert Rouge(variant).score(_case(target), reply).value == pytest.approx(expected)


def test_rouge_reads_scripts_other_than_latin() -> None:
    assert Rouge("rouge1").score(_case("добрый день всем"), "Добрый день").value == pytest.approx(0.8)


def test_rouge_says_which_side_is_lacking() -> None:
    assert "missing from the reply" in Rouge().score(_case("a b c d"), "a b").reason
    assert "not in the target" in Rouge().score(_case("a b"), "a b c d").reason


def test_rouge_of_huge_texts_ends() -> None:
    began = time.process_time()
    Rouge().score(_case("a b " * 500), "b a " * 25_000)
    assert time.process_time() - began < 5
