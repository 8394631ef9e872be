"""A few failures that stand for all of them."""

from __future__ import annotations

import random

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.operators.coverage import MOST_FAILURES, Coverage


def failure(number: int, text: str, target: str, predicted: str) -> Outcome:
    return Outcome(Case(str(number), {"text": text}, target), 0, predicted, Score(0.0, "wrong", predicted))


REFUNDS = [failure(n, f"the refund arrived late again item {n}", "No", "Yes") for n in range(6)]
RADIOS = [failure(n, f"my radio hums at night unit {n}", "No", "Yes") for n in range(6, 10)]
PRAISE = [failure(n, f"splendid lamp bought twice {n}", "Yes", "No") for n in range(10, 12)]
ALL = [*REFUNDS, *RADIOS, *PRAISE]


def topics(cases: list[Case]) -> list[str]:
    return [str(case.inputs["text"]).split()[1] for case in cases]


def test_three_cases_cover_three_kinds_of_failure() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        assert sorted(topics(Coverage(ALL, rng).choose(3, rng))) == ["lamp", "radio", "refund"]


def test_the_largest_kind_comes_first() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        assert Coverage(ALL, rng).choose(1, rng)[0].target == "No"


def test_choices_differ_and_follow_the_generator() -> None:
    def choices(seed: int) -> list[tuple[str, ...]]:
        rng = random.Random(seed)
        coverage = Coverage(ALL, rng)
        return [tuple(case.id for case in coverage.choose(3, rng)) for _ in range(8)]

    assert len(set(choices(1))) > 2
    assert choices(1) == choices(1)


def test_nothing_is_chosen_twice_nor_more_than_there_is() -> None:
    rng = random.Random(0)
    assert sorted(case.id for case in Coverage(PRAISE, rng).choose(9, rng)) == ["10", "11"]
    assert Coverage([], rng).choose(3, rng) == []


def test_failures_without_words_are_covered_by_kind() -> None:
    mute = [failure(n, "?!", target, predicted) for n, (target, predicted) in enumerate([("Yes", "No"), ("No", "Yes")])]
    rng = random.Random(0)
    assert {case.target for case in Coverage(mute, rng).choose(2, rng)} == {"Yes", "No"}


def test_of_very_many_failures_a_sample_is_compared() -> None:
    many = [failure(n, f"case {n} is about {n % 7}", "No", "Yes") for n in range(500)]
    rng = random.Random(0)
    assert len(Coverage(many, rng).cases) == MOST_FAILURES
