"""Documents are executed, and refused as GitHub refuses."""

from __future__ import annotations

import base64

from tests.github.client import COMMIT, FACTS, Client
from tests.github.fake import FakeGitHub


def test_a_stale_commit_is_refused_with_stale_data(client: Client, fake: FakeGitHub) -> None:
    head = fake.branches["edit"]
    addition = {"path": "prompts/a.txt", "contents": base64.b64encode(b"new").decode()}
    given = {
        "branch": {"repositoryNameWithOwner": "octo/prompts", "branchName": "edit"},
        "expectedHeadOid": head,
        "message": {"headline": "Take the suggestion", "body": "Apo-CI-Run: 1"},
        "fileChanges": {"additions": [addition]},
    }
    made = client.graphql(COMMIT, input=given)["data"]["createCommitOnBranch"]["commit"]["oid"]
    assert (fake.branches["edit"], fake.file("edit", "prompts/a.txt")) == (made, b"new")
    stale = client.graphql(COMMIT, input=given)
    assert (stale["errors"][0]["type"], stale["data"]) == ("STALE_DATA", {"createCommitOnBranch": None})
    assert fake.branches["edit"] == made


def test_graphql_tells_a_pull_requests_facts(client: Client, fake: FakeGitHub) -> None:
    fake.pull_request(8, head="edit", head_repository="stranger/prompts", author="renovate[bot]")
    answer = client.graphql(FACTS, owner="octo", name="prompts", number=8)["data"]["repository"]["pullRequest"]
    assert answer["headRepository"] == {"nameWithOwner": "stranger/prompts"}
    assert (answer["isCrossRepository"], answer["author"]["login"]) == (True, "renovate")
    assert answer["commits"]["nodes"][0]["commit"]["oid"] == answer["headRefOid"] == fake.branches["edit"]
    missing = client.graphql(FACTS, owner="octo", name="prompts", number=99)
    assert missing["errors"][0]["type"] == "NOT_FOUND"
    assert client.graphql("{ viewer { login } }")["data"]["viewer"]["login"] == "github-actions[bot]"


def test_a_comment_is_minimized(client: Client, fake: FakeGitHub) -> None:
    node = f"IC_{fake.comment(7, 'old', login=fake.login)}"
    document = """mutation($input: MinimizeCommentInput!) {
        minimizeComment(input: $input) { minimizedComment { isMinimized minimizedReason } } }"""
    answer = client.graphql(document, input={"subjectId": node, "classifier": "OUTDATED"})
    assert answer["data"]["minimizeComment"]["minimizedComment"] == {"isMinimized": True, "minimizedReason": "outdated"}
    assert fake.comments(7)[0]["minimized"] == "outdated"


def test_a_reference_is_created_by_graphql(client: Client, fake: FakeGitHub) -> None:
    repository = client.graphql('{ repository(owner: "octo", name: "prompts") { id } }')["data"]["repository"]["id"]
    document = "mutation($input: CreateRefInput!) { createRef(input: $input) { ref { name target { oid } } } }"
    given = {"repositoryId": repository, "name": "refs/heads/apo-ci/x", "oid": fake.branches["main"]}
    assert client.graphql(document, input=given)["data"]["createRef"]["ref"]["name"] == "apo-ci/x"
    assert client.graphql(document, input=given)["errors"][0]["type"] == "UNPROCESSABLE"
