"""What can go wrong between a client and GitHub.

`reset` is a TCP reset (the client sees "connection reset by peer"), `closed` an orderly end without an answer; the
`_after` kinds let the request take effect first, which is what makes a client ask twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from tests.github.protocol import DOCUMENTATION, Answer

Kind = Literal[
    "500",
    "502",
    "503",
    "504",
    "429",
    "secondary",
    "exhausted",
    "html",
    "graphql_limited",
    "reset",
    "reset_after",
    "502_after",
    "closed_after",
    "truncated_after",
]
USUAL: tuple[Kind, ...] = ("500", "502", "429", "reset", "reset_after", "502_after")
EXHAUSTED = "API rate limit exceeded for installation."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def every(method: str, path: str) -> bool:
    """All requests."""
    return True


class FaultPolicy(Protocol):
    """Says what goes wrong with the next request."""

    retry_after: str
    reset_seconds: int

    def draw(self, method: str, path: str) -> Kind | None:
        """None: nothing."""


class Faults:
    """A share of the requests that `only` chooses fails, each in one of the `kinds`."""

    def __init__(
        self,
        rate: float,
        generator: random.Random,
        *,
        kinds: Sequence[Kind] = USUAL,
        only: Callable[[str, str], bool] = every,
        retry_after: str = "1",
        reset_seconds: int = 2,
    ) -> None:
        self.rate, self.generator, self.kinds, self.only = rate, generator, tuple(kinds), only
        self.retry_after, self.reset_seconds = retry_after, reset_seconds

    def draw(self, method: str, path: str) -> Kind | None:
        """By chance."""
        if not self.only(method, path) or self.generator.random() >= self.rate:
            return None
        return self.generator.choice(self.kinds)


class Script:
    """The requests that `only` chooses meet these in turn, None for none; later ones meet nothing."""

    def __init__(
        self,
        *kinds: Kind | None,
        only: Callable[[str, str], bool] = every,
        retry_after: str = "1",
        reset_seconds: int = 2,
    ) -> None:
        self.left, self.only = list(kinds), only
        self.retry_after, self.reset_seconds = retry_after, reset_seconds

    def draw(self, method: str, path: str) -> Kind | None:
        """The next one."""
        return self.left.pop(0) if self.left and self.only(method, path) else None


def takes_effect(kind: Kind | None) -> bool:
    """Whether the request is handled all the same."""
    return kind is None or kind.endswith("_after")


def fault_answer(kind: Kind, policy: FaultPolicy, now: float) -> Answer | None:
    """What is answered; None when the connection breaks instead."""
    status = kind.removesuffix("_after")
    if status in ("500", "502", "503", "504"):
        return Answer(int(status), {"message": "Server Error"})
    if kind == "html":
        page = b"<!DOCTYPE html><html><body>Unicorn! This page is taking too long to load.</body></html>"
        return Answer(502, raw=page, headers={"Content-Type": "text/html; charset=utf-8"})
    if kind == "graphql_limited":
        return Answer(200, {"errors": [{"type": "RATE_LIMITED", "message": EXHAUSTED}]})
    if kind in ("429", "secondary"):
        body = {"message": SECONDARY, "documentation_url": DOCUMENTATION}
        return Answer(429 if kind == "429" else 403, body, {"Retry-After": policy.retry_after})
    if kind == "exhausted":
        reset = str(int(now) + policy.reset_seconds)
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        body = {"message": EXHAUSTED, "documentation_url": DOCUMENTATION}
        return Answer(403, body, headers)
    return None
