"""The scorer of replies that must be JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apo_ci.evaluation.schemas import Schema
from apo_ci.evaluation.score import CORRECT, Score
from apo_ci.inputs.datasets import Case

_NOTHING = object()


class Json:
    """One when the reply is a JSON text (RFC 8259), valid against `schema` and, with `compare`, equal to the target.

    Strict on purpose: text or a code fence around the JSON breaks the program that reads it, so it scores zero.
    """

    def __init__(self, schema: Mapping[str, Any] | None = None, *, compare: bool = False):
        self._schema = None if schema is None else Schema(schema)
        self._compare = compare

    def score(self, case: Case, reply: str) -> Score:
        """Reasons name the place in the JSON, not the values."""
        value = _parse(reply)
        if value is _NOTHING:
            return Score(0.0, "JSON inside a code fence" if "```" in reply else "not JSON")
        if self._schema is not None and (problem := self._schema.problem(value)):
            return Score(0.0, problem)
        if self._compare and not same_json(value, _target(case)):
            return Score(0.0, "valid JSON, not equal to the target")
        return Score(1.0, CORRECT)


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return _NOTHING


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _target(case: Case) -> Any:
    """The target as JSON; a text that is no JSON stands for itself."""
    if not isinstance(case.target, str):
        return case.target
    parsed = _parse(case.target)
    return case.target if parsed is _NOTHING else parsed


def same_json(left: Any, right: Any) -> bool:
    """Equality of JSON values: 1 equals 1.0, true does not equal 1, and key order does not matter."""
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        if isinstance(one, bool) or isinstance(other, bool):
            if one is not other:
                return False
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            if one.keys() != other.keys():
                return False
            pending.extend((one[key], other[key]) for key in one)
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif one != other:
            return False
    return True
