"""The workflow templates with the composite action, run by act against the fake GitHub and a simulated model."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runner import Runner, require_act
from tests.e2e.stage import NUMBER, PLAIN, Stage, installed, released, staged
from tests.github import events
from tests.github.contracts import require_contracts
from tests.github.fake import FakeGitHub
from tests.integration.project import HARM, KEY, PROMPT, RULE

pytestmark = [pytest.mark.act, pytest.mark.slow]
WORSE = f"You label product reviews. {HARM}"
BETTER = f"You label product reviews. {RULE}"


@pytest.fixture(scope="session")
def act() -> str:
    require_contracts()
    return require_act()


@pytest.fixture(scope="session")
def action(act: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The composite action, installed once."""
    return installed(tmp_path_factory.mktemp("installed"))


def runner(act: str, action: Path, store: Path, root: Path, github: FakeGitHub) -> Runner:
    """act in `root`, with the key as a secret."""
    return Runner(act, root, github, store, action, secrets={"OPENAI_API_KEY": KEY})


@pytest.fixture
def stage(act: str, action: Path, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, functools.partial(runner, act, action, tmp_path / "store")) as ready:
        yield ready


def opened(stage: Stage, **more: Any) -> dict[str, Any]:
    """The event of the pull request's opening."""
    return events.pull_request_event("opened", NUMBER, stage.sha("edit"), stage.sha("main"), **more)


def the_comment(stage: Stage) -> dict[str, Any]:
    """The one comment that there is."""
    (comment,) = stage.github.comments(NUMBER)
    return comment


def test_a_worse_prompt_turns_the_gate_red_and_is_explained_in_one_comment(stage: Stage) -> None:
    head = stage.commit("edit", WORSE)
    ran = stage.runner.run("basic.yml", "pull_request", opened(stage))
    assert ran.code == 1, ran.log
    assert "### ❌ Fail" in the_comment(stage)["body"]
    (check,) = stage.github.check_runs(head)
    assert (check["conclusion"], check["annotations"][0]["path"]) == ("failure", PROMPT)
    (review,) = stage.github.reviews(NUMBER)
    assert "```suggestion" in json.dumps(review)
    assert KEY not in ran.log
    assert (stage.runner.store / "artifacts" / "apo-ci" / "suggestion.patch").is_file()


def test_the_second_push_updates_the_comment_and_pays_for_the_new_head_only(stage: Stage) -> None:
    stage.commit("edit", WORSE)
    stage.runner.run("basic.yml", "pull_request", opened(stage))
    first, paid = the_comment(stage), stage.models.calls
    head = stage.commit("edit", BETTER)
    pushed = events.pull_request_event("synchronize", NUMBER, head, stage.sha("main"), before=stage.sha("edit~1"))
    ran = stage.runner.run("basic.yml", "pull_request", pushed)
    assert ran.code == 0, ran.log
    assert the_comment(stage)["id"] == first["id"]
    assert "### ✅ Pass" in the_comment(stage)["body"]
    asked = [body["messages"][0]["content"] for body in stage.models.bodies[paid:] if body["model"] == "task"]
    assert not [text for text in asked if PLAIN in text], "the base was asked again"


def test_the_composite_action_installs_itself_and_answers_with_its_outputs(act: str, tmp_path: Path) -> None:
    store, fresh = tmp_path / "store", released(tmp_path / "released")
    with staged(tmp_path, functools.partial(runner, act, fresh, store)) as stage:
        stage.commit("edit", BETTER)
        ran = stage.runner.run("basic.yml", "pull_request", opened(stage))
        assert ran.code == 0, ran.log
        assert "### ✅ Pass" in the_comment(stage)["body"]


def test_a_fork_meets_no_secret_and_writes_nothing_and_a_second_workflow_posts_its_report(stage: Stage) -> None:
    head = stage.commit("edit", WORSE)
    stage.github.pull_request(NUMBER, head_repository="stranger/prompts")
    ran = stage.runner.run("forks-check.yml", "pull_request", opened(stage, fork=True))
    assert ran.code == 0, ran.log
    assert stage.models.calls == 0
    assert stage.github.log == []
    finished = events.workflow_run_event(101, head)
    published = stage.runner.run("forks-publish.yml", "workflow_run", finished)
    assert published.code == 0, published.log
    assert "fork" in the_comment(stage)["body"]


