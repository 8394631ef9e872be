"""`apo-ci run` on real git repositories and a loopback model: what it says, writes, costs and returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from apo_ci.cli import main
from tests.integration.loopback import Fault, Loopback, dead_endpoint
from tests.integration.project import EVAL, HARM, KEY, KEY_NAME, PROMPT, RULE, Body, Project, World, prompt_text

REPORTS = ("report.json", "comment.md", "summary.md")


def apo_ci(*arguments: str) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(main, arguments)


def run(project: Project, *arguments: str, out: str = "out") -> tuple[Result, dict[str, Any]]:
    """`apo-ci run` on the project's pull request, and its report."""
    folder = project.root.parent / out
    result = apo_ci("run", "--repo", str(project.root), "--base", "main", "--out", str(folder), *arguments)
    assert (folder / "report.json").is_file(), result.output
    return result, json.loads((folder / "report.json").read_text(encoding="utf-8"))


def without_times(report: dict[str, Any]) -> dict[str, Any]:
    """The report without the run's wall time."""
    return {**report, "ledger": {**report["ledger"], "seconds": 0}}


def everything_written(project: Project, result: Result) -> str:
    """Every byte that a run has left behind, and what it printed."""
    files = [path for path in project.root.parent.rglob("*") if path.is_file()]
    return result.output + "".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def test_a_worse_prompt_fails_the_gate_and_gets_a_confirmed_suggestion(project: Project) -> None:
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project)
    prompt = report["prompts"][0]
    assert (result.exit_code, report["verdict"]) == (1, "fail"), result.output
    assert prompt["comparison"]["n"] == 160
    assert prompt["comparison"]["delta"] < -0.15
    assert prompt["comparison"]["ci_high"] < 0
    assert prompt["suggestion"]["status"] == "better", prompt["suggestion"]["explanation"]
    assert RULE in prompt["suggestion"]["text"]
    assert prompt["suggestion"]["delta"] > 0.2
    assert prompt["suggestion"]["delta_over_base"] > 0.05
    row = prompt["suggestion"]["tradeoff"]
    assert row["suggested"]["score"] - row["present"]["score"] == pytest.approx(prompt["suggestion"]["delta"])
    assert row["suggested"]["length"] != row["present"]["length"]


def test_the_best_prompt_so_far_is_on_disk_while_the_search_goes_on(
    tmp_path: Path, server: Loopback, world: World
) -> None:
    config = "budget: {calls: 1200}\nsearch: {trim: false}"  # so that the last round's best is what is suggested
    project = Project(tmp_path / "repository", server.url, world=world, config=config)
    project.edit(f"You label product reviews. {HARM}")
    _, report = run(project)
    checkpoint = json.loads((project.root.parent / "out" / "checkpoint.json").read_text(encoding="utf-8"))
    assert checkpoint["run"] == report["provenance"]["run"]
    assert checkpoint["prompts"][0]["best_source"] == report["prompts"][0]["suggestion"]["text"]


def test_a_price_that_was_set_is_not_that_of_a_model_which_the_head_chose(project: Project, server: Loopback) -> None:
    text = prompt_text("You label product reviews.").replace("---\n", "---\nmodel: pricey\n", 1)
    project.write(PROMPT, text)
    project.repository.commit_all("Another model")
    result = apo_ci("run", "--repo", str(project.root), "--base", "main", "--no-search", "--budget-usd", "1")
    assert result.exit_code == 2, result.output
    assert "pricey" in result.output
    assert not [body for body in server.bodies if body["model"] == "pricey"]


def test_the_report_follows_the_published_schema(project: Project) -> None:
    project.edit(f"You label product reviews. {HARM}")
    _, report = run(project)
    schema = json.loads(apo_ci("schema").output)
    jsonschema.validate(report, schema)


def test_an_untouched_prompt_costs_nothing_and_passes(project: Project, server: Loopback) -> None:
    project.write("README.md", "An edit elsewhere.")
    result, report = run(project)
    assert (result.exit_code, report["verdict"], server.calls) == (0, "pass", 0), result.output


def test_a_better_prompt_passes(project: Project) -> None:
    project.edit(f"You label product reviews. {RULE}")
    result, report = run(project, "--no-search")
    assert (result.exit_code, report["verdict"]) == (0, "pass"), result.output
    assert report["prompts"][0]["suggestion"] is None


def test_a_suggestion_that_is_the_base_version_is_named_a_revert(project: Project, world: World) -> None:
    world.finds_rule = 0.0
    world.plain = 0.9
    project.edit(f"You label product reviews. {HARM}")
    _, report = run(project)
    suggestion = report["prompts"][0]["suggestion"]
    assert suggestion["status"] == "better"
    assert suggestion["is_revert"]
    assert "revert" in (project.root.parent / "out" / "comment.md").read_text(encoding="utf-8").lower()


