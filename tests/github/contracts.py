"""GitHub's published contracts: its OpenAPI description, its GraphQL schema, its examples of webhook payloads.

They come as npm packages (`npm ci --prefix tests/github` installs the pinned ones) and are read where they lie. The
description of 13 MB is cut to the operations in use, which takes some tenths of a second, once a process.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, build_schema

JSON = dict[str, Any]
SERVER = "https://api.github.com"
PACKAGES = ("openapi", "graphql-schema", "webhooks-examples")
PROSE = frozenset({"description", "summary", "example", "examples", "externalDocs", "x-github", "tags", "deprecated"})
LEFT_OUT = PROSE | {"discriminator"}  # contents are told apart by a member that lists of files cannot have
SCALARS = {"GitObjectID": r"[0-9a-f]{40}", "Base64String": r"(?s)[A-Za-z0-9+/\s]*=*\s*", "GitRefname": r"refs/\S+"}
HERE = Path(__file__).parent


class ContractsMissingError(Exception):
    """The npm packages are not installed."""


def _candidates() -> Iterator[Path]:
    yield HERE / "node_modules"
    if named := os.environ.get("APO_CI_NODE_MODULES"):
        yield Path(named)
    yield HERE.parents[1] / "node_modules"


@functools.cache
def node_modules() -> Path:
    """The folder that holds all three packages."""
    for folder in _candidates():
        if all((folder / "@octokit" / name / "package.json").is_file() for name in PACKAGES):
            return folder
    raise ContractsMissingError("GitHub's contracts are not installed: run `npm ci --prefix tests/github`")


def require_contracts() -> None:
    """Skip the test without the packages; fail where the environment says that they must be there."""
    try:
        node_modules()
    except ContractsMissingError as error:
        if os.environ.get("APO_CI_REQUIRE_CONTRACTS") == "1":
            raise
        pytest.skip(str(error))


def _octokit(*parts: str) -> Path:
    return node_modules().joinpath("@octokit", *parts)


@functools.cache
def graphql_schema() -> GraphQLSchema:
    """GitHub's GraphQL schema."""
    text = _octokit("graphql-schema", "schema.graphql").read_text(encoding="utf-8")
    schema = build_schema(text, assume_valid=True, assume_valid_sdl=True, no_location=True)
    for name, pattern in SCALARS.items():
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.parse_value = functools.partial(_matching, name, pattern)  # type: ignore[method-assign]  # the library's way to define a scalar afterwards
    return schema


def _matching(name: str, pattern: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise GraphQLError(f"{value!r:.80} is no {name}")
    return value


@functools.cache
def _webhook_examples() -> dict[str, list[JSON]]:
    events = json.loads(_octokit("webhooks-examples", "api.github.com", "index.json").read_bytes())
    return {event["name"]: event["examples"] for event in events}


def webhook_example(event: str, action: str | None = None) -> JSON:
    """A copy of a real payload."""
    for example in _webhook_examples()[event]:
        if action is None or example.get("action") == action:
            copy: JSON = json.loads(json.dumps(example))
            return copy
    raise LookupError(f"{node_modules()} has no example of {event}, action {action}")


@functools.cache
def _description() -> JSON:
    read: JSON = json.loads(_octokit("openapi", "generated", "api.github.com.json").read_bytes())
    return read


@functools.cache
def openapi(operations: frozenset[tuple[str, str]]) -> JSON:
    """The description of these operations, (method in lower case, path template), and of what they refer to.

    Objects in request bodies are closed: GitHub ignores unknown fields in silence, so a misspelled one would never
    be noticed.
    """
    whole = _description()
    paths: JSON = {}
    for method, template in sorted(operations):
        paths.setdefault(template, {})[method] = _closed_operation(_without_prose(whole["paths"][template][method]))
    cut: JSON = {"openapi": whole["openapi"], "info": {"title": "GitHub", "version": "1"}, "paths": paths}
    cut["servers"] = [{"url": SERVER}]
    cut["components"] = _referenced(paths, whole["components"])
    return cut


@functools.cache
def webhook_schema(event: str, action: str | None = None) -> JSON:
    """The JSON schema of a payload, with what it refers to; raises LookupError when GitHub publishes none."""
    whole = _description()
    names = [event.replace("_", "-")] if action is None else [f"{event}-{action}".replace("_", "-")]
    for name in names:
        if name in whole["x-webhooks"]:
            body = _without_prose(whole["x-webhooks"][name]["post"]["requestBody"])
            schema = body["content"]["application/json"]["schema"]
            return {**schema, "components": _referenced(schema, whole["components"])}
    raise LookupError(f"GitHub's description has no webhook {names[0]}")


def _without_prose(node: Any, *, names: bool = False) -> Any:
    """The node without descriptions and examples; `names`: its keys are names of properties, so all of them stay."""
    if isinstance(node, list):
        return [_without_prose(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _without_prose(value, names=key == "properties" and not names)
        for key, value in node.items()
        if names or key not in LEFT_OUT
    }
    if kept.get("nullable") is True and isinstance(kept.get("enum"), list):
        kept["enum"] = [*kept["enum"], None]  # GitHub means it so; OpenAPI 3.0.3 asks for an explicit null
    return kept


def _closed_operation(operation: JSON) -> JSON:
    body = operation.get("requestBody")
    if body is None:
        return operation
    for media in body["content"].values():
        media["schema"] = _closed(media["schema"])
    return operation


def _closed(schema: Any) -> Any:
    """The schema with `additionalProperties: false` wherever properties are listed and nothing is said."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: value if key in ("oneOf", "anyOf", "allOf") else _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        closed["properties"] = {name: _closed(value) for name, value in schema["properties"].items()}
        closed.setdefault("additionalProperties", False)
    return closed


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                _, _, kind, name = value.split("/")
                yield kind, name
            else:
                yield from _references(value)


def _referenced(root: Any, components: JSON) -> JSON:
    found: JSON = {}
    open_ends: Iterable[tuple[str, str]] = list(_references(root))
    while open_ends:
        following: list[tuple[str, str]] = []
        for kind, name in open_ends:
            if name in found.setdefault(kind, {}):
                continue
            found[kind][name] = _without_prose(components[kind][name])
            following.extend(_references(found[kind][name]))
        open_ends = following
    return found
