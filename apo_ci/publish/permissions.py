"""Which permission a request needs, and the line of a workflow that gives it.

Of GitHub's own header X-Accepted-GitHub-Permissions
(https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api, "Resource not accessible"), and where
it is missing, of the table at https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from apo_ci.publish.exchange import Request

# The keys of `permissions:` in a workflow.
GRANTABLE = frozenset(
    {
        "actions",
        "attestations",
        "checks",
        "contents",
        "deployments",
        "discussions",
        "id-token",
        "issues",
        "models",
        "packages",
        "pages",
        "pull-requests",
        "repository-projects",
        "security-events",
        "statuses",
    }
)
BY_PATH = (
    (re.compile(r"/(?:check-runs|check-suites)(?:/|\Z)"), "checks"),
    (re.compile(r"/(?:issues|pulls)(?:/|\Z)"), "pull-requests"),
    (re.compile(r"/statuses(?:/|\Z)"), "statuses"),
    (re.compile(r"/actions/"), "actions"),
)
MUTATIONS_OF_CONTENTS = re.compile(r"\b(?:createCommitOnBranch|createRef|updateRef|deleteRef|mergeBranch)\b")


def permissions_for(request: Request, headers: Mapping[str, str]) -> dict[str, str]:
    """What `request` needs, such as `{"pull-requests": "write"}`, as a workflow writes it."""
    return _accepted(headers.get("x-accepted-github-permissions", "")) or _guessed(request)


def _accepted(header: str) -> dict[str, str]:
    """The set to ask for, of those in `header`: sets are parted by semicolons, what is in a set by commas.

    A pull request's conversation is open to `issues` and to `pull_requests`; the second says what is meant.
    """
    sets = [_parse_set(part) for part in header.split(";")]
    sets = [found for found in sets if found]
    return next((found for found in sets if "pull-requests" in found), sets[0] if sets else {})


def _parse_set(text: str) -> dict[str, str]:
    pairs = re.findall(r"\b([a-z_]{1,60})=(read|write|admin)\b", text)
    return {name.replace("_", "-"): access for name, access in pairs if name != "metadata"}


def _guessed(request: Request) -> dict[str, str]:
    if request.graphql:
        text = (request.body or b"").decode()
        if not re.search(r"(?:\b|\\n)mutation\b", text):
            return {"contents": "read", "pull-requests": "read"}
        return {"contents": "write"} if MUTATIONS_OF_CONTENTS.search(text) else {"pull-requests": "write"}
    path = urlsplit(request.url).path
    name = next((name for pattern, name in BY_PATH if pattern.search(path)), "contents")
    return {name: "read" if request.method == "GET" else "write"}


def workflow_line(permissions: Mapping[str, str]) -> str:
    """`permissions: {pull-requests: write}`."""
    return "permissions: {" + ", ".join(f"{name}: {access}" for name, access in permissions.items()) + "}"