def test_the_same_run_again_makes_no_call_and_writes_the_same_report(project: Project, server: Loopback) -> None:
    project.edit(f"You label product reviews. {HARM}")
    _, first = run(project, "--seed", "3")
    calls = server.calls
    _, second = run(project, "--seed", "3", out="again")
    assert server.calls == calls
    assert without_times(second) == without_times(first)
    assert first["ledger"]["calls"] == calls


def test_the_ledger_counts_what_the_server_saw(project: Project, server: Loopback) -> None:
    project.edit(f"You label product reviews. {HARM}")
    _, report = run(project)
    ledger = report["ledger"]
    assert ledger["calls"] == server.calls
    assert ledger["prompt_tokens"] == server.prompt_tokens
    assert ledger["completion_tokens"] == server.completion_tokens
    assert ledger["usd"] == pytest.approx((server.prompt_tokens + 2 * server.completion_tokens) / 1e6)
    assert sum(account["calls"] for account in ledger["purposes"].values()) == server.calls


@pytest.mark.parametrize("calls", [0, 7, 150, 400])
def test_a_cap_on_calls_is_never_exceeded(project: Project, server: Loopback, calls: int) -> None:
    project.edit(f"You label product reviews. {HARM}")
    _, report = run(project, "--budget-calls", str(calls))
    assert server.calls <= calls
    assert report["ledger"]["calls"] == server.calls


def test_a_small_budget_compares_fewer_cases_and_says_so(project: Project) -> None:
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project, "--budget-calls", "100")
    assert report["prompts"][0]["comparison"]["n"] == 50
    assert any("allows 50 of 160 cases" in warning for warning in report["warnings"]), result.output


def test_a_new_prompt_is_held_against_its_floor_alone(project: Project) -> None:
    other = EVAL.replace("sentiment", "other")
    project.write(PROMPT.replace("sentiment", "other"), prompt_text("You label product reviews."))
    text = (project.root / EVAL).read_text(encoding="utf-8")
    project.write(other, text.replace(PROMPT, PROMPT.replace("sentiment", "other")) + "gate: {min: 0.95}\n")
    project.repository.commit_all("A new prompt")
    result, report = run(project, "--no-search")
    prompt = report["prompts"][0]
    assert (prompt["is_new"], prompt["comparison"], prompt["verdict"]) == (True, None, "fail"), result.output
    assert prompt["floor"]["min"] == 0.95


def test_a_deleted_prompt_is_listed(project: Project) -> None:
    for path in (PROMPT, EVAL):
        (project.root / path).unlink()
    project.repository.commit_all("Remove it")
    _, report = run(project)
    assert report["deleted"] == [PROMPT]


def test_the_base_gates_when_the_pull_request_loosens_its_own_thresholds(project: Project) -> None:
    project.write(EVAL, (project.root / EVAL).read_text(encoding="utf-8") + "gate: {max_drop: 0.9}\n")
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project, "--no-search")
    prompt = report["prompts"][0]
    assert (report["verdict"], prompt["head_verdict"]["verdict"]) == ("fail", "pass"), result.output


def test_the_first_pull_request_is_held_to_its_own_configuration_and_told_so(tmp_path: Path, project: Project) -> None:
    project.repository.git("checkout", "--quiet", "--orphan", "bare")
    project.repository.git("rm", "--quiet", "-rf", ".")
    project.write("README.md", "Nothing here yet.")
    project.repository.commit_all("An empty base")
    project.repository.git("branch", "--force", "empty")
    project.repository.git("checkout", "--quiet", "main", "--", ".")
    project.repository.commit_all("Add everything")
    folder = tmp_path / "out"
    result = apo_ci(
        "run", "--repo", str(project.root), "--base", "empty", "--head", "HEAD", "--no-search", "--out", str(folder)
    )
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["config_from"] == "head", result.output
    assert any("base has no configuration" in warning for warning in report["warnings"])