def test_apply_commits_the_suggestion_for_whoever_may_write(stage: Stage) -> None:
    stage.commit("edit", WORSE)
    stage.runner.run("basic.yml", "pull_request", opened(stage))
    stage.github.collaborator("octocat", "write")
    asked = stage.github.comment(NUMBER, "/apo apply")
    ran = stage.runner.run("commands.yml", "issue_comment", events.issue_comment_event("/apo apply", comment_id=asked))
    assert ran.code == 0, ran.log
    assert RULE in stage.github.file("edit", PROMPT).decode()
    assert {one["content"] for one in stage.github.reactions(asked)} >= {"rocket"}


def test_a_comment_that_is_no_command_starts_no_job(stage: Stage) -> None:
    ran = stage.runner.run("commands.yml", "issue_comment", events.issue_comment_event("Looks good to me."))
    assert ran.code == 0, ran.log
    assert stage.github.log == []


def test_the_merge_queue_spends_nothing_on_what_the_pull_request_paid_for(stage: Stage) -> None:
    head = stage.commit("edit", WORSE)
    stage.runner.run("merge-queue.yml", "pull_request", opened(stage))
    paid = stage.models.calls
    ran = stage.runner.run("merge-queue.yml", "merge_group", events.merge_group_event(head, stage.sha("main")))
    assert ran.code == 1, ran.log
    assert stage.models.calls == paid


def test_a_push_to_the_default_branch_stores_a_baseline_that_a_pull_request_starts_from(stage: Stage) -> None:
    before, after = stage.sha("main~1"), stage.sha("main")
    stage.git("switch", "--quiet", "main")
    ran = stage.runner.run("basic.yml", "push", events.push_event(before, after))
    assert ran.code == 0, ran.log
    stored = json.loads(stage.github.file("apo-ci-data", "baseline/root.json"))
    assert stored["commit"] == after
    assert [entry["path"] for entry in stored["entries"]] == [PROMPT]


def test_the_schedule_opens_a_pull_request_with_a_better_prompt(stage: Stage) -> None:
    stage.git("switch", "--quiet", "main")
    ran = stage.runner.run("scheduled.yml", "schedule", events.schedule_event())
    assert ran.code == 0, ran.log
    (branch,) = [name for name in stage.github.branches if name.startswith("apo-ci/")]
    assert RULE in stage.github.file(branch, PROMPT).decode()


def test_the_jobs_of_a_matrix_share_one_comment(act: str, action: Path, tmp_path: Path) -> None:
    make = functools.partial(runner, act, action, tmp_path / "store")
    with staged(tmp_path, make, "services/search") as stage:
        stage.git("switch", "--quiet", "main")
        for path in stage.git("ls-files", "services/search").splitlines():
            text = (stage.root / path).read_text(encoding="utf-8")
            stage.write(path.replace("services/search", "services/support"), text)
        stage.commit("main", PLAIN, f"services/search/{PROMPT}")
        stage.git("branch", "--force", "edit", "main")
        stage.commit("edit", WORSE, f"services/search/{PROMPT}")
        stage.commit("edit", BETTER, f"services/support/{PROMPT}")
        ran = stage.runner.run("monorepo.yml", "pull_request", opened(stage))
        assert ran.code == 1, ran.log
        body = the_comment(stage)["body"]
        assert '<!-- apo-ci:section "services/search" -->' in body
        assert '<!-- apo-ci:section "services/support" -->' in body


def test_a_model_inside_the_network_is_asked_by_a_runner_without_docker(stage: Stage) -> None:
    stage.commit("edit", BETTER)
    edits = {
        "http://models.example.internal:8000/v1": stage.models.url,
        "Qwen/Qwen3-8B": "task",
        "secrets.MODEL_API_KEY": "secrets.OPENAI_API_KEY",
    }
    ran = stage.runner.run("self-hosted-model.yml", "pull_request", opened(stage), edits=edits)
    assert ran.code == 0, ran.log
    assert stage.models.calls > 0
    assert "### ✅ Pass" in the_comment(stage)["body"]
