"""What passes between the fake's server and its handlers: routes, requests, answers and refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from tests.github.state import State

JSON = dict[str, Any]
DOCUMENTATION = "https://docs.github.com/rest"
WHOLE_PATH = frozenset({"path", "ref"})  # these parameters hold slashes


@dataclass(frozen=True)
class Asked:
    """One request; `root` is the address that links in the answer begin with."""

    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: JSON
    accept: str
    root: str

    def number(self, name: str) -> int:
        """A numeric parameter of the path."""
        if not self.parameters[name].isdigit():
            raise not_found()
        return int(self.parameters[name])


@dataclass(frozen=True)
class Answer:
    """`body` is JSON, `raw` bytes in its place."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    def data(self) -> bytes:
        """The bytes to send."""
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else json.dumps(self.body).encode()


class RefusalError(Exception):
    """GitHub's no."""

    def __init__(
        self, status: int, message: str, *, errors: list[Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, dict(headers or {})

    def answer(self) -> Answer:
        """Its body as GitHub writes it."""
        body: JSON = {"message": self.message, "documentation_url": DOCUMENTATION, "status": str(self.status)}
        if self.errors is not None:
            body["errors"] = self.errors
        return Answer(self.status, body, self.headers)


def not_found() -> RefusalError:
    """The thing is not there."""
    return RefusalError(404, "Not Found")


def invalid(resource: str, field: str, code: str, message: str | None = None) -> RefusalError:
    """A field that GitHub will not take; `code` is one of its documented ones."""
    error: JSON = {"resource": resource, "field": field, "code": code}
    if message is not None:
        error["message"] = message
    return RefusalError(422, "Validation Failed", errors=[error])


Handler = Callable[["State", Asked], Answer]


@dataclass(frozen=True)
class Route:
    """An operation: `needs` are the permissions of which one is enough; none when every token may."""

    method: str
    template: str
    needs: tuple[str, ...]
    handler: Handler
    pattern: re.Pattern[str]

    @property
    def level(self) -> str:
        """What a token needs."""
        return "read" if self.method == "GET" else "write"


ROUTES: list[Route] = []


def route(method: str, template: str, *needs: str) -> Callable[[Handler], Handler]:
    """Register a handler under GitHub's own path template."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, template, needs, handler, _pattern(template)))
        ROUTES.sort(key=lambda known: -len(re.sub(r"\{\w+\}", "", known.template)))  # the most particular first
        return handler

    return register


def operations() -> frozenset[tuple[str, str]]:
    """All operations of the fake, for the validator."""
    return frozenset((known.method.lower(), known.template) for known in ROUTES)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The operation of a raw path, with the values of its parameters."""
    for known in ROUTES:
        if known.method == method and (found := known.pattern.fullmatch(path)):
            return known, {name: unquote(value) for name, value in found.groupdict().items()}
    return None


def _pattern(template: str) -> re.Pattern[str]:
    def group(found: re.Match[str]) -> str:
        name = found[1]
        return f"(?P<{name}>.+)" if name in WHOLE_PATH else f"(?P<{name}>[^/]+)"

    return re.compile(re.sub(r"\{(\w+)\}", group, template))


def paged(state: State, asked: Asked, items: list[Any], *, key: str | None = None) -> Answer:
    """One page of the items, with the Link header of GitHub's pagination."""
    size = min(max(int(asked.query.get("per_page", "30")), 1), 100)
    page, last = max(int(asked.query.get("page", "1")), 1), max(-(-len(items) // size), 1)
    shown = items[(page - 1) * size : page * size]
    body = shown if key is None else {"total_count": len(items), key: shown}
    return Answer(200, body, _links(state, asked, page, last))


def _links(state: State, asked: Asked, page: int, last: int) -> dict[str, str]:
    """GitHub names the repository by its number in these."""
    numbered = asked.path.replace(f"/repos/{state.repository}/", f"/repositories/{state.repository_id}/", 1)
    pages: dict[str, int] = {}
    if page > 1:
        pages |= {"prev": page - 1, "first": 1}
    if page < last:
        pages |= {"next": page + 1, "last": last}
    links = []
    for relation, number in pages.items():
        query = {**asked.query, "page": str(number)}
        words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        links.append(f'<{asked.root}{numbered}?{words}>; rel="{relation}"')
    return {"Link": ", ".join(links)} if links else {}
