"""JSON Schema validation that fetches nothing, and matches patterns in linear time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import referencing
from jsonschema.validators import validator_for
from referencing.exceptions import Unresolvable

from apo_ci.errors import InputError
from apo_ci.evaluation.patterns import compile_pattern, occurs


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
        }
        self._validator = extend(dialect, keywords)(schema, registry=referencing.Registry())

    def problem(self, value: Any) -> str | None:
        """The first place where `value` does not match, and the keyword that it breaks; `None` when it matches.

        The sentence holds no values and no list indices, so that the same fault has the same sentence.
        """
        try:
            error = next(iter(self._validator.iter_errors(value)), None)
        except (RecursionError, OverflowError):
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
