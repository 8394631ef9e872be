"""Which answers are worth another try, after how long, and when patience ends.

GitHub's rules: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
("Handle rate limit errors appropriately") and
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api.
"""

from __future__ import annotations

import email.utils
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from apo_ci.publish.exchange import Answer, Request

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# "Wait for at least one minute", then exponentially longer; blocks of 72 seconds have been seen in the field.
FIRST_QUIET = 75.0
TRANSIENT = (500, 502, 503, 504)
# The words of secondary limits, which come as 403, 429 or 422 and often without a header.
LIMITED_WORDS = re.compile(
    r"secondary rate limit|rate limit exceeded|abuse detection|submitted too quickly|\babuse\Z", re.IGNORECASE
)
LIMITED_TYPES = ("RATE_LIMITED", "RATE_LIMIT")
FAILED_QUERY = "Something went wrong while executing your query"


class Kind(Enum):
    """What a failed attempt did at GitHub."""

    UNSENT = "unsent"  # no connection was made: nothing
    LIMITED = "limited"  # refused for now: nothing
    BROKEN = "broken"  # nobody knows: the connection broke, or the server failed
    HOPELESS = "hopeless"  # no connection can be made, or no answer be used: another try would not help


@dataclass(frozen=True, slots=True)
class Setback:
    """Why an attempt gave no answer to use; `wait` is the seconds of quiet that GitHub asked for, if it did."""

    kind: Kind
    reason: str
    wait: float | None = None
    status: int | None = None


def setback_in(answer: Answer, request: Request, now: float) -> Setback | None:
    """What makes `answer` worth another try, if anything; `now` is in seconds since the epoch."""
    reason = f"it answered {answer.status}"
    if answer.status in TRANSIENT:
        return Setback(
            Kind.BROKEN, reason, _retry_after(answer.headers, server_time(answer.headers) or now), answer.status
        )
    if _is_limited(answer, request):
        return Setback(Kind.LIMITED, f"{reason}: rate limit", pause_asked(answer.headers, now), answer.status)
    if request.graphql and answer.status == 200 and FAILED_QUERY in answer.message():
        return Setback(Kind.BROKEN, f"{reason}: {FAILED_QUERY.lower()}", None, answer.status)
    return None


def _is_limited(answer: Answer, request: Request) -> bool:
    if answer.status == 429:
        return True
    if answer.status not in ((200, 403, 422) if request.graphql else (403, 422)):
        return False
    if request.graphql and any(kind in LIMITED_TYPES for kind in graphql_types(answer)):
        return True
    said = answer.message()
    if LIMITED_WORDS.search(said):
        return True
    spent = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status == 403 and spent and "not accessible" not in said


def graphql_types(answer: Answer) -> tuple[str, ...]:
    """The types of the errors in a GraphQL answer, such as `NOT_FOUND`; empty for errors that have none."""
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        return ()
    errors = said.get("errors") if isinstance(said, dict) else None
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return tuple(str(error.get("type", "")) for error in found)


def pause_asked(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds of quiet that `headers` ask for; times of day are read by the server's clock, where it tells it."""
    now = server_time(headers) or now
    if (seconds := _retry_after(headers, now)) is not None:
        return seconds
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and re.fullmatch(r"[0-9]{1,12}", reset):
        return max(0.0, int(reset) - now) + 1  # both are cut to whole seconds
    return None


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds by Retry-After, a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    until = http_date(value)
    return None if until is None else max(0.0, until - now)


def server_time(headers: Mapping[str, str]) -> float | None:
    """The Date header in seconds since the epoch."""
    return http_date(headers.get("date", ""))


def http_date(text: str) -> float | None:
    """An HTTP date (RFC 9110, 5.6.7) in seconds since the epoch; `None` for anything else."""
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


class Patience:
    """The seconds that one request may cost beyond its last attempt: pauses, and attempts that failed.

    Pauses grow exponentially up to half a minute, with "equal jitter" (Brooker, "Exponential Backoff And Jitter",
    AWS Architecture Blog, 2015); a rate limit that names no time gets more than a minute of quiet, then twice that.
    A pause is never shorter than GitHub asked for.
    """

    def __init__(self, seconds: float, generator: random.Random) -> None:
        self.left = max(0.0, seconds)
        self.tries = 0
        self._generator = generator

    def spend(self, seconds: float) -> None:
        """Count an attempt that failed after `seconds`."""
        self.left = max(0.0, self.left - max(0.0, seconds))

    def take(self, due: float) -> float | None:
        """The pause before the next attempt, `due` seconds or a little more; `None` when patience ends before."""
        self.tries += 1
        if due > self.left:
            return None
        seconds = min(self.left, due + self._generator.uniform(0, min(due, 1.0)))
        self.left -= seconds
        return seconds

    def due(self, setback: Setback) -> float:
        """The shortest pause that is polite now."""
        doubled = 2.0 ** min(self.tries, 20)
        if setback.wait is None and setback.kind is Kind.LIMITED:
            return FIRST_QUIET * doubled
        backoff = min(LONGEST_PAUSE, FIRST_PAUSE * doubled)
        return max(setback.wait or 0.0, backoff / 2 + self._generator.uniform(0, backoff / 2))