def test_transient_faults_change_neither_verdict_nor_figures(project: Project, server: Loopback) -> None:
    project.edit(f"You label product reviews. {HARM}")
    _, calm = run(project, "--no-search", "--cache", str(project.root.parent / "calm.sqlite"))
    faults = ["busy", "error", "truncated", "cut", "drop", "not_json", "empty_choices"]

    def fault(number: int, body: Body) -> Fault | None:
        return Fault(faults[number // 9 % len(faults)], retry_after="0") if number % 9 == 0 else None  # type: ignore[arg-type]

    server.fault = fault
    server.calls = 0
    _, stormy = run(project, "--no-search", "--cache", str(project.root.parent / "stormy.sqlite"), out="stormy")
    assert server.calls > 320
    assert stormy["prompts"][0]["comparison"] == calm["prompts"][0]["comparison"]
    assert stormy["verdict"] == calm["verdict"]
    assert stormy["ledger"]["calls"] == server.calls


def test_lasting_faults_are_an_error_and_not_a_failure_of_the_prompt(project: Project, server: Loopback) -> None:
    project.edit(f"You label product reviews. {HARM}")

    def fault(number: int, body: Body) -> Fault | None:
        text = body["messages"][-1]["content"]
        return Fault("error", status=400, message="no such thing") if "day 3" in text else None

    server.fault = fault
    result, report = run(project, "--no-search")
    assert (result.exit_code, report["verdict"]) == (3, "error"), result.output
    assert report["prompts"][0]["comparison"]["errored"] > 0


def test_a_wrong_key_fails_at_once_and_is_shown_nowhere(
    project: Project, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_NAME, "sk-wrong-but-secret-71c3")
    project.edit("Anything.")
    result, report = run(project)
    assert (result.exit_code, report["verdict"]) == (3, "error")
    assert server.calls <= 2
    assert KEY_NAME in report["reasons"][0]
    assert "sk-wrong-but-secret-71c3" not in everything_written(project, result)


def test_a_dead_endpoint_fails_with_what_to_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, KEY)
    with dead_endpoint() as url:
        project = Project(tmp_path / "repository", url)
        project.edit("Anything.")
        result, report = run(project)
    assert (result.exit_code, report["verdict"]) == (3, "error")
    assert "base_url" in report["reasons"][0]
    assert report["ledger"]["seconds"] < 15


HOSTILE = (
    "::error::owned\n##[warning]owned\n<img src=x onerror=alert(1)> <!-- apo-ci:comment --> @octocat fixes #1 "
    "![beacon](https://evil.example/x.png) [click](https://evil.example) {{ 7 * 7 }} {% for x in y %} \u202egnol\u202c "
    "\x1b[31mred\x1b[0m ```` fences ``` and ~~~ " + "long " * 40_000
)


def test_hostile_replies_neither_crash_nor_get_through(project: Project, server: Loopback) -> None:
    answer = project.world.answer

    def reply(body: Body) -> str:
        if body["model"] == "optimizer":
            return HOSTILE
        text = str(body["messages"])
        return HOSTILE if "day 3" in text and HARM in text else answer(body)

    server.reply = reply
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project)
    assert (result.exit_code, report["verdict"]) == (1, "fail"), result.output
    for name in ("comment.md", "summary.md"):
        text = (project.root.parent / "out" / name).read_text(encoding="utf-8")
        assert "::error::" not in text
        assert "##[warning]" not in text
        assert "<img" not in text
        assert "@octocat" not in text.replace("@\u2060octocat", "")
        assert "\u202e" not in text
        assert "\x1b" not in text
    assert len((project.root.parent / "out" / "comment.md").read_text(encoding="utf-8")) < 65_536
    assert "\n::error::" not in result.output
    assert "\x1b" not in result.output


def test_the_key_is_in_nothing_that_a_run_writes(project: Project, server: Loopback) -> None:
    server.reply = lambda body: f"{KEY} No" if HARM in str(body["messages"]) else "Yes"
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project)
    assert "No" in report["prompts"][0]["comparison"]["broken"][0]["head_reply"]
    files = {path: path.read_bytes() for path in (project.root.parent / "out").iterdir()}
    assert set(server.keys) == {KEY}
    assert KEY not in result.output
    assert not [path for path, data in files.items() if KEY.encode() in data]


def test_validate_needs_no_model(project: Project, server: Loopback) -> None:
    result = apo_ci("validate", "--repo", str(project.root))
    assert (result.exit_code, server.calls) == (0, 0), result.output


def test_eval_and_optimize_look_at_the_working_tree(project: Project) -> None:
    result = apo_ci("eval", PROMPT, "--repo", str(project.root), "--out", str(project.root.parent / "eval"))
    assert result.exit_code == 0, result.output
    result = apo_ci("optimize", PROMPT, "--repo", str(project.root), "--write")
    assert result.exit_code == 0, result.output
    assert RULE in (project.root / PROMPT).read_text(encoding="utf-8")


def test_a_mistake_in_the_configuration_is_one_message_with_its_line(project: Project) -> None:
    project.write("apo-ci.yaml", "version: 1\nbudgets: {calls: 3}\n")
    result = apo_ci("run", "--repo", str(project.root), "--base", "main")
    assert result.exit_code == 2
    assert "apo-ci.yaml:2" in result.output
    assert "Did you mean `budget`?" in result.output
    assert "Traceback" not in result.output
