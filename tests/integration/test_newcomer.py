"""The pages for people, followed to the letter: what they promise happens, what they explain is what users see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from apo_ci.cli import main
from apo_ci.config import ACTION_KEY, STANDARD_KEY
from apo_ci.errors import ApoError
from apo_ci.pipeline.action import act
from tests.e2e.documentation import blocks, section, tables
from tests.github import events
from tests.github.contracts import require_contracts
from tests.github.fake import FakeGitHub
from tests.integration.loopback import Loopback
from tests.integration.newcomer import CONFIG, EVAL, Newcomer, one_model
from tests.integration.project import World
from tests.integration.workflow import NUMBER, Ran, git

GUIDE = "docs/github-action.md"
KEY = "sk-newcomer-0123456789"
READ, WRITE = "read", "write"
MODEL = "version: 1\nmodel: {name: x, parameters: {max_tokens: 4}}\n"


@pytest.fixture
def newcomer(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """A newcomer whose workflow gives the key as the guide says."""
    require_contracts()
    monkeypatch.delenv(STANDARD_KEY, raising=False)
    monkeypatch.setenv(ACTION_KEY, KEY)
    with Loopback(one_model(world), key=KEY) as server, FakeGitHub() as github:
        yield Newcomer(tmp_path, github, server, world)


def test_the_smallest_workflow_gates_and_suggests(newcomer: Newcomer) -> None:
    workflow = yaml.safe_load(blocks(GUIDE, "yaml")[0])
    granted = {name.replace("-", "_"): access for name, access in workflow["permissions"].items()}
    newcomer.github.permissions = granted
    assert workflow["jobs"]["check"]["steps"][1]["with"].keys() == {"api-key"}
    ran = newcomer.check(search="true")
    assert (ran.code, ran.outputs["verdict"]) == (1, "fail"), ran.log
    assert "::warning" not in ran.log
    assert blocks(GUIDE, "text")[0] in newcomer.body()
    check = newcomer.github.check_runs(newcomer.workflow.head)
    assert [(one["name"], one["conclusion"]) for one in check] == [("apo-ci", "failure")]
    assert len(newcomer.github.reviews(NUMBER)) == 1


def test_a_pull_request_without_prompts_asks_no_model(newcomer: Newcomer) -> None:
    newcomer.project.write("notes.txt", "Nothing to do with prompts.\n")
    newcomer.project.repository.commit_all("Take notes")
    newcomer.workflow.open_as_it_is()
    ran = newcomer.run("pull_request", newcomer.opened())
    assert (ran.code, ran.outputs["verdict"]) == (0, "pass"), ran.log
    assert newcomer.server.calls == 0


def test_the_outputs_name_files_from_the_workspace(newcomer: Newcomer) -> None:
    ran = newcomer.check(search="true")
    for name in ("report", "patch"):
        assert not Path(ran.outputs[name]).is_absolute()
        assert (newcomer.project.root / ran.outputs[name]).is_file()


def test_never_failing_keeps_the_job_green_and_the_check_run_red_but_for_faults(newcomer: Newcomer) -> None:
    assert newcomer.check(fork=False, fail_on="never").code == 0
    (check,) = newcomer.github.check_runs(newcomer.workflow.head)
    assert check["conclusion"] == "failure"
    assert newcomer.run("pull_request", newcomer.opened(), fail_on="never", config="elsewhere.yaml").code == 2


def test_a_merge_queue_gets_the_verdict_of_the_comment_and_only_a_check_run_is_written(newcomer: Newcomer) -> None:
    newcomer.check()
    newcomer.github.permissions = {"contents": READ, "pull_requests": READ, "checks": "write"}
    newcomer.github.log.clear()
    group = events.merge_group_event(newcomer.workflow.head, newcomer.workflow.base, number=NUMBER)
    ran = newcomer.run("merge_group", group, cache="another.sqlite")
    assert (ran.code, ran.outputs["verdict"]) == (1, "fail"), ran.log
    written = [call.path for call in newcomer.github.log if call.path != "/graphql" and call.method != "GET"]
    assert written == ["/repos/octo/prompts/check-runs"]


def test_what_stops_the_action_is_shown_on_the_run_s_page_without_secrets() -> None:
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "octo/prompts"}
    inputs = {"APO_CI_INPUT_TOKEN": "ghs_0123456789abcdef", "APO_CI_INPUT_ARTIFACT": "ghs_0123456789abcdef!"}
    ran = CliRunner().invoke(main, ["action"], env={**variables, **inputs})
    assert ran.exit_code == 2
    assert "::error title=apo-ci::The input `artifact` cannot be used:" in ran.stdout
    assert inputs["APO_CI_INPUT_TOKEN"] not in ran.output


def without(**permissions: str) -> Callable[[Newcomer], Ran]:
    """A check whose token may do no more than this."""

    def scenario(newcomer: Newcomer) -> Ran:
        newcomer.github.permissions = permissions
        return newcomer.check()

    return scenario


def governed_by(path: str, text: str | None) -> Callable[[Newcomer], Ran]:
    """A check under other rules."""

    def scenario(newcomer: Newcomer) -> Ran:
        newcomer.rewrite_base(path, text)
        return newcomer.check()

    return scenario


def given(**inputs: str) -> Callable[[Newcomer], Ran]:
    """A check with other inputs."""
    return lambda newcomer: newcomer.check(fork=False, **inputs)


def without_pull_requests(newcomer: Newcomer) -> Ran:
    newcomer.github.may_open_pull_requests = False
    newcomer.project.repository.git("switch", "--quiet", "main")
    return newcomer.run("schedule", events.schedule_event(), pull_request="true")


def in_an_empty_workspace(newcomer: Newcomer) -> Ran:
    newcomer.workflow.open("Be brief.")
    newcomer.project.root = newcomer.folder / "empty"
    newcomer.project.root.mkdir()
    return newcomer.run("pull_request", newcomer.opened())


def in_a_shallow_clone(*, of_both: bool) -> Callable[[Newcomer], Ran]:
    """A check in a clone with one commit, of the head alone or of every branch."""

    def scenario(newcomer: Newcomer) -> Ran:
        newcomer.workflow.open("Be brief.")
        repository, clone = newcomer.project.repository, newcomer.folder / "clone"
        repository.git("switch", "--quiet", "main")
        newcomer.workflow.base = repository.commit_all("Go on")
        repository.git("switch", "--quiet", "edit")
        branches = "--no-single-branch" if of_both else "--single-branch"
        git("clone", "--quiet", "--depth=1", branches, "--branch=edit", f"file://{newcomer.project.root}", str(clone))
        newcomer.project.root = clone
        return newcomer.run("pull_request", newcomer.opened())

    return scenario


def without_a_key(newcomer: Newcomer) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(ACTION_KEY)
        return newcomer.check(base_url="")


def with_a_wrong_key(newcomer: Newcomer) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ACTION_KEY, "sk-of-somewhere-else")
        return newcomer.check()


def after_a_spent_budget(newcomer: Newcomer) -> Ran:
    newcomer.rewrite_base(CONFIG, f"{MODEL}pull_request_budget: {{calls: 320}}\n")
    newcomer.check()
    newcomer.workflow.push("Be brief.")
    return newcomer.run("pull_request", newcomer.opened())


def after_another_push(newcomer: Newcomer) -> Ran:
    newcomer.workflow.open("Be brief.")
    event = newcomer.opened()
    newcomer.workflow.push("Be kind.")
    return newcomer.run("pull_request", event)


def on_a_push_to_a_branch(newcomer: Newcomer) -> Ran:
    return newcomer.run("push", events.push_event("0" * 40, newcomer.workflow.base, ref="refs/heads/feature"))


def apply_without_a_suggestion(newcomer: Newcomer) -> Ran:
    newcomer.workflow.open("Be brief.")
    return newcomer.comment("/apo apply")


def in_the_second_stage(**inputs: str) -> Callable[[Newcomer], Ran]:
    """The second stage for a fork's pull request."""

    def scenario(newcomer: Newcomer) -> Ran:
        newcomer.workflow.open("Be brief.")
        return newcomer.run("workflow_run", events.workflow_run_event(55, newcomer.workflow.head), **inputs)

    return scenario


