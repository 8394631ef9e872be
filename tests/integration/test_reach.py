"""What the action holds to however large, cached or broken things are: requests, one comment, the newer head."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.github import events
from tests.github.contracts import require_contracts
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults
from tests.integration.project import DATASET, HARM, RULE, Project, prompt_text
from tests.integration.workflow import NUMBER, Ran, Workflow
from tests.unit.publish.race import Time

WORSE = f"You label product reviews. {HARM}"
BETTER = f"You label product reviews. {RULE}"
PROMPTS = 50


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def github(time: Time) -> Iterator[FakeGitHub]:
    require_contracts()
    with FakeGitHub(clock=time.now) as running:
        yield running


@pytest.fixture
def workflow(project: Project, github: FakeGitHub, time: Time, tmp_path: Path) -> Workflow:
    return Workflow(project, github, tmp_path / "jobs", sleep=time.sleep, clock=time.now)


def check(workflow: Workflow, **inputs: Any) -> Ran:
    event = events.pull_request_event("synchronize", NUMBER, workflow.head, workflow.base)
    return workflow.run("pull_request", event, **inputs)


def requests(github: FakeGitHub) -> list[str]:
    return [f"{call.method} {call.path}" for call in github.log]


def only_comment(github: FakeGitHub) -> dict[str, Any]:
    comments = github.comments(NUMBER)
    assert len(comments) == 1, [comment["body"][:60] for comment in comments]
    return comments[0]


@pytest.mark.parametrize("comment", ["first", "update"])
def test_one_prompt_that_is_cached_costs_at_most_twelve_requests(workflow: Workflow, comment: str) -> None:
    workflow.open(WORSE)
    check(workflow)
    if comment == "first":
        workflow.github.all_comments.clear()
        workflow.github.all_reviews.clear()
    workflow.github.log.clear()
    ran = check(workflow)
    assert ran.outputs["suggestion"] == "better"
    assert len(requests(workflow.github)) <= 12, requests(workflow.github)


def test_fifty_prompts_make_one_comment_in_at_most_forty_requests(workflow: Workflow) -> None:
    project = workflow.project
    for number in range(PROMPTS):
        path = f"prompts/p{number}.prompt.md"
        project.write(path, prompt_text(f"You label product reviews. {HARM if number % 5 == 0 else RULE}"))
        project.write(
            f"evals/p{number}.yaml",
            f"prompt: {path}\ndataset: {DATASET}\nmetric: accuracy\ngate: {{min: 0.8}}\n"
            "scorers: [{type: label, labels: [Yes, No]}]\n",
        )
    project.repository.commit_all("Fifty prompts")
    workflow.open_as_it_is()
    ran = check(workflow, search="false", budget_calls="10000")
    assert ran.code == 1, ran.log
    body = only_comment(workflow.github)["body"]
    assert all(f"p{number}.prompt.md" in body for number in range(PROMPTS))
    assert len(requests(workflow.github)) <= 40, requests(workflow.github)


@pytest.mark.parametrize("seed", range(6))
def test_half_of_all_requests_fail_and_the_comment_is_right_exactly_once(workflow: Workflow, seed: int) -> None:
    workflow.open(WORSE)
    workflow.github.faults = Faults(0.5, random.Random(seed))
    for _ in range(2):
        check(workflow, search="false")
    workflow.push(BETTER)
    ran = check(workflow, search="false")
    assert ran.code == 0, ran.log
    body = only_comment(workflow.github)["body"]
    assert "✅" in body
    assert workflow.head[:10] in body
    runs = [run["conclusion"] for run in workflow.github.check_runs(workflow.head)]
    assert runs == ["success"]


class Hold:
    """Holds the `which`-th request about comments up, before it takes effect, until it is let go."""

    def __init__(self, which: int) -> None:
        self._left = which
        self.held, self.let_go = threading.Event(), threading.Event()

    def __call__(self, method: str, path: str) -> None:
        if "comments" not in path or self.held.is_set():
            return
        self._left -= 1
        if self._left < 0:
            self.held.set()
            self.let_go.wait(9)


@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize("there", [False, True], ids=["first", "update"])
def test_of_two_runs_that_race_the_newer_head_wins(workflow: Workflow, there: bool, which: int) -> None:
    workflow.open(WORSE)
    older = events.pull_request_event("opened", NUMBER, workflow.head, workflow.base)
    if there:
        check(workflow, search="false")
    hold = workflow.github.on_request = Hold(which)
    slow = threading.Thread(target=workflow.run, args=("pull_request", older), kwargs={"search": "false", "run": 1})
    slow.start()
    while not hold.held.wait(0.05) and slow.is_alive():
        pass
    workflow.push(BETTER)
    ran = check(workflow, search="false")
    hold.let_go.set()
    slow.join()
    assert ran.code == 0, ran.log
    assert hold.held.is_set() or (which == 4 and not there)
    body = only_comment(workflow.github)["body"]
    assert workflow.head[:10] in body
    assert "✅" in body


def test_what_all_runs_of_a_pull_request_spend_is_kept_across_pushes(workflow: Workflow, project: Project) -> None:
    project.repository.git("switch", "--quiet", "main")
    with (project.root / "apo-ci.yaml").open("a", encoding="utf-8") as stream:
        stream.write("pull_request_budget: {calls: 500}\n")
    project.repository.commit_all("Cap pull requests")
    project.repository.git("switch", "--quiet", "--force-create", "edit", "main")
    workflow.base = workflow.mirror("main")
    workflow.open(WORSE)
    ran = check(workflow, search="false")
    assert ran.code == 1, ran.log
    assert "320 of 500 calls" in only_comment(workflow.github)["body"]
    calls = 320
    for number in range(4):
        workflow.push(f"You label product reviews, version {number}. {HARM}")
        ran = check(workflow, search="false")
        calls += json.loads(ran.outputs["ledger"])["calls"]
    assert 480 <= calls <= 500
    assert f"{calls} of 500 calls" in only_comment(workflow.github)["body"]
