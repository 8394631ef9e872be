"""What an attempt without an answer did at GitHub, read from the exception that ended it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from urllib3 import exceptions

from apo_ci.publish.rate_limits import Kind, Setback

UNSENT = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyError)


def setback_of(error: Exception, read_seconds: float) -> Setback:
    """What `error` says, of urllib3 or of a library that wraps urllib3's; `read_seconds` was the time allowed."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Setback(Kind.HOPELESS, "its certificate is not trusted (REQUESTS_CA_BUNDLE can name others to trust)")
    if any(isinstance(cause, UNSENT) for cause in causes):
        return Setback(Kind.UNSENT, "no connection could be made")
    if any(isinstance(cause, exceptions.ReadTimeoutError) for cause in causes):
        return Setback(Kind.BROKEN, f"no answer came for {read_seconds:.0f} seconds")
    if any(isinstance(cause, exceptions.HTTPError) for cause in causes):
        return Setback(Kind.BROKEN, "the connection broke")
    return Setback(Kind.HOPELESS, f"the request could not be made ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it wraps, as its cause, reason or argument."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (cause.__cause__, getattr(cause, "reason", None), *cause.args)
        waiting.extend(found for found in inner if isinstance(found, BaseException))
