"""What the settings classes say of their keys, in the words of docs/configuration.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from apo_ci.config import (
    Budget,
    Config,
    GateSettings,
    ModelSettings,
    Parameters,
    Price,
    PublishSettings,
    SearchSettings,
)
from apo_ci.inputs import evals
from apo_ci.inputs.evals import EvalSettings
from apo_ci.inputs.prompts import PromptHeader
from apo_ci.inputs.splits import SplitFractions

# By the page's headings.
BLOCKS: Mapping[str, type[BaseModel]] = {
    "apo-ci.yaml": Config,
    "model": ModelSettings,
    "parameters": Parameters,
    "price": Price,
    "budget": Budget,
    "gate": GateSettings,
    "search": SearchSettings,
    "publish": PublishSettings,
    "Eval files": EvalSettings,
    "splits": SplitFractions,
    "exact_match": evals.ExactMatchSettings,
    "label": evals.LabelSettings,
    "contains": evals.ContainsSettings,
    "regex": evals.RegexSettings,
    "number": evals.NumberSettings,
    "json": evals.JsonSettings,
    "rouge": evals.RougeSettings,
    "Front matter": PromptHeader,
}
NAMES = {model.__name__: heading for heading, model in BLOCKS.items()}
Row = tuple[str, str, str]


def rows(model: type[BaseModel]) -> list[Row]:
    """Key, type and default of every setting."""
    schema = model.model_json_schema()
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return [(f"`{name}`", " ".join(kind(schema["properties"][name])), default(field)) for name, field in fields.items()]


def kind(schema: Mapping[str, Any]) -> Iterator[str]:
    """A JSON Schema in words."""
    if "$ref" in schema:
        name = NAMES[schema["$ref"].rpartition("/")[2]]
        yield f"[{name}](#{name})"
    elif "const" in schema or "enum" in schema:
        yield alternatives([f"`{value}`" for value in schema.get("enum", [schema.get("const")])])
    elif "anyOf" in schema:
        (known,) = [one for one in schema["anyOf"] if one != {"type": "null"}]
        yield from kind(known)
    elif "oneOf" in schema:
        yield "[scorer](#scorers)"
    else:
        yield from plain_kind(schema)


def plain_kind(schema: Mapping[str, Any]) -> Iterator[str]:
    """One of JSON's own types, with its bounds."""
    words = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
    match schema["type"]:
        case "array":
            yield "list of " + " ".join(kind(schema["items"]))
        case "object":
            yield "mapping"
        case other:
            yield words[other]
    yield from bounds(schema)


def bounds(schema: Mapping[str, Any]) -> Iterator[str]:
    """`≥ 1`, `0 to 1`, `> 0, ≤ 1`."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"{low:g} to {high:g}"
        return
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {schema[name]:g}" for name, sign in signs.items() if name in schema]
    if found:
        yield ", ".join(found)


def alternatives(words: list[str]) -> str:
    """`a`, `b` or `c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def default(field: FieldInfo) -> str:
    """A default as YAML writes it; a dash for none, and for a block whose keys have their own."""
    if field.is_required():
        return "required"
    return written(field.get_default(call_default_factory=True))


def written(value: Any) -> str:
    """A value as YAML, in code."""
    match value:
        case BaseModel():
            given = value.model_dump(exclude_unset=True)
            return f"`{{{', '.join(f'{key}: {one}' for key, one in given.items())}}}`" if given else "–"
        case bool():
            return f"`{str(value).lower()}`"
        case float():
            return f"`{value:g}`"
        case tuple() if value:
            return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
        case None | () | {} | "":
            return "–"
        case _:
            return f"`{value}`"
