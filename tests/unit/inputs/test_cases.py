"""Cases: reserved keys, mapped columns, and identities that depend on content alone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from apo_ci.errors import InputError
from apo_ci.inputs.cases import Case, read_cases, text_of


def case(row: dict[str, Any], **columns: str) -> Case:
    data = json.dumps(row).encode()
    return next(
        iter(read_cases(io.BytesIO(data), "x.jsonl", {name.replace("__", "."): c for name, c in columns.items()}))
    )


def table(data: str, columns: dict[str, str] | None = None) -> list[Case]:
    return list(read_cases(io.BytesIO(data.encode()), "x.csv", columns or {}))


def refusal(row: dict[str, Any], **columns: str) -> InputError:
    with pytest.raises(InputError) as caught:
        case(row, **columns)
    assert (caught.value.path, caught.value.line) == ("x.jsonl", 1)
    assert caught.value.cure
    return caught.value


def test_reserved_keys_have_a_meaning_and_the_rest_are_inputs() -> None:
    row = {"id": "one", "text": "a", "n": 3, "target": "b", "split": "dev", "metadata": {"from": "x"}}

    assert case(row) == Case("one", {"text": "a", "n": 3}, "b", {"from": "x"}, "dev", 1)


@pytest.mark.parametrize("target", ["x", 3, 2.5, True, False, ["a", "b"], {"a": 1}, "", 0])
def test_a_target_may_be_any_value_but_none(target: Any) -> None:
    assert case({"a": 1, "target": target}).target == target


@pytest.mark.parametrize(("target", "text"), [("x", "x"), (True, "true"), (3, "3"), (["é"], '["é"]'), (None, "null")])
def test_targets_have_one_text(target: Any, text: str) -> None:
    assert text_of(target) == text


@pytest.mark.parametrize("row", [{"a": 1}, {"a": 1, "target": None}])
def test_a_row_without_a_target_is_refused(row: dict[str, Any]) -> None:
    assert "no target" in refusal(row).message


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"target": 1, "id": True}, "`id` must be"),
        ({"target": 1, "id": ["a"]}, "`id` must be"),
        ({"target": 1, "id": ""}, "`id` must be"),
        ({"target": 1, "split": "valid"}, "no split `valid`"),
        ({"target": 1, "split": 3}, "no split `3`"),
        ({"target": 1, "metadata": "x"}, "`metadata` must be"),
        ({"target": 1, "a": "\ud800"}, "half a character"),
    ],
)
def test_reserved_keys_of_the_wrong_kind_are_refused(row: dict[str, Any], said: str) -> None:
    assert said in refusal(row).message


def test_the_id_is_a_hash_of_content_in_any_order_of_keys() -> None:
    one = case({"a": 1, "b": "x", "target": "t"})

    assert one.id == case({"target": "t", "b": "x", "a": 1, "split": "dev", "metadata": {"c": 1}}).id
    assert len({one.id, case({"a": "1", "b": "x", "target": "t"}).id, case({"a": 1, "b": "x", "target": "u"}).id}) == 3
    assert one.id == "87f75b350247e6c8"  # it must never change: splits hang on it


def test_a_number_may_be_an_id() -> None:
    assert case({"id": 7, "target": "x"}).id == "7"


def test_columns_give_file_columns_the_names_of_the_prompt() -> None:
    found = case({"review": "a", "label": "b", "source": "c", "target": "d"}, text="review", target="label",
                 metadata__old="target", metadata__source="source")  # fmt: skip

    assert (found.inputs, found.target, found.metadata) == ({"text": "a"}, "b", {"old": "d", "source": "c"})


def test_a_mapped_column_that_is_missing_is_named() -> None:
    assert "no column `label`, which `columns` maps to `target`" in refusal({"a": 1}, target="label").message


def test_two_columns_cannot_have_one_name() -> None:
    problem = refusal({"text": 1, "review": 2, "target": 3}, text="review")

    assert "the file has a column `text` too" in problem.message
    assert problem.cure == "Map the other one away: `metadata.text: text`."


def test_tables_hold_text_and_empty_reserved_cells_mean_nothing() -> None:
    found = table('a,target,id,split,metadata,metadata.who\n,1,,,"{""k"": 2}",me\nx,2,n1,test,,\n')

    assert [one.inputs for one in found] == [{"a": ""}, {"a": "x"}]
    assert [one.target for one in found] == ["1", "2"]
    assert [one.metadata for one in found] == [{"k": 2, "who": "me"}, {"who": ""}]
    assert [(one.split, one.line) for one in found] == [(None, 2), ("test", 3)]
    assert found[1].id == "n1"


def test_an_empty_target_cell_is_no_target() -> None:
    with pytest.raises(InputError, match="no target") as caught:
        table("a,target\nx,y\nz,\n")

    assert caught.value.line == 3


def test_metadata_in_a_table_is_json() -> None:
    with pytest.raises(InputError, match="metadata: This is not JSON"):
        table("a,target,metadata\nx,y,oops\n")


def test_reading_stops_at_the_first_broken_row() -> None:
    stream = read_cases(io.BytesIO(b'{"a": 1, "target": 2}\n{"a": 1}\n{"a": 2, "target": 3}\n'), "x.jsonl", {})

    assert next(stream).line == 1
    with pytest.raises(InputError):
        next(stream)
