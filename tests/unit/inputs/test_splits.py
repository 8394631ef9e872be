"""Splits: disjoint, stable when a dataset is reordered or grows, and fair to every label."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from apo_ci.errors import InputError
from apo_ci.inputs.datasets import Case, Split
from apo_ci.inputs.splits import SplitFractions, Splits, assign_splits

THIRDS = SplitFractions()


def make(number: int, target: str = "Yes", split: Split | None = None) -> Case:
    return Case(f"c{number}", {"text": number}, target, split=split, line=number + 1)


def places(splits: Splits) -> dict[str, str]:
    return {case.id: name for name in ("train", "dev", "test") for case in getattr(splits, name)}


@given(st.sets(st.integers(0, 10_000), min_size=1, max_size=60), st.sets(st.integers(0, 10_000)), st.randoms())
@settings(max_examples=100)
def test_old_cases_stay_where_they_are(old: set[int], new: set[int], shuffle: random.Random) -> None:
    grown = [make(number, "Yes" if number % 2 else "No") for number in old | new]
    shuffle.shuffle(grown)
    before = places(assign_splits([make(n, "Yes" if n % 2 else "No") for n in old], THIRDS, labels=True))
    after = places(assign_splits(grown, THIRDS, labels=True))

    assert {name: after[name] for name in before} == before
    assert len(after) == len(grown)


def test_shares_are_kept_within_each_label() -> None:
    cases = [make(number, ["Yes", "No", "Maybe"][number % 3]) for number in range(9_000)]
    splits = assign_splits(cases, THIRDS, labels=True)

    for label in ("Yes", "No", "Maybe"):
        share = sum(case.target == label for case in splits.test) / 3_000
        assert share == pytest.approx(0.4, abs=0.03)


def test_a_row_knows_better() -> None:
    splits = assign_splits([make(n, split="dev") for n in range(20)], THIRDS, labels=True)

    assert len(splits.dev) == 20


@pytest.mark.parametrize("name", ["train", "dev", "test"])
def test_a_share_of_one_takes_all_and_of_none_nothing(name: str) -> None:
    fractions = {"train": 0.0, "dev": 0.0, "test": 0.0} | {name: 1.0}
    splits = assign_splits([make(n) for n in range(200)], SplitFractions(**fractions), labels=False)

    assert len(getattr(splits, name)) == 200


def test_cases_keep_the_order_of_the_file() -> None:
    splits = assign_splits([make(n) for n in range(100)], THIRDS, labels=False)

    assert [case.line for case in splits.test] == sorted(case.line for case in splits.test)


def test_one_content_in_two_splits_is_refused_with_both_lines() -> None:
    twins = [Case("a", {"t": 1}, "x", split="train", line=3), Case("b", {"t": 1}, "x", split="test", line=8)]

    with pytest.raises(InputError) as caught:
        assign_splits(twins, THIRDS, labels=False, path="x.jsonl")

    assert str(caught.value).startswith("x.jsonl:8: Lines 3 and 8 have the same inputs and are in train and test.")


def test_shares_sum_to_one() -> None:
    with pytest.raises(ValidationError, match="sum to 1"):
        SplitFractions(train=0.4)


def test_the_rule_never_changes() -> None:
    names = [places(assign_splits([make(n)], THIRDS, labels=True))[f"c{n}"] for n in range(8)]

    assert names == ["test", "dev", "test", "dev", "dev", "dev", "dev", "train"]
