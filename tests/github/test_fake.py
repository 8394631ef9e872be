"""Breaches of GitHub's contracts are noticed; tokens, permissions, the log, and the fake as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.github.client import COMMIT, FACTS, Client, taken
from tests.github.fake import FakeGitHub
from tests.github.real_git import take_in


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/issues/7/comments", {"body": "x", "boddy": "y"}, "boddy"),
        ("POST", "/issues/7/comments", {"body": 3}, "not of type 'string'"),
        ("POST", "/issues/7/comments", {}, "'body' is a required property"),
        ("POST", "/check-runs", {"name": "n", "head_sha": "0" * 40, "output": {"title": "t"}}, "'summary'"),
        ("POST", "/pulls/7/reviews", {"event": "SHOUT", "body": "b"}, "'SHOUT' is not one of"),
        ("POST", "/pulls/7/reviews", {"body": "b", "comments": [{"path": "p", "body": "b", "lines": 1}]}, "lines"),
        ("GET", "/issues/7/comments?per_pages=3", None, "unknown query parameter per_pages"),
        ("GET", "/issues/7/comments?per_page=many", None, "per_page"),
        ("GET", "/issues/7/nonsense", None, "no such operation"),
        ("PUT", "/issues/7/comments", None, "no such operation"),
    ],
)
def test_a_request_that_breaks_the_contract_is_noticed(
    client: Client, fake: FakeGitHub, method: str, path: str, body: Any, words: str
) -> None:
    client.send(method, path, body)
    assert words in taken(fake)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{ viewer { longin } }", "Cannot query field 'longin'"),
        ("{ viewer { login", "Syntax Error"),
        ("{ viewer { bio } }", "the fake has no field User.bio"),
        ("query($n: Int!) { viewer { login } }", "never used"),
        ('mutation { createRef(input: {name: "refs/heads/x"}) { ref { id } } }', "oid"),
    ],
)
def test_a_wrong_graphql_document_is_noticed(client: Client, fake: FakeGitHub, document: str, words: str) -> None:
    client.graphql(document)
    assert words in taken(fake)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"owner": "octo", "name": "prompts", "number": "seven"}, "Int cannot represent"),
        ({"owner": "octo", "name": "prompts"}, "number"),
        ({"owner": "octo", "name": "prompts", "number": 7, "other": 1}, "$other is not declared"),
    ],
)
def test_a_wrong_graphql_variable_is_noticed(
    client: Client, fake: FakeGitHub, variables: dict[str, Any], words: str
) -> None:
    client.graphql(FACTS, **variables)
    assert words in taken(fake)


def test_problems_fail_the_test_that_leaves_them() -> None:
    with pytest.raises(AssertionError, match="no such operation"), FakeGitHub() as fake:
        Client(fake).send("GET", "/nonsense")


def test_an_answer_that_breaks_the_contract_is_noticed(client: Client, fake: FakeGitHub) -> None:
    fake.all_comments[fake.comment(7, "x")].created_at = "yesterday"
    client.send("GET", "/issues/7/comments")
    assert "'yesterday' is not a 'date-time'" in taken(fake)


def test_without_the_token_nothing_is_answered(client: Client, fake: FakeGitHub) -> None:
    client.session.headers["Authorization"] = "Bearer ghs_other"
    assert client.send("GET", "/pulls/7").status_code == 401
    assert client.graphql("{ viewer { login } }")["message"] == "Bad credentials"


def test_a_missing_permission_is_named(client: Client, fake: FakeGitHub) -> None:
    fake.permissions = {"pull_requests": "read", "contents": "read"}
    refused = client.send("POST", "/issues/7/comments", {"body": "x"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "issues=write; pull_requests=write"
    assert client.send("GET", "/issues/7/comments").status_code == 200
    given = {"branch": {"repositoryNameWithOwner": "octo/prompts", "branchName": "edit"}, "message": {"headline": "h"}}
    answer = client.graphql(COMMIT, input={**given, "expectedHeadOid": fake.branches["edit"]})
    assert answer["errors"][0]["type"] == "FORBIDDEN"


def test_an_enterprise_servers_paths_answer_too(client: Client, fake: FakeGitHub) -> None:
    fake.comment(7, "a")
    fake.comment(7, "b")
    url = f"{fake.url}/api/v3/repos/octo/prompts/issues/7/comments?per_page=1"
    following = client.session.get(url).links["next"]["url"]
    assert following.startswith(f"{fake.url}/api/v3/")
    assert client.session.get(following).json()[0]["body"] == "b"
    assert client.session.post(f"{fake.url}/api/graphql", json={"query": "{ viewer { login } }"}).status_code == 200


def test_requests_are_logged_and_can_be_preceded(client: Client, fake: FakeGitHub) -> None:
    def push_first(method: str, path: str) -> None:
        if not fake.log:
            fake.push("edit", {"prompts/a.txt": "moved"})

    fake.on_request = push_first
    assert client.send("GET", "/pulls/7").json()["head"]["sha"] == fake.branches["edit"]
    client.send("POST", "/issues/7/comments", {"body": "x"})
    assert [(call.method, call.path, call.status) for call in fake.log] == [
        ("GET", "/repos/octo/prompts/pulls/7", 200),
        ("POST", "/repos/octo/prompts/issues/7/comments", 201),
    ]
    assert fake.calls("POST", "comments")[0].body == {"body": "x"}


def test_a_real_repositorys_commits_keep_their_names(tmp_path: Path, fake: FakeGitHub) -> None:
    made = real_repository(tmp_path)
    assert take_in(fake, tmp_path) == made
    commit = fake.git.commits[made["edit"]]
    assert (commit.parents, fake.file("edit", "prompts/a.txt")) == ((made["main"],), b"no\n")
    tree = subprocess.run(["git", "rev-parse", "edit^{tree}"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert commit.tree_sha == tree.decode().strip()


def real_repository(folder: Path) -> dict[str, str]:
    """Two branches of one prompt; branch -> sha."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=octocat", "-c", "user.email=o@example.com", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    (folder / "prompts").mkdir()
    for branch, text in (("main", "yes\n"), ("edit", "no\n")):
        git("checkout", "--quiet", "-B", branch)
        (folder / "prompts" / "a.txt").write_text(text)
        git("add", ".")
        git("commit", "--quiet", "-m", f"Say {text}")
    return {branch: git("rev-parse", branch) for branch in ("main", "edit")}


def test_it_runs_as_a_process_and_leaves_its_state(tmp_path: Path) -> None:
    script = {
        "token": "ghs_script",
        "permissions": {"issues": "write", "pull_requests": "read"},
        "branches": [
            {"name": "main", "files": {"a.txt": "x"}},
            {"name": "edit", "files": {"a.txt": "y"}, "parent": "main"},
        ],
        "pull_requests": [{"number": 7, "author": "hubot"}],
        "comments": [{"number": 7, "body": "before"}],
    }
    (tmp_path / "script.json").write_text(json.dumps(script))
    command = [sys.executable, "-m", "tests.github", "--script", str(tmp_path / "script.json")]
    with subprocess.Popen([*command, "--state", str(tmp_path / "state.json")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        headers = {"Authorization": "Bearer ghs_script"}
        requests.post(f"{url}/repos/octo/prompts/issues/7/comments", json={"body": "after"}, headers=headers)
        requests.get(f"{url}/nonsense", headers=headers)
        process.send_signal(signal.SIGTERM)
    state = json.loads((tmp_path / "state.json").read_text())
    assert [comment["body"] for comment in state["comments"]] == ["before", "after"]
    assert (process.returncode, len(state["problems"]), len(state["log"])) == (1, 1, 2)
