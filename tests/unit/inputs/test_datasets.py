"""Datasets: repetitions are told, contradictions refused, and the fingerprint knows every case."""

from __future__ import annotations

import pytest

from apo_ci.errors import InputError
from apo_ci.inputs.datasets import Dataset, load_dataset


def load(*rows: str) -> Dataset:
    return load_dataset("\n".join(rows).encode(), "x.jsonl", {})


def refusal(*rows: str) -> InputError:
    with pytest.raises(InputError) as caught:
        load(*rows)
    assert caught.value.cure
    return caught.value


def test_cases_are_in_file_order() -> None:
    assert [case.inputs["a"] for case in load('{"a": 2, "target": 1}', '{"a": 1, "target": 1}').cases] == [2, 1]


def test_an_exact_duplicate_is_left_out_with_a_warning_that_names_both_lines() -> None:
    dataset = load('{"a": 1, "target": "x"}', '{"a": 2, "target": "x"}', '{"id": "other", "target": "x", "a": 1}')

    assert [case.line for case in dataset.cases] == [1, 2]
    assert dataset.warnings == ("x.jsonl: lines 1 and 3 hold the same case; the first is used.",)


def test_many_duplicates_are_counted() -> None:
    warnings = load(*['{"a": 1, "target": "x"}'] * 14).warnings

    assert len(warnings) == 11
    assert warnings[-1] == "x.jsonl: 3 more rows repeat an earlier case and are not used."


def test_contradicting_rows_are_one_error_that_names_both_lines() -> None:
    problem = refusal('{"a": 1, "target": "x"}', '{"a": 2, "target": "x"}', '{"a": 1, "target": "y"}')

    assert str(problem) == (
        "x.jsonl:3: Lines 1 and 3 have the same inputs and different targets.\n  Correct or remove one of them."
    )


def test_one_id_for_two_cases_is_refused() -> None:
    problem = refusal('{"id": "n", "a": 1, "target": "x"}', '{"id": "n", "a": 2, "target": "x"}')

    assert problem.message == "Lines 1 and 2 have the same id."


def test_one_case_in_two_splits_is_refused() -> None:
    problem = refusal('{"a": 1, "target": "x", "split": "train"}', '{"a": 1, "target": "x", "split": "test"}')

    assert problem.message == "Lines 1 and 2 hold the same case in different splits."


@pytest.mark.parametrize("rows", [(), ("", "  ")])
def test_a_dataset_without_rows_is_refused(rows: tuple[str, ...]) -> None:
    assert "no rows" in refusal(*rows).message


def test_the_fingerprint_changes_with_any_case_and_not_with_notation() -> None:
    one = load('{"a": 1, "target": "x"}')

    assert one.fingerprint == load("", '{"target":"x","a":1}').fingerprint
    others = ['{"a": 2, "target": "x"}', '{"a": 1, "target": "y"}', '{"a": 1, "target": "x", "split": "dev"}']
    assert len({one.fingerprint, *(load(row).fingerprint for row in others)}) == 4
