"""JSON Schemas that people write into prompts and eval sets."""

from __future__ import annotations

from typing import Any


def checked_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, when it is a JSON Schema. Raises `ValueError`."""
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as problem:
        raise ValueError(f"this is not a JSON Schema: {problem.message}") from problem
    return schema
