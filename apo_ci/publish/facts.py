"""A pull request as it is now, and who the token acts as, in one request."""

from __future__ import annotations

from dataclasses import dataclass

from apo_ci.errors import NotFoundError
from apo_ci.publish.github import GitHub

# `viewer` is the one way to learn the login of an installation's token: REST's /user refuses it.
QUERY = """
query Facts($owner: String!, $name: String!, $number: Int!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      headRefOid headRefName baseRefOid baseRefName state isCrossRepository
      commits(last: 1) { nodes { commit { message author { user { login } } } } }
    }
  }
}
"""


LOGIN = "query Login { viewer { login } }"


@dataclass(frozen=True, slots=True)
class Facts:
    """`login` is the own one; `head` and `base` are commits; `is_own` tells that apo-ci made the last commit."""

    number: int
    login: str
    head: str
    head_branch: str
    base: str
    base_branch: str
    is_open: bool
    is_fork: bool
    last_message: str
    last_author: str


def read_facts(github: GitHub, number: int) -> Facts:
    """What GitHub says of pull request `number`. Raises `GitHubError`."""
    owner, name = github.repository.split("/")
    data = github.graphql(QUERY, owner=owner, name=name, number=number)
    found = (data["repository"] or {}).get("pullRequest")
    if found is None:
        raise NotFoundError(f"There is no pull request #{number} in {github.repository}.", status=404)
    last = [node["commit"] for node in found["commits"]["nodes"]]
    author = (last[0]["author"] or {}).get("user") if last else None
    return Facts(
        number=number,
        login=data["viewer"]["login"],
        head=found["headRefOid"],
        head_branch=found["headRefName"],
        base=found["baseRefOid"],
        base_branch=found["baseRefName"],
        is_open=found["state"] == "OPEN",
        is_fork=found["isCrossRepository"],
        last_message=last[0]["message"] if last else "",
        last_author=author["login"] if author else "",
    )


def read_login(github: GitHub) -> str:
    """Who the token acts as. Raises `GitHubError`."""
    return str(github.graphql(LOGIN)["viewer"]["login"])
