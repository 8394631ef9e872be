"""Checks one exchange with GitHub against its OpenAPI description.

What the fake answers is checked as strictly as what it is asked. Items of lists that were found valid once are not
looked at again: pages of a hundred unchanged comments would otherwise take most of a test's time.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from jsonschema import ValidationError
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.github import contracts

LONGEST_PROBLEM = 600
CONFIG = Config(spec_validator_cls=None)  # type: ignore[arg-type]  # documented to be None: the description is GitHub's own; to check it takes seconds


@dataclass
class Request:
    """What openapi-core wants to know of a request."""

    method: str
    path: str
    parameters: RequestParameters
    body: bytes | None
    content_type: str = "application/json"
    host_url: str = contracts.SERVER


@dataclass
class Response:
    """What openapi-core wants to know of an answer."""

    status_code: int
    data: bytes | None
    content_type: str = "application/json"
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True)
class Exchange:
    """One operation: its template with the values of its parameters, and what was sent and answered."""

    method: str
    template: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    status: int = 0
    answer: Any = None

    @property
    def path(self) -> str:
        """The path with every parameter quoted, slashes too: openapi-core wants one segment for each."""
        return self.template.format_map({name: quote(value, safe="") for name, value in self.parameters.items()})


class Validator:
    """Checks exchanges of the given operations, (method in lower case, path template)."""

    def __init__(self, operations: frozenset[tuple[str, str]]) -> None:
        self.description = contracts.openapi(operations)
        self._openapi = OpenAPI.from_dict(self.description, config=CONFIG)
        self._known: set[tuple[str, str, int]] = set()

    def request_problems(self, exchange: Exchange) -> list[str]:
        """Breaches of the request's contract, in words."""
        operation = self.description["paths"][exchange.template][exchange.method.lower()]
        named = {parameter["name"] for parameter in self._parameters(operation) if parameter["in"] == "query"}
        problems = [f"unknown query parameter {name}" for name in exchange.query if name not in named]
        if exchange.body and "requestBody" not in operation:
            problems.append("a body where none is wanted")
        problems += self._check(lambda: self._openapi.validate_request(_request(exchange)))
        return [f"{exchange.method} {exchange.path}: request: {problem}" for problem in problems]

    def answer_problems(self, exchange: Exchange) -> list[str]:
        """Breaches of the answer's contract, in words."""
        operation = self.description["paths"][exchange.template][exchange.method.lower()]
        status = str(exchange.status)
        if status not in operation["responses"]:
            # Any operation may refuse for want of authentication, a permission, its target, or for what was sent.
            refused = status in ("400", "401", "403", "404", "409", "422") and "message" in (exchange.answer or {})
            return [] if refused else [f"{exchange.method} {exchange.path}: answer: undocumented status {status}"]
        if exchange.answer is None:
            return []
        answer, seen = self._unseen(exchange)
        response = Response(exchange.status, json.dumps(answer).encode())
        problems = self._check(lambda: self._openapi.validate_response(_request(exchange), response))
        if not problems:
            self._known |= seen
        return [f"{exchange.method} {exchange.path}: answer {status}: {problem}" for problem in problems]

    def _unseen(self, exchange: Exchange) -> tuple[Any, set[tuple[str, str, int]]]:
        if not isinstance(exchange.answer, list):
            return exchange.answer, set()
        key = (exchange.method, exchange.template)
        items = {(*key, hash(json.dumps(item, sort_keys=True))): item for item in exchange.answer}
        fresh = {name: item for name, item in items.items() if name not in self._known}
        return list(fresh.values()), set(fresh)

    def _parameters(self, operation: contracts.JSON) -> Iterator[contracts.JSON]:
        for parameter in operation.get("parameters", ()):
            if "$ref" in parameter:
                yield self.description["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
            else:
                yield parameter

    def _check(self, validate: Any) -> list[str]:
        try:
            validate()
        except OpenAPIError as error:
            return [_words(error)]
        return []


@functools.cache
def validator(operations: frozenset[tuple[str, str]]) -> Validator:
    """One validator for the whole process: it takes a second to make."""
    return Validator(operations)


def _request(exchange: Exchange) -> Request:
    parameters = RequestParameters(query=ImmutableMultiDict(exchange.query), header=Headers(), cookie={})
    return Request(exchange.method.lower(), exchange.path, parameters, exchange.body or None)


def _words(error: BaseException) -> str:
    """Where and what, of a schema's errors; else the error and its causes."""
    found = [_schema_words(inner) for inner in getattr(error, "schema_errors", ())]
    words = "; ".join(found) or f"{type(error).__name__}: {str(error)[:150]}"
    if error.__cause__ is not None:
        words = f"{_words(error.__cause__)} <- {words}"
    return words[:LONGEST_PROBLEM]


def _schema_words(error: ValidationError) -> str:
    """The error, and inside an anyOf or oneOf the one that went deepest."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    place = "/".join(map(str, error.absolute_path)) or "top"
    return f"at {place}: {error.message[-200:]}"
