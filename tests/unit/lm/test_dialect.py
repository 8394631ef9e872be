"""A refusal teaches what can be asked differently, and nothing else."""

from __future__ import annotations

import pytest

from apo_ci.lm.dialect import Dialect, refuses_schema

PAYLOAD = {"model": "m", "messages": [], "max_tokens": 5, "temperature": 0, "seed": 1}


@pytest.mark.parametrize(
    ("message", "parameter", "learnt"),
    [
        ("Use 'max_completion_tokens' instead.", "max_tokens", Dialect(renamed_limit=True)),
        (
            "Unsupported value: 'temperature' does not support 0",
            "temperature",
            Dialect(dropped=frozenset({"temperature"})),
        ),
        ("unknown field: seed", None, Dialect(dropped=frozenset({"seed"}))),
        ("the temperature of the server room is not supported", "messages", Dialect()),
        ("temperature must be at most 2", "temperature", Dialect()),
        ("this model's maximum context length is 8192 tokens", "messages", Dialect()),
    ],
)
def test_what_is_learnt_from_a_refusal(message: str, parameter: str | None, learnt: Dialect) -> None:
    assert Dialect().after_refusal(PAYLOAD, message, parameter) == learnt


def test_a_payload_is_put_into_the_dialect_and_otherwise_left_alone() -> None:
    dialect = Dialect(renamed_limit=True, dropped=frozenset({"temperature"}))
    asked = {"model": "m", "messages": [], "seed": 1, "max_completion_tokens": 5}
    assert dialect.apply(dict(PAYLOAD)) == asked
    assert dialect.apply(dict(asked)) == asked
    assert Dialect().apply(dict(PAYLOAD)) == PAYLOAD


def test_only_a_request_with_a_schema_can_be_refused_for_it() -> None:
    assert refuses_schema({"response_format": {}}, "Invalid parameter", "response_format.type")
    assert refuses_schema({"response_format": {}}, "json_schema is not supported", None)
    assert not refuses_schema({}, "json_schema is not supported", None)
    assert not refuses_schema({"response_format": {}}, "the context is too long", None)
