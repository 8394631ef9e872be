"""Permissions, as GitHub's header or the table by path tells them."""

from __future__ import annotations

import json

import pytest

from apo_ci.publish.exchange import Answer, Method, Request
from apo_ci.publish.permissions import permissions_for, workflow_line
from apo_ci.publish.refusals import refusal

REPOSITORY = "https://api.github.com/repos/octo/prompts"


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("issues=write; pull_requests=write", "permissions: {pull-requests: write}"),
        ("pull_requests=write,contents=read", "permissions: {pull-requests: write, contents: read}"),
        ("metadata=read, checks=write", "permissions: {checks: write}"),
        ("contents=write", "permissions: {contents: write}"),
        ("administration=write", "permissions: {administration: write}"),
    ],
)
def test_githubs_header_comes_first(header: str, line: str) -> None:
    request = Request("POST", f"{REPOSITORY}/anything")
    assert workflow_line(permissions_for(request, {"x-accepted-github-permissions": header})) == line


@pytest.mark.parametrize("header", ["", "metadata=read", ";;,", "}{: evil=<script>"])
@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("POST", "/issues/7/comments", "pull-requests: write"),
        ("GET", "/issues/7/comments", "pull-requests: read"),
        ("POST", "/issues/comments/1/reactions", "pull-requests: write"),
        ("POST", "/pulls/7/reviews", "pull-requests: write"),
        ("POST", "/check-runs", "checks: write"),
        ("GET", "/commits/abc/check-runs", "checks: read"),
        ("GET", "/contents/a", "contents: read"),
        ("POST", "/git/refs", "contents: write"),
    ],
)
def test_the_table_by_path_helps_where_the_header_says_nothing(
    header: str, method: Method, path: str, line: str
) -> None:
    found = permissions_for(Request(method, REPOSITORY + path), {"x-accepted-github-permissions": header})
    assert workflow_line(found) == f"permissions: {{{line}}}"


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ("{ viewer { login } }", "contents: read, pull-requests: read"),
        ("mutation { createCommitOnBranch }", "contents: write"),
        ("mutation { minimizeComment }", "pull-requests: write"),
    ],
)
def test_graphql_has_a_table_of_its_own(document: str, line: str) -> None:
    request = Request("POST", "https://api.github.com/graphql", json.dumps({"query": document}).encode(), graphql=True)
    assert workflow_line(permissions_for(request, {})) == f"permissions: {{{line}}}"


def cure(message: str, header: str = "", *, has_token: bool = True) -> str:
    """What is advised for a 403 with `message`."""
    answer = Answer(403, {"x-accepted-github-permissions": header}, json.dumps({"message": message}).encode())
    request = Request("POST", f"{REPOSITORY}/pulls")
    return refusal(request, answer, has_token=has_token, quote=str).cure or ""


def test_a_permission_that_no_workflow_can_give_asks_for_an_app() -> None:
    advice = cure("Resource not accessible by integration", "administration=write")
    assert "GitHub App" in advice
    assert "permissions: {" not in advice


def test_the_setting_that_lets_actions_open_pull_requests_is_named() -> None:
    assert "create and approve" in cure("GitHub Actions is not permitted to create or approve pull requests.")


def test_without_a_token_a_token_is_asked_for() -> None:
    assert "github.token" in cure("Forbidden", has_token=False)


def test_a_refusal_for_another_reason_advises_no_permission() -> None:
    assert cure("Repository was archived so is read-only.") == ""
