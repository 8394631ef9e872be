"""YAML is read strictly: plain data with lines, one clear error for everything else."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from apo_ci import documents
from apo_ci.config import Settings
from apo_ci.errors import ApoError, ConfigError, InputError


class Square(Settings):
    type: Literal["square"]
    side: float


class Circle(Settings):
    type: Literal["circle"]
    radius: float


class Drawing(Settings):
    title: str
    shapes: tuple[Annotated[Square | Circle, Field(discriminator="type")], ...] = ()
    inner: Square | None = None


def read(text: str) -> Any:
    return documents.parse(text, "x.yaml").value


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        documents.parse(text, "x.yaml")
    return caught.value


def validation_error(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        documents.validate(Drawing, documents.parse(text, "x.yaml"))
    return caught.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("No", "No"),
        ("off", "off"),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("'.nan'", ".nan"),
        ("''", ""),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(written: str, meant: Any) -> None:
    value = read(f"key: {written}\n")["key"]

    assert value == meant
    assert type(value) is type(meant)


def test_every_key_and_item_knows_its_line() -> None:
    document = documents.parse("a: 1\nb:\n  - x\n  - c: 2\n", "x.yaml", first_line=10)

    assert [document.line(place) for place in [("a",), ("b",), ("b", 1), ("b", 1, "c"), ("b", 1, "none")]] == [
        10,
        11,
        13,
        13,
        13,
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "`a` stands here twice (first on line 1)"),
        ("x:\n  a: 1\n  a: 2\n", 3, "twice"),
        ("a: 1\nb: &here 2\n", 2, "anchors and aliases"),
        ("a: 1\nb: *here\n", 2, "anchors and aliases"),
        ("a: &x [*x]\n", 1, "anchors and aliases"),
        ("a: 1\nb: .nan\n", 2, "NaN"),
        ("a: .inf\n", 1, "infinity"),
        ("a: -.INF\n", 1, "infinity"),
        ("a: 1e999\n", 1, "infinity"),
        (f"a: {'9' * 5000}\n", 1, "too long"),
        ("a: 1\nb: !!str 2\n", 2, "tags"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "tags"),
        ("? [a, b]\n: 1\n", 1, "key must be plain text"),
        ("a: {<<: {b: 1}}\n", 1, "key must be plain text"),
        ("a: 1\n b: 2\n", 2, "not YAML"),
        ("a: 'open\n", 2, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
        ("[" * 100_000, 1, "nested too deeply"),
        ("a: \x00\n", None, "not YAML"),
    ],
)
def test_what_plain_data_does_not_need_is_refused_at_its_line(text: str, line: int | None, said: str) -> None:
    problem = refusal(text)

    assert (problem.path, problem.line) == ("x.yaml", line)
    assert said in problem.message
    assert problem.cure


def test_a_byte_order_mark_is_not_part_of_the_first_key() -> None:
    assert read("\ufeffa: 1\n") == {"a": 1}


def test_an_empty_document_is_nothing() -> None:
    assert read("# only a comment\n") is None


def test_a_very_long_file_is_refused() -> None:
    assert "characters" in refusal("#" * (documents.MAX_CHARACTERS + 1)).message


def test_bytes_that_are_not_utf_8_are_refused_at_their_line() -> None:
    with pytest.raises(InputError) as caught:
        documents.decode(b"a: 1\nb: caf\xe9\n", "x.yaml", error=InputError)

    assert str(caught.value) == "x.yaml:2: The byte 0xe9 is not UTF-8.\n  Save the file as UTF-8."


def test_an_unknown_key_is_named_with_the_one_that_was_meant() -> None:
    problem = validation_error("title: x\nshapes:\n- type: circle\n  radus: 1\n  radius: 2\n")

    assert str(problem) == "x.yaml:4: The key `shapes.0.radus` is unknown.\n  Did you mean `radius`?"


def test_an_unknown_key_like_no_other_is_answered_with_the_known_ones() -> None:
    assert validation_error("title: x\nzzz: 1\n").cure == "Known keys: inner, shapes, title."


def test_a_missing_key_is_named_where_it_belongs() -> None:
    assert str(validation_error("title: x\ninner:\n  type: square\n")).startswith("x.yaml:2: The key `inner.side`")


@pytest.mark.parametrize(
    ("item", "said", "cure"),
    [
        ("{radius: 1}", "The key `shapes.0.type` is missing.", "Add `type: …`."),
        ("{type: oval}", "`shapes.0.type`: there is no `oval`.", "Write one of `square`, `circle`."),
        ("{type: circle, radius: big}", "`shapes.0.radius`: Input should be a valid number", "Correct the value."),
    ],
)
def test_faults_in_a_choice_of_blocks_are_told_without_jargon(item: str, said: str, cure: str) -> None:
    problem = validation_error(f"title: x\nshapes:\n- {item}\n")

    assert problem.message.startswith(said)
    assert (problem.line, problem.cure) == (3, cure)


def test_a_value_of_the_wrong_kind_is_shown_and_cut_short() -> None:
    problem = validation_error(f"title: [{'x' * 200}]\n")

    assert "Input should be text" in problem.message
    assert len(problem.message) < 150


def test_text_that_yaml_took_for_a_number_is_to_be_quoted() -> None:
    assert validation_error("title: 1984\n").cure == "Put it in quotes."


def test_a_list_is_not_a_mapping() -> None:
    assert "A mapping" in validation_error("- a\n").message


def test_a_misspelt_key_is_not_told_as_missing_too() -> None:
    found = documents.validate_all(Drawing, documents.parse("tilte: x\n", "x.yaml"))

    assert isinstance(found, list)
    assert [problem.message for problem in found] == ["The key `tilte` is unknown."]


def test_all_faults_are_found_in_the_order_of_their_lines() -> None:
    document = documents.parse("shapes: 3\ninner:\n  type: square\n  side: x\nmore: 1\n", "x.yaml")

    found = documents.validate_all(Drawing, document)

    assert isinstance(found, list)
    assert [problem.line for problem in found] == [1, 1, 4, 5]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**60), 2**60)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4),
        max_leaves=12,
    )
)
@settings(max_examples=100)
def test_json_is_read_as_json(value: Any) -> None:
    import json

    def same(left: Any, right: Any) -> bool:
        if isinstance(left, float) or isinstance(right, float):
            return math.isclose(left, right)
        if isinstance(left, list):
            return len(left) == len(right) and all(map(same, left, right))
        if isinstance(left, dict):
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        return bool(left == right)

    assert same(read(json.dumps({"value": value}, ensure_ascii=False))["value"], value)


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_whatever_the_text_it_is_read_or_refused_with_a_cure(text: str) -> None:
    problem: ApoError | None = None
    try:
        read(text)
    except ApoError as caught:
        problem = caught

    assert problem is None or problem.cure
