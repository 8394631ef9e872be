"""`apo-ci action` on a pull request: comment, check run, review, outputs, exit code, requests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github import events
from tests.github.contracts import require_contracts
from tests.github.fake import FakeGitHub
from tests.integration.project import HARM, KEY, PROMPT, RULE, Project, World, prompt_text
from tests.integration.workflow import NUMBER, Workflow

WORSE = f"You label product reviews. {HARM}"
BETTER = f"You label product reviews. {RULE}"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    require_contracts()
    with FakeGitHub() as running:
        yield running


@pytest.fixture
def workflow(project: Project, github: FakeGitHub, tmp_path: Path) -> Workflow:
    return Workflow(project, github, tmp_path / "jobs")


def opened(workflow: Workflow, action: str = "opened", *, fork: bool = False) -> dict[str, Any]:
    return events.pull_request_event(action, NUMBER, workflow.head, workflow.base, fork)


def body(workflow: Workflow) -> str:
    """The one comment."""
    comments = workflow.github.comments(NUMBER)
    assert len(comments) == 1, [comment["body"][:80] for comment in comments]
    return str(comments[0]["body"])


def test_a_worse_prompt_gets_a_red_job_a_comment_a_check_and_a_suggestion(workflow: Workflow) -> None:
    workflow.open(WORSE)
    ran = workflow.run("pull_request", opened(workflow))
    assert ran.code == 1, ran.log
    assert ran.outputs["verdict"] == "fail"
    assert ran.outputs["blocks"] == "true"
    assert ran.outputs["suggestion"] == "better"
    assert json.loads(ran.outputs["deltas"])[PROMPT] < -0.15
    assert json.loads(ran.outputs["ledger"])["calls"] > 0
    assert (workflow.project.root / ran.outputs["patch"]).read_text(encoding="utf-8").startswith("diff --git")
    assert "❌" in body(workflow)
    assert RULE in body(workflow)
    assert RULE in ran.summary
    check = workflow.github.check_runs(workflow.head)
    assert [run["conclusion"] for run in check] == ["failure"]
    assert len(workflow.github.reviews(NUMBER)) == 1
    assert ran.outputs["comment-url"].endswith(f"#issuecomment-{workflow.github.comments(NUMBER)[0]['id']}")


def test_a_second_push_changes_the_comment_in_place(workflow: Workflow) -> None:
    workflow.open(WORSE)
    workflow.run("pull_request", opened(workflow))
    before = workflow.github.comments(NUMBER)[0]["id"]
    workflow.push(BETTER)
    ran = workflow.run("pull_request", opened(workflow, "synchronize"))
    assert ran.code == 0, ran.log
    assert workflow.github.comments(NUMBER)[0]["id"] == before
    assert "✅" in body(workflow)
    assert "❌" not in body(workflow)


def test_a_run_for_an_older_head_says_nothing(workflow: Workflow) -> None:
    workflow.open(WORSE)
    event = opened(workflow)
    workflow.push(BETTER)
    ran = workflow.run("pull_request", event)
    assert ran.code == 0
    assert "not the head" in ran.log
    assert workflow.github.comments(NUMBER) == []


def test_with_everything_cached_a_pull_request_costs_at_most_twelve_requests(workflow: Workflow) -> None:
    workflow.open(WORSE)
    workflow.run("pull_request", opened(workflow))
    for comment in list(workflow.github.comments(NUMBER)):
        workflow.github.all_comments.pop(comment["id"])
    for expected in ("first comment", "update"):
        workflow.github.log.clear()
        ran = workflow.run("pull_request", opened(workflow))
        assert json.loads(ran.outputs["ledger"])["calls"] >= 0
        requests = [f"{call.method} {call.path}" for call in workflow.github.log]
        assert len(requests) <= 12, (expected, requests)


def test_a_fork_meets_no_key_and_writes_nothing(workflow: Workflow, server: Any) -> None:
    workflow.open(WORSE)
    ran = workflow.run("pull_request", opened(workflow, fork=True))
    assert ran.code == 0, ran.log
    assert workflow.github.log == []
    assert server.bodies == []
    assert ran.outputs["verdict"] == "inconclusive"
    handover = json.loads((workflow.project.root / ".apo-ci" / "out" / "handover.json").read_text(encoding="utf-8"))
    assert handover["head"] == workflow.head


def test_the_second_stage_posts_what_the_fork_found(workflow: Workflow) -> None:
    workflow.open(WORSE)
    workflow.github.pull_request(NUMBER, head="edit", base="main", head_repository="stranger/prompts")
    workflow.github.repositories.setdefault("stranger/prompts", {})["edit"] = workflow.head
    workflow.run("pull_request", opened(workflow, fork=True))
    ran = workflow.run("workflow_run", events.workflow_run_event(55, workflow.head), handover=".apo-ci/out")
    assert ran.code == 0, ran.log
    assert "fork" in body(workflow)
    assert [run["conclusion"] for run in workflow.github.check_runs(workflow.head)] == ["neutral"]


def test_what_stops_a_forks_check_is_handed_over_too(workflow: Workflow) -> None:
    workflow.project.write(PROMPT, "user:\n{{ review\n")
    workflow.project.repository.commit_all("Break it")
    workflow.open_as_it_is()
    workflow.github.pull_request(NUMBER, head="edit", base="main", head_repository="stranger/prompts")
    workflow.github.repositories.setdefault("stranger/prompts", {})["edit"] = workflow.head
    assert workflow.run("pull_request", opened(workflow, fork=True)).code == 2
    workflow.run("workflow_run", events.workflow_run_event(55, workflow.head), handover=".apo-ci/out")
    assert f"{PROMPT}:" in body(workflow)
    assert [run["conclusion"] for run in workflow.github.check_runs(workflow.head)] == ["failure"]


def test_no_canary_leaves_the_job(workflow: Workflow) -> None:
    workflow.open(WORSE)
    ran = workflow.run("pull_request", opened(workflow))
    everything = json.dumps([call.body for call in workflow.github.log if call.body], default=str)
    for secret in (KEY, workflow.github.token):
        assert secret not in everything
        assert secret not in ran.log + ran.summary + json.dumps(ran.outputs)


def test_configuration_that_cannot_be_read_is_told_on_the_pull_request(workflow: Workflow) -> None:
    workflow.project.write(PROMPT, "---\nbroken: [\n---\nx")
    workflow.project.repository.commit_all("Break it")
    workflow.open("x")
    workflow.project.write(PROMPT, "user:\n{{ review\n")
    workflow.project.repository.commit_all("Break it")
    workflow.mirror("edit", "edit")
    ran = workflow.run("pull_request", opened(workflow))
    assert ran.code == 2, ran.log
    assert f"{PROMPT}:" in body(workflow)
    assert [run["conclusion"] for run in workflow.github.check_runs(workflow.head)] == ["failure"]


def command(workflow: Workflow, text: str, *, login: str = "octocat") -> dict[str, Any]:
    comment = workflow.github.comment(NUMBER, text, login=login)
    return events.issue_comment_event(text, number=NUMBER, comment_id=comment, login=login)


def test_apply_commits_the_suggestion(workflow: Workflow) -> None:
    workflow.github.collaborator("octocat", "write")
    workflow.open(WORSE)
    workflow.run("pull_request", opened(workflow))
    head = workflow.head
    workflow.project.repository.git("switch", "--quiet", "main")
    event = command(workflow, "/apo apply")
    ran = workflow.run("issue_comment", event)
    assert ran.code == 0, ran.log
    assert RULE in workflow.github.file("edit", PROMPT).decode()
    made = workflow.github.git.commits[workflow.head]
    assert made.parents == (head,)
    assert re.search(r"^Apo-CI-Delta: \+\d", made.message, re.MULTILINE)
    again = workflow.run("issue_comment", command(workflow, "/apo apply"))
    assert again.code != 0
    assert made.sha == workflow.head


def test_in_a_monorepo_apply_at_the_root_commits_what_a_project_was_offered(
    tmp_path: Path, server: Any, world: World, github: FakeGitHub
) -> None:
    project = Project(tmp_path / "mono", server.url, world=world, folder="services/a")
    workflow = Workflow(project, github, tmp_path / "jobs")
    github.collaborator("octocat", "admin")
    workflow.open(WORSE)
    ran = workflow.run("pull_request", opened(workflow), working_directory="services/a")
    assert ran.outputs["suggestion"] == "better", ran.log
    (check,) = github.check_runs(workflow.head)
    assert check["name"] == "apo-ci (services/a)"
    first = check["annotations"][0]
    changed = 1 + prompt_text(WORSE).split("\n").index(WORSE)
    assert (first["path"], first["start_line"]) == (f"services/a/{PROMPT}", changed)
    project.repository.git("switch", "--quiet", "main")
    ran = workflow.run("issue_comment", command(workflow, "/apo apply"))
    assert ran.code == 0, ran.log
    assert RULE in github.file("edit", f"services/a/{PROMPT}").decode()


def test_what_stops_a_projects_check_is_annotated_at_its_file_from_the_root(
    tmp_path: Path, server: Any, world: World, github: FakeGitHub
) -> None:
    project = Project(tmp_path / "mono", server.url, world=world, folder="services/a")
    workflow = Workflow(project, github, tmp_path / "jobs")
    project.write(PROMPT, "user:\n{{ review\n")
    project.repository.commit_all("Break it")
    workflow.open_as_it_is()
    assert workflow.run("pull_request", opened(workflow), working_directory="services/a").code == 2
    (check,) = github.check_runs(workflow.head)
    assert [one["path"] for one in check["annotations"]] == [f"services/a/{PROMPT}"]


def test_what_is_no_command_is_answered_and_not_acknowledged(workflow: Workflow) -> None:
    workflow.github.collaborator("octocat", "write")
    workflow.open(WORSE)
    event = command(workflow, "/apo optimise")
    assert workflow.run("issue_comment", event).code == 0
    reactions = workflow.github.reactions(event["comment"]["id"])
    assert [reaction["content"] for reaction in reactions] == ["confused"]
    assert "/apo" in workflow.github.comments(NUMBER)[-1]["body"]


def test_a_stranger_is_not_obeyed(workflow: Workflow) -> None:
    workflow.github.collaborator("mallory", "read")
    workflow.open(WORSE)
    workflow.run("pull_request", opened(workflow))
    head = workflow.head
    ran = workflow.run("issue_comment", command(workflow, "/apo apply", login="mallory"))
    assert ran.code == 0
    assert workflow.head == head
    assert len(workflow.github.comments(NUMBER)) == 2


def test_ignore_turns_the_check_neutral_and_the_next_run_green(workflow: Workflow) -> None:
    workflow.github.collaborator("octocat", "write")
    workflow.open(WORSE)
    workflow.run("pull_request", opened(workflow))
    ran = workflow.run("issue_comment", command(workflow, "/apo ignore The label set changes next week."))
    assert ran.code == 0, ran.log
    assert workflow.github.check_runs(workflow.head)[-1]["conclusion"] == "neutral"
    again = workflow.run("pull_request", opened(workflow, "reopened"))
    assert again.code == 0, again.log
    sticky = workflow.github.comments(NUMBER)[0]["body"]
    assert "label set changes next week" in sticky


def test_a_merge_group_is_answered_without_a_request_to_the_model(workflow: Workflow, server: Any) -> None:
    workflow.open(WORSE)
    workflow.run("pull_request", opened(workflow))
    asked = len(server.bodies)
    event = events.merge_group_event(workflow.head, workflow.base, number=NUMBER)
    ran = workflow.run("merge_group", event)
    assert (ran.code, ran.outputs["verdict"]) == (1, "fail"), ran.log
    assert len(server.bodies) == asked
    assert workflow.github.check_runs(workflow.head)[-1]["conclusion"] == "failure"
    cold = workflow.run("merge_group", event, cache="other.sqlite")
    assert (cold.code, cold.outputs["verdict"]) == (1, "fail"), cold.log
    assert len(server.bodies) == asked


def test_a_push_stores_a_baseline_that_the_next_pull_request_starts_from(workflow: Workflow, server: Any) -> None:
    event = events.push_event("0" * 40, workflow.base)
    ran = workflow.run("push", event)
    assert ran.code == 0, ran.log
    stored = json.loads(workflow.github.file("apo-ci-data", "baseline/root.json"))
    assert stored["commit"] == workflow.base
    assert stored["replies"]
    assert json.loads(workflow.github.file("apo-ci-data", "history/root.json"))["entries"]


def test_a_schedule_opens_one_pull_request(workflow: Workflow) -> None:
    workflow.project.repository.git("switch", "--quiet", "main")
    for _ in range(2):
        ran = workflow.run("schedule", events.schedule_event(), pull_request="true")
        assert ran.code == 0, ran.log
    pulls = [pull for pull in workflow.github.all_pulls.values() if pull.head.startswith("apo-ci/")]
    assert len(pulls) == 1
    assert RULE in workflow.github.file(pulls[0].head, PROMPT).decode()


def test_auto_commit_puts_the_suggestion_on_the_branch_and_never_follows_itself(workflow: Workflow) -> None:
    head = workflow.open(WORSE)
    ran = workflow.run("pull_request", opened(workflow), commit="auto")
    assert ran.code == 1, ran.log
    made = workflow.github.git.commits[workflow.head]
    assert made.parents == (head,)
    assert RULE in workflow.github.file("edit", PROMPT).decode()
    assert "Committed" in body(workflow)
    assert workflow.github.reviews(NUMBER) == []


def test_a_maintainer_can_have_a_fork_measured(workflow: Workflow, server: Any) -> None:
    workflow.github.collaborator("octocat", "maintain")
    workflow.open(WORSE)
    workflow.github.pull_request(NUMBER, head="edit", base="main", head_repository="stranger/prompts")
    workflow.github.repositories.setdefault("stranger/prompts", {})["edit"] = workflow.head
    workflow.serve_git()
    ran = workflow.run("issue_comment", command(workflow, "/apo optimize calls=1100"))
    assert ran.code == 0, ran.log
    assert 0 < len(server.bodies) <= 1100
    sticky = next(comment for comment in workflow.github.comments(NUMBER) if "apo-ci:comment" in comment["body"])
    assert RULE in sticky["body"]


def test_without_the_right_to_comment_everything_else_goes_on(workflow: Workflow) -> None:
    workflow.github.permissions = {"metadata": "read", "contents": "read"}
    workflow.open(WORSE)
    ran = workflow.run("pull_request", opened(workflow), search="false")
    assert ran.code == 1, ran.log
    assert ran.outputs["verdict"] == "fail"
    assert "pull-requests:" in ran.log
    assert f"::error file={PROMPT}" in ran.log
    assert "❌" in ran.summary


def test_nothing_changed_may_stay_silent(workflow: Workflow) -> None:
    root = workflow.project.root
    workflow.project.repository.git("switch", "--quiet", "main")
    with (root / "apo-ci.yaml").open("a", encoding="utf-8") as stream:
        stream.write("publish: {unchanged: silent}\n")
    workflow.project.repository.commit_all("Be silent")
    workflow.base = workflow.mirror("main")
    workflow.project.repository.git("switch", "--quiet", "--force-create", "edit", "main")
    workflow.open("You label product reviews, one at a time. Answer Yes or No.")
    ran = workflow.run("pull_request", opened(workflow), search="false")
    assert (ran.code, ran.outputs["verdict"]) == (0, "pass"), ran.log
    assert workflow.github.comments(NUMBER) == []


def test_a_pull_request_without_prompts_gets_no_comment(workflow: Workflow) -> None:
    workflow.project.write("README.md", "hello\n")
    workflow.project.repository.commit_all("Say hello")
    workflow.open_as_it_is()
    ran = workflow.run("pull_request", opened(workflow))
    assert (ran.code, ran.outputs["verdict"]) == (0, "pass"), ran.log
    assert workflow.github.comments(NUMBER) == []
