"""One pass over a dataset finds what loading finds, all of it, in little memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.inputs.datasets import DatasetSummary, load_dataset, scan_dataset
from apo_ci.inputs.scanning import duplicate_warnings

MILLION = """
import json, time
from apo_ci.inputs.datasets import scan_dataset

def lines():
    for number in range(1_000_000):
        row = {"review": f"It stopped charging after {number} weeks, and I would not buy it again.", "id": f"n{number}"}
        yield json.dumps({**row, "target": "Yes" if number % 3 else "No"}).encode() + b"\\n"

before = time.perf_counter()
summary = scan_dataset(lines(), "x.jsonl", {})
seconds = time.perf_counter() - before
# ru_maxrss would begin with what the test's own process held; VmHWM (proc(5)) is that of this program alone.
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"rows": summary.rows, "errors": summary.n_errors, "peak": peak, "seconds": seconds}))
"""


def scan(*rows: str) -> DatasetSummary:
    return scan_dataset(io.BytesIO("\n".join(rows).encode()), "x.jsonl", {})


def test_targets_and_inputs_are_counted_with_their_first_lines() -> None:
    summary = scan('{"a": 1, "target": "x"}', '{"a": 2, "b": 1, "target": true}', '{"a": 3, "target": "x"}')

    assert (summary.rows, summary.errors) == (3, ())
    assert summary.targets == {"x": 2, "true": 1}
    assert summary.target_lines == {"x": 1, "true": 2}
    assert summary.shapes == {frozenset({"a"}): 1, frozenset({"a", "b"}): 2}
    assert summary.fields == {"a", "b"}


def test_all_errors_are_collected_in_the_order_of_lines() -> None:
    summary = scan(
        '{"a": 1, "target": "x"}',
        "oops",
        '{"a": 1, "target": "y"}',
        '{"a": 9}',
        '{"a": 5, "target": "z", "split": "dev"}',
        '{"a": 5, "target": "z", "split": "test"}',
        '{"a": 6, "target": "z", "id": "n"}',
        '{"a": 7, "target": "z", "id": "n"}',
    )

    assert [error.line for error in summary.errors] == [2, 3, 4, 6, 8]
    assert summary.n_errors == 5
    assert summary.contradictions == ((1, 3),)
    assert summary.duplicates == ((5, 6),)


def test_many_errors_are_cut_short_and_counted() -> None:
    summary = scan(*(f'{{"a": 1, "split": "{number}", "target": 1}}' for number in range(50)))

    assert (len(summary.errors), summary.n_errors, summary.n_untold) == (20, 50, 30)


def test_an_error_that_many_rows_have_is_told_once() -> None:
    summary = scan(*['{"a": 1}'] * 50)

    assert [error.message for error in summary.errors] == [
        "The row has no target (likewise lines 2, 3, 4, 5, 6 and 44 more)."
    ]
    assert (summary.n_errors, summary.n_untold) == (50, 0)


def test_repetitions_are_told_against_the_first_row() -> None:
    summary = scan(*['{"a": 1, "target": "x"}'] * 3, '{"a": 1, "target": "y"}')

    assert summary.duplicates == ((1, 2), (1, 3))
    assert (summary.n_duplicates, summary.n_contradictions) == (2, 1)
    assert (
        duplicate_warnings("x", list(summary.duplicates), 2)[1]
        == "x: lines 1 and 3 hold the same case; the first is used."
    )


def test_an_empty_file_is_an_error() -> None:
    assert [error.message for error in scan("").errors] == ["The dataset has no rows."]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"a": st.integers(0, 4), "target": st.sampled_from("xyz")},
            optional={"id": st.sampled_from(["m", "n"]), "split": st.sampled_from(["dev", "test"])},
        ),
        max_size=6,
    )
)
@settings(max_examples=200)
def test_scanning_and_loading_agree(rows: list[dict[str, object]]) -> None:
    data = "\n".join(map(json.dumps, rows)).encode()
    summary = scan_dataset(io.BytesIO(data), "x.jsonl", {})
    try:
        dataset = load_dataset(data, "x.jsonl", {})
    except InputError:
        assert summary.n_errors > 0
    else:
        assert summary.n_duplicates == len(rows) - len(dataset.cases)
        assert summary.contradictions == ()


@pytest.mark.slow
def test_a_million_rows_are_validated_within_400_megabytes() -> None:
    done = subprocess.run([sys.executable, "-c", MILLION], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)

    assert figures["rows"] == 1_000_000
    assert figures["errors"] == 0
    assert figures["peak"] < 400e6
