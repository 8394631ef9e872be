"""What the exceptions of the HTTP library say about a request that got no answer."""

from __future__ import annotations

import ssl

import pytest
import requests
from urllib3 import exceptions
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from apo_ci.errors import GitHubError
from apo_ci.publish.github import GitHub
from apo_ci.publish.losses import setback_of
from apo_ci.publish.rate_limits import Kind
from tests.unit.publish.scripted import Waiting, nobody

POOL = HTTPConnectionPool("api.github.com")
CONNECTION = HTTPConnection("api.github.com")
UNTRUSTED = exceptions.SSLError(ssl.SSLCertVerificationError("self-signed certificate"))
CUT_TLS = exceptions.SSLError(ssl.SSLEOFError("EOF occurred in violation of protocol"))


def tried(reason: Exception) -> exceptions.MaxRetryError:
    """As urllib3 raises it when its retries are spent."""
    return exceptions.MaxRetryError(POOL, "/user", reason)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectionError(tried(exceptions.NewConnectionError(CONNECTION, "refused"))), Kind.UNSENT),
        (requests.ConnectTimeout(tried(exceptions.ConnectTimeoutError(CONNECTION, "slow"))), Kind.UNSENT),
        (requests.exceptions.ProxyError(tried(exceptions.ProxyError("no tunnel", OSError()))), Kind.UNSENT),
        (requests.exceptions.SSLError(tried(UNTRUSTED)), Kind.HOPELESS),
        (requests.exceptions.SSLError(tried(CUT_TLS)), Kind.BROKEN),
        (requests.ReadTimeout(exceptions.ReadTimeoutError(POOL, "/user", "slow")), Kind.BROKEN),
        (exceptions.ReadTimeoutError(POOL, "/user", "slow"), Kind.BROKEN),
        (
            requests.ConnectionError(exceptions.ProtocolError("Connection aborted.", ConnectionResetError())),
            Kind.BROKEN,
        ),
        (exceptions.IncompleteRead(5, 5), Kind.BROKEN),
        (exceptions.DecodeError("gzip"), Kind.BROKEN),
        (requests.exceptions.InvalidURL("no host"), Kind.HOPELESS),
        (requests.exceptions.InvalidHeader("no value"), Kind.HOPELESS),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else type(value).__name__,
)
def test_an_error_says_whether_the_request_may_have_taken_effect(error: Exception, kind: Kind) -> None:
    assert setback_of(error, 10).kind is kind


def test_errors_that_name_each_other_in_a_circle_are_read() -> None:
    first, second = exceptions.HTTPError("first"), exceptions.HTTPError("second")
    first.__cause__, second.__cause__ = second, first
    assert setback_of(first, 10).kind is Kind.BROKEN


def test_behind_a_proxy_that_is_down_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting()
    with nobody() as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        github = GitHub(None, "a/b", sleep=waiting.sleep, clock=waiting.clock, patience_seconds=1)
        with pytest.raises(GitHubError, match="no connection could be made") as caught:
            github.post("/user", {})
    assert type(caught.value) is GitHubError
    github.close()
