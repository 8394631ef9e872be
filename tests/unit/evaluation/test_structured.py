"""The JSON scorer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from apo_ci.errors import InputError
from apo_ci.evaluation.structured import Json, same_json
from apo_ci.inputs.datasets import Case

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "patternProperties": {"^x-": {"type": "integer"}},
    "additionalProperties": False,
    "required": ["name"],
}


def _score(scorer: Json, reply: str, target: object = None) -> tuple[float, str]:
    score = scorer.score(Case("one", {}, target), reply)
    return score.value, score.reason


@pytest.mark.parametrize("reply", ['{"a": 1}', " [1, 2]\n", '"text"', "null", "1e400"])
def test_json_is_json(reply: str) -> None:
    assert _score(Json(), reply) == (1.0, "correct")


@pytest.mark.parametrize(
    "reply", ["", "{'a': 1}", "{}{}", "NaN", "[Infinity]", "Sure! {}", "[" * 100_000, "1" * 10_000]
)
def test_what_a_parser_refuses_scores_zero(reply: str) -> None:
    assert _score(Json(), reply) == (0.0, "not JSON")


def test_a_code_fence_is_named() -> None:
    assert _score(Json(), "```json\n{}\n```") == (0.0, "JSON inside a code fence")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ('{"name": "Ada", "tags": ["a"], "x-age": 3}', "correct"),
        ("{}", "JSON does not match the schema at $: required"),
        ('{"name": "ada"}', "JSON does not match the schema at $.name: pattern"),
        ('{"name": "Ada", "tags": ["a", 1]}', "JSON does not match the schema at $.tags[]: type"),
        ('{"name": "Ada", "x-age": "old"}', "JSON does not match the schema at $.x-age: type"),
        ('{"name": "Ada", "age": 3}', "JSON does not match the schema at $: additionalProperties"),
    ],
)
def test_the_schema_is_enforced_and_the_place_is_named(reply: str, reason: str) -> None:
    assert _score(Json(PERSON), reply)[1] == reason


def test_additional_properties_may_have_a_schema() -> None:
    scorer = Json({"additionalProperties": {"type": "integer"}})
    assert [_score(scorer, '{"a": 1}')[0], _score(scorer, '{"a": "1"}')[0]] == [1.0, 0.0]


@pytest.mark.parametrize(
    "schema",
    [{"pattern": "^(a+)+$"}, {"type": "object", "patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}],
)
def test_patterns_in_a_schema_take_linear_time(schema: dict[str, Any]) -> None:
    text = "a" * 50_000 + "!"
    began = time.process_time()
    assert _score(Json(schema), f'"{text}"' if "pattern" in schema else f'{{"{text}": 1}}')[0] == 0.0
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "no such type"}, "not a JSON Schema"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "cannot be used"),
    ],
)
def test_a_bad_schema_is_an_error_at_once(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Json(schema)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("[1, 2, true, 0, false, null, []]", 1.0),
        ("[1, 1.0]", 0.0),
        ('[{"a": 1, "b": 2.0}, {"b": 2, "a": 1}]', 0.0),
        ('["1", 1]', 1.0),
        ("[[[1]], [[true]]]", 1.0),
    ],
)
def test_items_are_unique_by_their_value(reply: str, value: float) -> None:
    assert _score(Json({"uniqueItems": True}), reply)[0] == value


def test_a_schema_whose_references_multiply_ends_soon() -> None:
    definitions: dict[str, Any] = {"a0": {}}
    for number in range(1, 40):
        definitions[f"a{number}"] = {"allOf": [{"$ref": f"#/$defs/a{number - 1}"}] * 2}
    began = time.process_time()
    scorer = Json({"$defs": definitions, "$ref": "#/$defs/a39"})
    assert _score(scorer, "{}") == (0.0, "JSON too deep or too large for the schema")
    assert time.process_time() - began < 5  # at most 0.5 on an idle machine


def test_a_reference_out_of_the_schema_is_not_fetched() -> None:
    scorer = Json({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(InputError, match="which is not in it"):
        _score(scorer, "{}")


def test_replies_that_a_schema_cannot_cope_with_score_zero() -> None:
    nested: dict[str, Any] = {"type": "array", "items": {"$ref": "#"}}
    assert _score(Json(nested), "[" * 900 + "]" * 900)[0] == 0.0
    assert _score(Json({"multipleOf": 0.3}), "1e400")[0] == 0.0


@pytest.mark.parametrize(
    ("target", "reply", "value"),
    [
        ({"a": 1, "b": [True, None]}, '{"b": [true, null], "a": 1.0}', 1.0),
        ('{"a": 1}', '{"a": 1}', 1.0),
        ("plain text", '"plain text"', 1.0),
        ({"a": 1}, '{"a": true}', 0.0),
        ({"a": 1}, '{"a": 1, "b": 2}', 0.0),
        ([1, 2], "[2, 1]", 0.0),
        ([1], "[1, 1]", 0.0),
        (None, "0", 0.0),
    ],
)
def test_equality_with_the_target(target: object, reply: str, value: float) -> None:
    assert _score(Json(compare=True), reply, target)[0] == value


def test_equality_of_deep_json_does_not_run_out_of_stack() -> None:
    one: Any = []
    other: Any = []
    for _ in range(50_000):
        one, other = [one], [other]
    assert same_json(one, other)
