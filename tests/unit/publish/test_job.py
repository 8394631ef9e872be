"""The job, from the variables and the payload that the runner hands over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apo_ci.errors import ConfigError
from apo_ci.publish.job import (
    CommandEvent,
    HandoverEvent,
    Job,
    MergeGroupEvent,
    PullRequestEvent,
    PushEvent,
    ScheduledEvent,
    read_job,
)

HEAD, BASE = "a" * 40, "b" * 40


def job(folder: Path, name: str, payload: Any, **variables: str) -> Job:
    file = folder / "event.json"
    file.write_text(payload if isinstance(payload, str) else json.dumps(payload), encoding="utf-8")
    return read_job(
        {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(file),
            "GITHUB_REPOSITORY": "octo/prompts",
            "GITHUB_RUN_ID": "77",
            **variables,
        }
    )


def pull_request(repository: str | None = "octo/prompts") -> dict[str, Any]:
    source = None if repository is None else {"full_name": repository}
    return {
        "pull_request": {
            "number": 5,
            "head": {"sha": HEAD, "ref": "edit", "repo": source},
            "base": {"sha": BASE, "ref": "main", "repo": {"full_name": "octo/prompts"}},
        }
    }


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
@pytest.mark.parametrize(
    ("source", "is_fork"), [("octo/prompts", False), ("Octo/Prompts", False), ("stranger/prompts", True), (None, True)]
)
def test_a_pull_request_from_elsewhere_is_a_forks(tmp_path: Path, name: str, source: str | None, is_fork: bool) -> None:
    event = job(tmp_path, name, pull_request(source)).event
    assert event == PullRequestEvent(5, HEAD, "edit", BASE, "main", is_fork)


def test_a_merge_group_names_the_pull_request_that_it_adds(tmp_path: Path) -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-12-{BASE}"
    payload = {"merge_group": {"head_sha": HEAD, "base_sha": BASE, "head_ref": ref}}
    assert job(tmp_path, "merge_group", payload).event == MergeGroupEvent(HEAD, BASE, 12)
    payload["merge_group"]["head_ref"] = "refs/heads/other"
    assert job(tmp_path, "merge_group", payload).event == MergeGroupEvent(HEAD, BASE, None)


def test_a_push_knows_the_default_branch(tmp_path: Path) -> None:
    repository = {"full_name": "octo/prompts", "default_branch": "trunk"}
    payload = {"after": HEAD, "ref": "refs/heads/trunk", "repository": repository}
    assert job(tmp_path, "push", payload).event == PushEvent(HEAD, "trunk", True)
    assert job(tmp_path, "push", {**payload, "ref": "refs/heads/x"}).event == PushEvent(HEAD, "x", False)


def test_the_other_events_are_told_apart(tmp_path: Path) -> None:
    variables = {"GITHUB_SHA": HEAD, "GITHUB_REF": "refs/heads/main"}
    assert job(tmp_path, "schedule", {}, **variables).event == ScheduledEvent(HEAD, "main")
    assert job(tmp_path, "issue_comment", {"action": "created"}).event == CommandEvent({"action": "created"})
    run = {"id": 9, "head_sha": HEAD, "head_branch": "edit", "head_repository": {"full_name": "stranger/prompts"}}
    event = job(tmp_path, "workflow_run", {"workflow_run": run}).event
    assert event == HandoverEvent(HEAD, "edit", "stranger/prompts", 9)


def test_an_event_without_an_answer_names_those_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no answer to the event `fork`") as caught:
        _ = job(tmp_path, "fork", {}).event
    assert "pull_request" in str(caught.value)


@pytest.mark.parametrize("sha", ["", "HEAD", "--upload-pack=x", "a" * 39, "A" * 40, f"{HEAD}\n"])
def test_a_commit_that_is_not_one_is_refused(tmp_path: Path, sha: str) -> None:
    payload = pull_request()
    payload["pull_request"]["head"]["sha"] = sha
    with pytest.raises(ConfigError, match=r"pull_request\.head\.sha"):
        _ = job(tmp_path, "pull_request", payload).event


@pytest.mark.parametrize("branch", ["-o", "a b", "a\nb", "a:b", "", "a\\b"])
def test_a_branch_that_git_would_misread_is_refused(tmp_path: Path, branch: str) -> None:
    payload = pull_request()
    payload["pull_request"]["head"]["ref"] = branch
    with pytest.raises(ConfigError, match=r"pull_request\.head\.ref"):
        _ = job(tmp_path, "pull_request", payload).event


@pytest.mark.parametrize("payload", ["", "[]", "{", "[" * 100_000, '{"a": 1, "a": 2}', '{"a": NaN}'])
def test_a_payload_that_is_not_an_object_is_refused(tmp_path: Path, payload: str) -> None:
    with pytest.raises(ConfigError, match="payload"):
        job(tmp_path, "pull_request", payload)


def test_outside_of_actions_the_right_command_is_named() -> None:
    with pytest.raises(ConfigError, match="apo-ci run"):
        read_job({})


def test_enterprise_server_has_its_own_addresses(tmp_path: Path) -> None:
    there = job(
        tmp_path,
        "schedule",
        {},
        GITHUB_API_URL="https://git.example.com/api/v3",
        GITHUB_SERVER_URL="https://git.example.com",
    )
    assert there.api_url == "https://git.example.com/api/v3"
    assert there.run_url == "https://git.example.com/octo/prompts/actions/runs/77"
