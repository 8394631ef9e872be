"""JSON Schema validation that fetches nothing, matches patterns in linear time, and ends after a bounded work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
import referencing
from jsonschema.validators import validator_for
from referencing.exceptions import Unresolvable

from apo_ci.errors import InputError
from apo_ci.evaluation.patterns import compile_pattern, occurs

MAX_STEPS = 50_000  # keywords that are looked at for one reply
Keyword = Callable[[Any, Any, Any, Any], Iterator[jsonschema.ValidationError] | None]


class _TooMuchWorkError(Exception):
    """A schema wants more than `MAX_STEPS`: references can make a short one take exponential time."""


class Schema:
    """A JSON Schema, of the dialect that its `$schema` names (2020-12 without one)."""

    def __init__(self, schema: Mapping[str, Any]):
        dialect: Any = validator_for(schema, default=jsonschema.Draft202012Validator)
        try:
            dialect.check_schema(schema)
        except jsonschema.SchemaError as problem:
            raise InputError(f"This is not a JSON Schema: {problem.message}.", cure="Correct `schema`.") from problem
        for pattern in _patterns(schema):
            compile_pattern(pattern)
        extend: Any = jsonschema.validators.extend
        keywords = {
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            "uniqueItems": _unique_items,
        }
        metered = {name: self._metered(function) for name, function in {**dialect.VALIDATORS, **keywords}.items()}
        self._validator = extend(dialect, metered)(schema, registry=referencing.Registry())
        self._steps = 0

    def _metered(self, keyword: Keyword) -> Keyword:
        def function(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise _TooMuchWorkError
            return keyword(validator, value, instance, schema)

        return function

    def problem(self, value: Any) -> str | None:
        """The first place where `value` does not match, and the keyword that it breaks; `None` when it matches.

        The sentence holds no values and no list indices, so that the same fault has the same sentence.
        """
        self._steps = 0
        try:
            error = next(iter(self._validator.iter_errors(value)), None)
        except (RecursionError, OverflowError, _TooMuchWorkError):
            return "JSON too deep or too large for the schema"
        except Unresolvable as problem:
            raise InputError(
                f"The JSON Schema refers to {problem.ref!r}, which is not in it.", cure="Copy it into `$defs`."
            ) from problem
        if error is None:
            return None
        place = "".join("[]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        return f"JSON does not match the schema at ${place}: {error.validator}"


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        if isinstance(schema.get("patternProperties"), Mapping):
            yield from schema["patternProperties"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _patterns(part)


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(instance, str) and not occurs(pattern, instance):
        yield jsonschema.ValidationError("does not match the pattern")


def _unique_items(_validator: Any, wanted: Any, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    """In linear time; two numbers are equal by their value (JSON Schema 2020-12, core, 4.2.2)."""
    if wanted and isinstance(instance, list) and len({_canonical(item) for item in instance}) < len(instance):
        yield jsonschema.ValidationError("has equal items")


def _canonical(value: Any) -> str:
    return json.dumps(_with_whole_numbers(value), sort_keys=True)


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_with_whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {name: _with_whole_numbers(item) for name, item in value.items()}
    return value


def _pattern_properties(
    validator: Any, properties: Mapping[str, Any], instance: Any, _schema: Any
) -> Iterator[jsonschema.ValidationError]:
    if isinstance(instance, dict):
        for pattern, subschema in properties.items():
            for name, value in instance.items():
                if occurs(pattern, name):
                    yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, additional: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[jsonschema.ValidationError]:
    if not isinstance(instance, dict):
        return
    for name, value in instance.items():
        if name in schema.get("properties", {}):
            continue
        if any(occurs(pattern, name) for pattern in schema.get("patternProperties", {})):
            continue
        if isinstance(additional, dict):
            yield from validator.descend(value, additional, path=name)
        elif not additional:
            yield jsonschema.ValidationError("has a property that is not allowed")
