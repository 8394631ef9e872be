"""How one attempt at a request can fail, and what that says about its cost and about trying again."""

from __future__ import annotations

from enum import Enum

from apo_ci.errors import ApoError, RequestFailedError
from apo_ci.lm.model import Usage


class UnsupportedFeatureError(RequestFailedError):
    """The endpoint refused a request for a feature that it lacks; `feature` names it, such as `response_format`."""

    def __init__(self, message: str, *, feature: str, cure: str | None = None):
        super().__init__(message, cure=cure)
        self.feature = feature


class Failure(Enum):
    """The ways to fail; the comment says whether a retry can help, and what was billed at most."""

    UNSENT = "unsent"  # no connection was made: retry, nothing reached the server
    BUSY = "busy"  # 429: retry later and slower, no tokens
    ADAPTED = "adapted"  # refused, and the client has learnt how to ask: retry at once, no tokens
    BROKEN = "broken"  # 5xx, time-out, lost or unreadable reply: retry, perhaps billed in full
    REFUSED = "refused"  # any other 4xx: this request cannot succeed, no tokens
    FATAL = "fatal"  # no request can succeed: wrong key, no such model, no quota; no tokens


class AttemptFailedError(Exception):
    """One attempt failed. `final` is what to raise if no further attempt is made.

    `retry_after` is in seconds, where the endpoint said so; `usage` is what the endpoint says that it billed.
    """

    def __init__(
        self, failure: Failure, final: ApoError, *, retry_after: float | None = None, usage: Usage | None = None
    ):
        super().__init__(final.message)
        self.failure = failure
        self.final = final
        self.retry_after = retry_after
        self.usage = usage
