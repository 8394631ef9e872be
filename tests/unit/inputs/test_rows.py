"""Rows of JSONL, CSV and YAML: what is read, and one clear error for each thing that is not a row."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.inputs.rows import MAX_LINE_BYTES, Row, read_rows

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def rows(data: bytes, path: str) -> list[Row | InputError]:
    return list(read_rows(io.BytesIO(data), path))


def values(data: bytes, path: str) -> list[dict[str, Any]]:
    return [row.values for row in rows(data, path) if isinstance(row, Row)]


def error(data: bytes, path: str) -> InputError:
    (found,) = [row for row in rows(data, path) if isinstance(row, InputError)]
    return found


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("x.jsonl", b'{"a": "b", "target": "c"}\n{"a": "d", "target": "e"}'),
        ("x.csv", b"a,target\nb,c\nd,e"),
        ("x.tsv", b"a\ttarget\nb\tc\nd\te"),
        ("x.yaml", b"- {a: b, target: c}\n- {a: d, target: e}"),
    ],
)
def test_each_format_is_read_with_any_line_end_and_mark(
    path: str, data: bytes, newline: bytes, mark: bytes, end: bytes
) -> None:
    found = values(mark + (data + end).replace(b"\n", newline), path)

    assert found == [{"a": "b", "target": "c"}, {"a": "d", "target": "e"}]


def test_rows_know_their_lines_in_every_format() -> None:
    assert [row.line for row in rows(b'\n{"a": 1}\n\n{"a": 2}\n', "x.jsonl") if isinstance(row, Row)] == [2, 4]
    assert [row.line for row in rows(b'a\n"x\ny"\nz\n', "x.csv") if isinstance(row, Row)] == [2, 4]
    assert [row.line for row in rows(b"- a: 1\n  b: 2\n- a: 3\n", "x.yml") if isinstance(row, Row)] == [1, 3]


def test_a_line_of_json_may_hold_unicode_line_separators() -> None:
    assert values('{"a": "x\u2028y\u0085z"}\n'.encode(), "x.ndjson") == [{"a": "x\u2028y\u0085z"}]


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b'{"a": 1}\n{"a": }\n', 2, "not JSON: Expecting value, column 7"),
        (b'[{"a": 1},\n', 1, "looks like a JSON array"),
        (b'{"a": 1}\n3\n', 2, "not a JSON object"),
        (b'{"a": 1, "b": 2, "a": 3}\n', 1, "`a` stands here twice"),
        (b'{"a": {"b": 1, "b": 2}}\n', 1, "`b` stands here twice"),
        (b'{"a": NaN}\n', 1, "`NaN` is not allowed"),
        (b'{"a": -Infinity}\n', 1, "`-Infinity` is not allowed"),
        (b'{"a": 1e999}\n', 1, "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}\n", 1, "Exceeds the limit"),
        (b'{"a": "x"}\n{"a": "caf\xe9"}\n', 2, "0xe9 is not UTF-8"),
        (b"\xff\xfe{\x00}\x00", 1, "0xff is not UTF-8"),
        (b'{"a": ' + b"[" * 100_000 + b"\n", 1, "nested too deeply"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", 1, "Git LFS pointer"),
        (b'{"a": "' + b"x" * MAX_LINE_BYTES + b'"}\n', 1, "longer than"),
    ],
)
def test_a_line_that_is_not_a_json_object_is_one_error(data: bytes, line: int, said: str) -> None:
    problem = error(data, "x.jsonl")

    assert said in problem.message
    assert (problem.path, problem.line) == ("x.jsonl", line)
    assert problem.cure


def test_reading_goes_on_after_a_broken_line() -> None:
    found = rows(b'{"a": 1}\noops\n{"a": 2}\n\xff\n{"a": 3}\n', "x.jsonl")

    assert [isinstance(row, InputError) for row in found] == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"a,b\n1,2\n1,2,3\n", 3, "3 cells; the header has 2"),
        (b"a,b\n1\n", 2, "1 cells; the header has 2"),
        (b"a,a\n1,2\n", 1, "`a` stands here twice"),
        (b"a,,b\n1,2,3\n", 1, "Column 2 has no name"),
        (b"a;b\n1;2\n", 1, "not separated by commas"),
        (b'a,b\n1,"x"y\n', 2, "not CSV"),
        (b'a,b\n1,"open\n', 2, "not CSV"),
        (b"a,b\n1,caf\xe9\n", 2, "not UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", 1, "Git LFS pointer"),
    ],
)
def test_a_broken_table_is_one_error(data: bytes, line: int, said: str) -> None:
    problem = error(data, "x.csv")

    assert said in problem.message
    assert (problem.path, problem.line) == ("x.csv", line)
    assert problem.cure


def test_cells_may_be_long_and_column_names_have_blanks() -> None:
    assert values(b"a , target\n" + b"x" * 200_000 + b",y\n", "x.CSV") == [{"a": "x" * 200_000, "target": "y"}]


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"a: 1\n", 1, "list of rows"),
        (b"- a: 1\n- b\n", 2, "must be a mapping"),
        (b"- a: 1\n  a: 2\n", 2, "twice"),
        (b"- &x {a: 1}\n", 1, "anchors"),
        (b"- a: .nan\n", 1, "NaN"),
        (b"- a: caf\xe9\n", 1, "not UTF-8"),
    ],
)
def test_broken_yaml_rows_are_one_error(data: bytes, line: int, said: str) -> None:
    problem = error(data, "x.yaml")

    assert said in problem.message
    assert (problem.path, problem.line) == ("x.yaml", line)


def test_yes_and_no_are_text_in_yaml_rows() -> None:
    assert values(b"- {a: x, target: Yes}\n", "x.yaml") == [{"a": "x", "target": "Yes"}]


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="not a dataset format") as caught:
        read_rows(io.BytesIO(b""), "x.json")

    assert caught.value.cure == "Use .jsonl, .csv, .tsv, .yaml or .yml."


def test_lines_may_come_from_anywhere() -> None:
    assert [row.line for row in read_rows(iter([b'{"a": 1}\n', b'{"a": 2}']), "x.jsonl") if isinstance(row, Row)] == [
        1,
        2,
    ]


@given(st.lists(st.dictionaries(TEXT, TEXT | st.integers() | st.booleans() | st.none(), max_size=4), max_size=5))
@settings(max_examples=100)
def test_what_json_writes_is_read_back(written: list[dict[str, Any]]) -> None:
    data = "".join(json.dumps(row) + "\r\n" for row in written).encode()

    assert values(data, "x.jsonl") == written


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
@settings(max_examples=100)
def test_what_csv_writes_is_read_back(written: list[tuple[str, str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *written])

    assert [tuple(row.values()) for row in values(stream.getvalue().encode(), "x.csv")] == [
        row for row in written if any(row)
    ]


@given(st.binary(max_size=60), st.sampled_from(["x.jsonl", "x.csv", "x.yaml"]))
@settings(max_examples=200)
def test_any_bytes_are_rows_or_errors_with_a_line(data: bytes, path: str) -> None:
    for row in rows(data, path):
        assert isinstance(row, Row) or (row.path == path and row.cure)