def started(**variables: str) -> Callable[[Newcomer], Ran]:
    """`apo-ci action` in an environment of nothing else."""

    def scenario(_: Newcomer) -> Ran:
        with pytest.raises(ApoError) as error:
            act(variables)
        return Ran(error.value.exit_code, str(error.value), {}, "")

    return scenario


SCENARIOS: dict[str, tuple[int, Callable[[Newcomer], Ran]]] = {
    "The pull request gets no comment and no check run: …": (1, without(contents=READ)),
    "The comment was not written: …": (1, without(contents=READ, checks=WRITE, pull_requests=READ)),
    "The check run was not begun: …": (1, without(contents=READ, pull_requests=WRITE)),
    "GitHub answered 403 to …: Resource not accessible by integration": (
        1,
        without(contents=READ, pull_requests=WRITE),
    ),
    "GitHub Actions is not permitted to create or approve pull requests.": (3, without_pull_requests),
    "… is not in a git repository.": (2, in_an_empty_workspace),
    "git knows no commit …": (2, in_a_shallow_clone(of_both=False)),
    "… have no common ancestor in this shallow clone.": (2, in_a_shallow_clone(of_both=True)),
    "… There is no configuration.": (2, governed_by(CONFIG, None)),
    "… The key … is unknown.": (2, governed_by(CONFIG, "version: 1\nmodle: {name: x}\n")),
    "… There is no such folder with files …": (2, given(working_directory="services/search")),
    "The input … cannot be used: …": (2, given(budget_calls="many")),
    "Not checked, because no eval set names it: …": (0, governed_by(EVAL, None)),
    "no model is named": (2, governed_by(CONFIG, "version: 1\n")),
    "There is no key: the environment variable OPENAI_API_KEY is not set": (3, without_a_key),
    "The endpoint answered 401: …": (3, with_a_wrong_key),
    "a budget in dollars is set, and the price of … is not known": (
        *(2, governed_by(CONFIG, "version: 1\nmodel: {name: unheard-of}\nbudget: {usd: 1}\n")),
    ),
    "The budget ended before a case was evaluated: raise it.": (3, given(budget_calls="8")),
    "… the budget of … calls allows … of … cases; all of them need … calls.": (1, given(budget_calls="200")),
    "… There was no search: with its confirmation it needs about … calls, and … were left: raise the budget.": (
        *(1, given(budget_calls="330", search="true")),
    ),
    "No model was asked, because the runs of this pull request have spent its budget …": (0, after_a_spent_budget),
    "The cache has no replies to this version. …": (*(0, lambda newcomer: newcomer.check(fork=True)),),
    "… is not the head of … any more; the run for … reports.": (0, after_another_push),
    "… is not the default branch: no baseline is kept of it.": (0, on_a_push_to_a_branch),
    "There is no suggestion to commit.": (2, apply_without_a_suggestion),
    "A handover needs a token and the folder of the downloaded artifact.": (2, in_the_second_stage()),
    "… The handover cannot be read: …": (2, in_the_second_stage(handover="elsewhere")),
    "apo-ci has no answer to the event …": (2, started(GITHUB_EVENT_NAME="release", GITHUB_REPOSITORY="octo/prompts")),
    "This is not a GitHub Actions job: …": (2, started()),
}


def test_the_guide_explains_exactly_the_messages_that_are_tried_here() -> None:
    (table,) = tables(section(GUIDE, "When something is wrong"))
    assert [row[0].strip("`") for row in table] == list(SCENARIOS)


@pytest.mark.parametrize("message", SCENARIOS)
def test_the_message_is_what_a_user_sees(message: str, newcomer: Newcomer) -> None:
    code, scenario = SCENARIOS[message]
    ran = scenario(newcomer)
    seen = ran.log + "".join(str(comment["body"]) for comment in newcomer.github.comments(NUMBER))
    assert re.search(re.escape(message).replace("…", ".*"), seen), seen
    assert ran.code == code, ran.log
