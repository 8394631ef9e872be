"""The plainest client that GitHub would serve, and what the fake's own tests ask by it."""

from __future__ import annotations

from typing import Any

import requests

from tests.github.fake import FakeGitHub

BEFORE = "".join(f"line {number}\n" for number in range(1, 41))
AFTER = BEFORE.replace("line 20\n", "line twenty\n")
COMMIT = "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"
FACTS = """query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {
  pullRequest(number: $number) {
    number headRefOid headRefName baseRefOid baseRefName state isCrossRepository headRepository { nameWithOwner }
    author { login } commits(last: 1) { nodes { commit { oid message author { user { login } } } } }
  } } }"""


class Client:
    """The plainest client that GitHub would serve."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.session, self.fake = requests.Session(), fake
        self.session.headers.update({"Authorization": f"Bearer {fake.token}", "Accept": "application/vnd.github+json"})

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.fake.url}/repos/{self.fake.repository}{path}"
        return self.session.request(method, url, json=body, params=query)

    def graphql(self, document: str, **variables: Any) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        answer: dict[str, Any] = self.session.post(f"{self.fake.url}/graphql", json=body).json()
        return answer


def taken(fake: FakeGitHub) -> str:
    """The problems so far, which the test expects."""
    words = "\n".join(fake.problems)
    fake.problems.clear()
    return words
