"""One request to GitHub and one answer, as values without the token."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

JSON = "application/vnd.github+json"
RAW = "application/vnd.github.raw+json"
Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; `repeatable` says that sending it twice does no more than sending it once.

    `most_bytes` is the longest answer that is read, decompressed; `patience_seconds` takes the place of the client's.
    """

    method: Method
    url: str
    body: bytes | None = None
    repeatable: bool = True
    accept: str = JSON
    most_bytes: int = 50_000_000
    graphql: bool = False
    patience_seconds: float | None = None

    def __str__(self) -> str:
        return f"{self.method} {urlsplit(self.url).path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the names of `headers` are in lower case. Its `repr` shows nothing that a server wrote."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body's value, `None` when it is empty; `ValueError` when it is no JSON (RFC 8259)."""
        return json.loads(self.body) if self.body.strip() else None

    def message(self) -> str:
        """What GitHub says about an error, in its own words; empty where it says nothing."""
        try:
            said = self.json()
        except (ValueError, RecursionError):
            return ""
        if not isinstance(said, dict):
            return ""
        details = said.get("errors")
        parts = [said.get("message"), *map(_detail, details if isinstance(details, list) else [])]
        return "; ".join(part for part in parts if isinstance(part, str) and part)


def _detail(error: object) -> str:
    """One of the `errors` of a validation or GraphQL answer."""
    match error:
        case {"message": str(message)} | str(message):
            return message
        case {"code": code, **rest}:
            place = ".".join(str(rest[name]) for name in ("resource", "field") if name in rest)
            return f"{place} {code}".strip()
    return ""


def encoded(body: Mapping[str, Any]) -> bytes:
    """`body` as JSON; `ValueError` for numbers that JSON lacks."""
    return json.dumps(body, allow_nan=False).encode()


def next_link(header: str) -> str | None:
    """The target of `rel="next"` in a Link header (RFC 8288, 3), as GitHub writes them."""
    for link in re.finditer(r"<([^<>]*)>((?:\s*;[^,<>]*)*)", header):
        if re.search(r';\s*rel="?next"?\s*(?:;|\Z)', link[2]):
            return link[1]
    return None


def first_field(document: str) -> str:
    """The first field that a GraphQL document asks for, such as `createCommitOnBranch`, for messages."""
    found = re.search(r"\{\s*(?:\w+\s*:\s*)?(\w+)", document)
    return found[1] if found else "the request"
