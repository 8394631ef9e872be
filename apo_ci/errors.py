"""The exceptions that stop a run, and the one that fails a single request.

::

    ApoError                      exit code 2 unless said otherwise
    ├── ConfigError               apo-ci.yaml, options: what is wrong, where, what to write instead
    ├── InputError                prompts, eval sets, datasets: likewise
    ├── RepositoryError           git could not do what was asked
    ├── RefusedError              a guard keeps a suggestion from being committed
    ├── PriceUnknownError         a dollar cap is set and the model has no known price
    ├── InfrastructureError       exit code 3
    │   ├── AuthenticationError   the endpoint refused the key
    │   ├── EndpointError         the endpoint is dead, or does not speak the protocol
    │   ├── LocalModelError       the embedded model could not be loaded
    │   ├── ReplayMissError       replay was asked for and the cache lacks a reply
    │   └── GitHubError           GitHub could not do what was asked of it
    │       ├── PermissionMissingError   the token may not
    │       ├── NotFoundError     there is no such thing, or the token may not see it
    │       ├── ConflictError     somebody was first: the head moved, the branch exists
    │       ├── RateLimitedError  GitHub wants a longer pause than a run can wait
    │       └── UnknownOutcomeError      the connection broke, and the request may have taken effect
    ├── RequestFailedError        one request failed for good; its case is *errored*, the run goes on
    └── BudgetExhaustedError      no reservation could be made; callers stop spending and keep what they have
"""

from __future__ import annotations


class ApoError(Exception):
    """Base of everything apo-ci raises on purpose.

    `message` says what is wrong, `cure` what to do about it, and `path` and `line` (one-based) where.
    """

    exit_code = 2

    def __init__(self, message: str, *, cure: str | None = None, path: str | None = None, line: int | None = None):
        super().__init__(message)
        self.message = message
        self.cure = cure
        self.path = path
        self.line = line

    def __str__(self) -> str:
        place = "" if self.path is None else f"{self.path}:{self.line}: " if self.line else f"{self.path}: "
        advice = "" if self.cure is None else f"\n  {self.cure}"
        return f"{place}{self.message}{advice}"


class ConfigError(ApoError):
    """The configuration or an option cannot be used."""


class InputError(ApoError):
    """A prompt, an eval set or a dataset cannot be used."""


class RepositoryError(ApoError):
    """git could not do what was asked of it."""


class RefusedError(ApoError):
    """A guard keeps a suggestion from being committed; nothing was written."""


class PriceUnknownError(ApoError):
    """A dollar cap is set, and nobody knows what the model costs."""


class InfrastructureError(ApoError):
    """The world outside failed; nothing was learnt about the prompt."""

    exit_code = 3


class AuthenticationError(InfrastructureError):
    """The endpoint refused the key."""


class EndpointError(InfrastructureError):
    """The endpoint is dead, or does not speak the protocol."""


class LocalModelError(InfrastructureError):
    """The embedded model could not be loaded."""


class ReplayMissError(InfrastructureError):
    """Replay was asked for, and the cache has no reply for a request."""


class GitHubError(InfrastructureError):
    """GitHub could not do what was asked of it; `status` is that of the HTTP reply, if there was one."""

    def __init__(self, message: str, *, cure: str | None = None, status: int | None = None):
        super().__init__(message, cure=cure)
        self.status = status


class PermissionMissingError(GitHubError):
    """The token may not do this; the cure names the permission to add."""


class NotFoundError(GitHubError):
    """There is no such thing, or the token may not see it."""


class ConflictError(GitHubError):
    """Somebody was first: the head moved, the branch exists."""


class RateLimitedError(GitHubError):
    """GitHub wants a longer pause than a run can wait."""


class UnknownOutcomeError(GitHubError):
    """The connection broke, or the server failed: the request may have taken effect, so it was not repeated."""


class RequestFailedError(ApoError):
    """One request failed after its retries: data about one case, not a reason to stop."""

    exit_code = 3


class BudgetExhaustedError(ApoError):
    """The worst case of a request no longer fits under a cap; `cap` names it."""

    exit_code = 3

    def __init__(self, message: str, *, cap: str):
        super().__init__(message)
        self.cap = cap
