"""What a refusal means: the exception for an answer, in GitHub's words and with what to do about it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from apo_ci.errors import (
    ConflictError,
    GitHubError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    UnknownOutcomeError,
)
from apo_ci.publish.exchange import Answer, Request
from apo_ci.publish.permissions import GRANTABLE, permissions_for, workflow_line
from apo_ci.publish.rate_limits import Kind, Setback, graphql_types

Quote = Callable[[str], str]  # a server's words made safe to show: one short line without the token

FORK = "The token of a pull request from a fork, or from Dependabot, only reads, whatever the workflow says."
NO_PULL_REQUESTS = (
    "In the settings of the repository or organisation, under Actions, General, Workflow permissions, tick "
    "“Allow GitHub Actions to create and approve pull requests”, or give apo-ci the token of a GitHub App."
)
LACKING = re.compile(r"not accessible by|must have|permission", re.IGNORECASE)
OF_TYPES: Mapping[str, type[GitHubError]] = {
    "FORBIDDEN": PermissionMissingError,
    "INSUFFICIENT_SCOPES": PermissionMissingError,
    "NOT_FOUND": NotFoundError,
    "STALE_DATA": ConflictError,
    "UNPROCESSABLE": ConflictError,
}


def refusal(request: Request, answer: Answer, *, has_token: bool, quote: Quote) -> GitHubError:
    """The exception for an `answer` that is no success."""
    said = quote(answer.message())
    message = f"GitHub answered {answer.status} to {request}" + (f": {said}" if said else "")
    status = answer.status
    if status == 401:
        cure = "Give apo-ci a token that is valid: the input `token`, by default ${{ github.token }}."
        what = "GitHub does not accept the token" if has_token else "GitHub wants a token, and none was given"
        return GitHubError(f"{what} ({message})", cure=cure, status=status)
    if status == 403 or (status == 404 and "not accessible" in said):
        return _forbidden(request, answer, message, has_token)
    if status in (404, 410):
        cure = f"Does it exist? If it does, the token may not see it: `{_line(request, answer.headers)}`."
        return NotFoundError(message, cure=cure, status=status)
    if status in (409, 422):
        return ConflictError(message, status=status)
    if 300 <= status < 400:
        return GitHubError(message, cure="Check GITHUB_API_URL: its address leads elsewhere.", status=status)
    return GitHubError(message, status=status)


def _forbidden(request: Request, answer: Answer, message: str, has_token: bool) -> PermissionMissingError:
    said = answer.message()
    cure = None
    if not has_token:
        cure = "Give apo-ci a token: the input `token`, by default ${{ github.token }}."
    elif "not permitted to create" in said:
        cure = NO_PULL_REQUESTS
    elif LACKING.search(said) or not said:
        cure = _permission_cure(request, answer.headers)
    return PermissionMissingError(message, cure=cure, status=answer.status)


def _permission_cure(request: Request, headers: Mapping[str, str]) -> str:
    needed = permissions_for(request, headers)
    if "pull-requests" in needed:
        needed["pull-requests"] = "write"  # who reads a pull request here writes to it next: one advice is enough
    if not needed.keys() <= GRANTABLE:
        names = ", ".join(f"{name}: {access}" for name, access in needed.items())
        return f"A workflow's own token cannot have {names}: give apo-ci the token of a GitHub App that has."
    return f"Add to the job in the workflow: `{workflow_line(needed)}`, beside those that stand there. {FORK}"


def _line(request: Request, headers: Mapping[str, str]) -> str:
    return workflow_line(permissions_for(request, headers))


def graphql_refusal(request: Request, answer: Answer, field: str, *, quote: Quote) -> GitHubError:
    """The exception for the `errors` of a GraphQL answer; `field` is the first that was asked for.

    Types: https://docs.github.com/en/graphql/guides/using-graphql-clients and the errors seen in the field; an error
    without a type is one of the document.
    """
    said = quote(answer.message())
    message = f"GitHub refused {field} (GraphQL): {said}" if said else f"GitHub refused {field} (GraphQL)"
    found = [OF_TYPES[kind] for kind in graphql_types(answer) if kind in OF_TYPES]
    kind = found[0] if found else GitHubError
    cure = _permission_cure(request, answer.headers) if kind is PermissionMissingError else None
    return kind(message, cure=cure, status=answer.status)


def unknown_outcome(request: Request, reason: str, status: int | None = None) -> UnknownOutcomeError:
    """For a request that must not be sent again, as it may have taken effect."""
    return UnknownOutcomeError(
        f"{request}: {reason}, and it may have taken effect",
        cure="Look at GitHub whether it did; running the job again finds out, too.",
        status=status,
    )


def given_up(request: Request, setback: Setback, tries: int, until: float) -> GitHubError:
    """For a request that was tried `tries` times; `until` is when to come back, in seconds since the epoch."""
    attempts = "1 attempt" if tries == 1 else f"{tries} attempts"
    if setback.kind is Kind.LIMITED:
        when = _time_of_day(until)
        return RateLimitedError(
            f"GitHub's rate limit refuses {request} until {when} or later ({attempts})",
            cure=f"Run the job again after {when}; fewer jobs at once need fewer requests.",
            status=setback.status,
        )
    cure = "Run the job again later; https://www.githubstatus.com tells of outages."
    if setback.wait:
        cure = f"Run the job again after {_time_of_day(until)}."
    return GitHubError(
        f"GitHub could not be asked {request}: {setback.reason} ({attempts})", cure=cure, status=setback.status
    )


def _time_of_day(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(-(-seconds // 1)))
    except (ValueError, OverflowError, OSError):
        return "much later"


def unusable(request: Request, answer: Answer, what: str) -> GitHubError:
    """For a success whose body cannot be used; a write took effect all the same."""
    said = f"GitHub's answer to {request} {what} ({answer.status}, {len(answer.body)} bytes)"
    if not request.repeatable:
        return unknown_outcome(request, f"the answer {what}", answer.status)
    return GitHubError(said, cure="Is there a proxy in between? Check GITHUB_API_URL.", status=answer.status)


def decoded(request: Request, answer: Answer) -> Any:
    """The JSON of a success."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        pass
    raise unusable(request, answer, "is no JSON")


def items(request: Request, answer: Answer, key: str | None) -> Iterator[dict[str, Any]]:
    """The items of a page; `key` is what they are wrapped in."""
    said = decoded(request, answer)
    found = said.get(key) if key is not None and isinstance(said, dict) else said
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise unusable(request, answer, "holds no list" if key is None else f"holds no list of {key}")
    yield from found
