"""Payloads of events are GitHub's own, on the fake's repository, and hold what their schemas demand."""

from __future__ import annotations

import pytest

from tests.github import contracts, events

HEAD, BASE = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def _contracts() -> None:
    contracts.require_contracts()


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened", "ready_for_review", "labeled"])
@pytest.mark.parametrize("fork", [False, True])
def test_a_pull_request_names_its_two_ends(action: str, fork: bool) -> None:
    event = events.pull_request_event(action, 9, HEAD, BASE, fork)
    pull = event["pull_request"]
    assert (event["action"], event["number"], pull["number"]) == (action, 9, 9)
    assert (pull["head"]["sha"], pull["base"]["sha"]) == (HEAD, BASE)
    assert pull["head"]["repo"]["full_name"] == ("stranger/prompts" if fork else "octo/prompts")
    assert pull["base"]["repo"]["full_name"] == event["repository"]["full_name"] == "octo/prompts"


def test_a_comment_is_on_a_pull_request_or_an_issue() -> None:
    event = events.issue_comment_event("/apo help", number=7, login="hubot", association="NONE")
    assert (event["comment"]["body"], event["comment"]["user"]["login"]) == ("/apo help", "hubot")
    assert "pull_request" in event["issue"]
    assert "pull_request" not in events.issue_comment_event("/apo help", on_pull_request=False)["issue"]


def test_a_merge_group_names_head_and_base() -> None:
    group = events.merge_group_event(HEAD, BASE)["merge_group"]
    assert (group["head_sha"], group["base_sha"], group["base_ref"]) == (HEAD, BASE, "refs/heads/main")


def test_a_push_moves_a_branch() -> None:
    event = events.push_event(BASE, HEAD)
    assert (event["before"], event["after"], event["ref"]) == (BASE, HEAD, "refs/heads/main")


def test_a_forks_workflow_run_names_no_pull_request() -> None:
    run = events.workflow_run_event(5, HEAD)["workflow_run"]
    assert (run["id"], run["head_sha"], run["pull_requests"]) == (5, HEAD, [])
    assert run["head_repository"]["full_name"] == "stranger/prompts"


def test_a_schedule_and_a_dispatch_name_the_repository() -> None:
    for event in (events.schedule_event(), events.workflow_dispatch_event({"prompt": "a"})):
        assert event["repository"]["full_name"] == "octo/prompts"


def test_a_payload_that_breaks_its_schema_is_noticed() -> None:
    with pytest.raises(AssertionError, match="pull_request/head/sha"):
        events.pull_request_event("opened", 7, 12345, BASE)  # type: ignore[arg-type]  # what is tested
