"""Bad input and faults, end to end: what the command says, returns, costs and leaves behind.

The borders have tests of their own (`test_faults.py`, the units of `inputs`); here each fault meets the whole run.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from apo_ci.cli import main
from tests.integration.loopback import Fault, Kind, Loopback
from tests.integration.project import DATASET, EVAL, HARM, KEY, KEY_NAME, PROMPT, RULE, Body, Project, prompt_text
from tests.integration.test_run import run

OTHER = PROMPT.replace("sentiment", "other")
OURS = "This is a fault in apo-ci"


def apo_ci(*arguments: str | Path) -> Result:
    """The command, in this process; it may fail, but neither by a fault of its own nor with a traceback."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert OURS not in result.output
    assert "Traceback" not in result.output
    return result


def add_prompt(project: Project, instruction: str) -> None:
    """Put a second prompt with an eval set of its own into the working tree."""
    project.write(OTHER, prompt_text(instruction))
    text = (project.root / EVAL).read_text(encoding="utf-8")
    project.write(EVAL.replace("sentiment", "other"), text.replace(PROMPT, OTHER))


@pytest.mark.parametrize(
    ("path", "text", "place", "cure"),
    [
        ("apo-ci.yaml", "version: 1\nmodel: {name: m}\nmodel: {name: n}\n", "apo-ci.yaml:3", "twice"),
        ("apo-ci.yaml", "version: 1\nmodel: &m {name: m}\noptimizer_model: *m\n", "apo-ci.yaml:2", "aliases"),
        ("apo-ci.yaml", "version: 1\ngate: {max_drop: .nan}\n", "apo-ci.yaml:2", "finite"),
        ("apo-ci.yaml", "version: 1\nbudget: {usd: 1e999}\n", "apo-ci.yaml:2", "finite"),
        (EVAL, f"prompt: {PROMPT}\ndataset: evals/no.jsonl\nscorers: [{{type: contains}}]\n", f"{EVAL}:2", "no file"),
        (EVAL, f"prompt: {PROMPT}\ndataset: {DATASET}\nscorers: [{{type: containz}}]\n", f"{EVAL}:3", "contains"),
        (EVAL, f"prompt: {PROMPT}\ndataset: {DATASET}\nscorers: [{{type: regex, pattern: (a}}]\n", f"{EVAL}:3", "RE2"),
        (DATASET, '{"review": "a", "target": "Yes"}\n{"review": "b"}\n', f"{DATASET}:2", "target"),
        (
            DATASET,
            '{"review": "a", "target": "Yes"}\n{"review": "a", "target": "No"}\n',
            f"{DATASET}:2",
            "Lines 1 and 2",
        ),
        (DATASET, '{"review": "a", "target": "Yes"}\n{"review": NaN, "target": "No"}\n', f"{DATASET}:2", "NaN"),
        (DATASET, '{"review": "a", "target": "Yes"}\n{"review": "b", "target": "Maybe"}\n', f"{DATASET}:2", "label"),
        (DATASET, '{"text": "a", "target": "Yes"}\n', PROMPT, "review"),
        (DATASET, '{"review": "a", "more": "b", "target": "Yes"}\n', f"{DATASET}:1", "more"),
        (PROMPT, prompt_text("Look at {{ nothing }}."), PROMPT, "nothing"),
        (PROMPT, prompt_text("Look at {{ review."), PROMPT, "Jinja2"),
        (PROMPT, "---\nparamters: {}\n---\n{{ review }}", f"{PROMPT}:2", "parameters"),
    ],
)
def test_what_is_broken_is_told_with_file_line_and_cure_before_a_call_is_made(
    project: Project, server: Loopback, path: str, text: str, place: str, cure: str
) -> None:
    project.write(path, text)
    checked = apo_ci("validate", "--repo", project.root)
    started = apo_ci("run", "--repo", project.root, "--base", "main", "--all")
    assert (checked.exit_code, started.exit_code, server.calls) == (2, 2, 0), started.output
    for output in (checked.output, started.output):
        assert place in output
        assert cure in output


@pytest.mark.parametrize("path", ["apo-ci.yaml", EVAL, DATASET, PROMPT])
def test_a_file_in_an_unreadable_encoding_is_named_with_its_line(project: Project, path: str) -> None:
    (project.root / path).write_bytes(b"\n\xff\xfe\x00broken\n")
    for command in (["validate"], ["run", "--base", "main", "--all"]):
        result = apo_ci(*command, "--repo", project.root)
        assert result.exit_code == 2, result.output
        assert f"{path}:2" in result.output
        assert "UTF-8" in result.output


@pytest.mark.parametrize("cap", ["--budget-usd", "--budget-seconds"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "much"])
def test_a_cap_that_is_no_amount_is_a_usage_error(project: Project, server: Loopback, cap: str, value: str) -> None:
    result = apo_ci("run", "--repo", project.root, "--base", "main", "--all", cap, value)
    assert (result.exit_code, server.calls) == (2, 0), result.output
    assert cap in result.output


def test_a_folder_for_the_reports_that_cannot_be_made_is_told_before_a_call_is_made(
    project: Project, server: Loopback
) -> None:
    project.edit(f"You label product reviews. {HARM}")
    result = apo_ci("run", "--repo", project.root, "--base", "main", "--out", project.root / PROMPT / "out")
    assert (result.exit_code, server.calls) == (2, 0), result.output
    assert "--out" in result.output


def test_an_optimizer_without_a_price_is_told_before_a_call_is_made(project: Project, server: Loopback) -> None:
    text = (project.root / "apo-ci.yaml").read_text(encoding="utf-8")
    project.write("apo-ci.yaml", text.replace("{name: optimizer,", "{name: optimizer, price: null,"))
    result = apo_ci("optimize", PROMPT, "--repo", project.root, "--budget-usd", "1")
    assert (result.exit_code, server.calls) == (2, 0), result.output
    assert "price of optimizer" in result.output


def test_an_optimizer_with_a_wrong_key_leaves_the_comparison_alone(
    project: Project, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTIMIZER_KEY", "sk-wrong-but-secret-55e1")
    text = (project.root / "apo-ci.yaml").read_text(encoding="utf-8")
    project.write("apo-ci.yaml", text.replace("{name: optimizer,", "{name: optimizer, api_key_env: OPTIMIZER_KEY,"))
    project.repository.commit_all("Another key")
    project.repository.git("branch", "--force", "main")
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project)
    assert (result.exit_code, report["verdict"]) == (1, "fail"), result.output
    assert any("OPTIMIZER_KEY" in warning for warning in report["warnings"])
    assert "sk-wrong-but-secret-55e1" not in result.output + json.dumps(report)


@pytest.mark.parametrize("kind", ["error", "truncated", "not_json", "empty_choices", "busy", "drop", "cut"])
def test_a_lasting_fault_of_one_case_in_ten_is_no_fault_of_the_prompt(
    project: Project, server: Loopback, kind: Kind
) -> None:
    """One row in ten never gets a reply. Those leave both sides, and past the limit nothing is said of the prompt."""
    text = (project.root / "apo-ci.yaml").read_text(encoding="utf-8")
    project.write("apo-ci.yaml", text.replace("{name: task,", "{name: task, max_retries: 0,"))
    project.repository.commit_all("No retries")
    project.repository.git("branch", "--force", "main")
    project.edit("You label product reviews. Answer Yes or No, please.")  # another text, the same answers

    def fault(_: int, body: Body) -> Fault | None:
        text = str(body["messages"])
        return Fault(kind, retry_after="0") if "please" in text and "0, opened" in text else None

    server.fault = fault
    result, report = run(project, "--no-search")
    comparison = report["prompts"][0]["comparison"]
    assert (result.exit_code, report["verdict"]) == (3, "error"), result.output
    assert (comparison["errored"], comparison["n"], comparison["delta"]) == (16, 144, 0)


@pytest.mark.parametrize("kind", ["busy", "hang"])
def test_a_fault_that_passes_costs_one_more_call_and_no_case(project: Project, server: Loopback, kind: Kind) -> None:
    """A 429 without Retry-After, and a socket that hangs past the time-out."""
    text = (project.root / "apo-ci.yaml").read_text(encoding="utf-8")
    project.write("apo-ci.yaml", text.replace("{name: task,", "{name: task, timeout_seconds: 2,"))
    server.fault = lambda number, _: Fault(kind) if number == 30 else None
    result = apo_ci("eval", PROMPT, "--repo", project.root)
    report = json.loads((project.root / ".apo-ci/out/report.json").read_text(encoding="utf-8"))
    assert (report["prompts"][0]["floor"]["n"], report["prompts"][0]["floor"]["errored"]) == (160, 0), result.output
    assert (server.calls, report["ledger"]["calls"]) == (161, 161)


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}{% for x in y %}", "x" * 200_000, "\u202eoN\u202c", "::error::No"])
def test_a_head_that_makes_the_model_write_rubbish_is_worse_and_nothing_else(
    project: Project, server: Loopback, text: str
) -> None:
    answer = project.world
    server.reply = lambda body: text if HARM in str(body["messages"]) else answer(body)
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project, "--no-search")
    assert (result.exit_code, report["verdict"]) == (1, "fail"), result.output
    assert report["prompts"][0]["comparison"]["errored"] == 0
    assert "\n::error::" not in result.output


def test_replies_that_were_cut_off_are_scored_as_they_are(project: Project, server: Loopback) -> None:
    server.fault = lambda *_: Fault("length")
    project.edit(f"You label product reviews. {HARM}")
    _, report = run(project, "--no-search")
    assert (report["verdict"], report["prompts"][0]["comparison"]["errored"]) == ("fail", 0)


def test_an_endpoint_that_dies_in_mid_run_is_an_error_and_what_it_answered_is_kept(
    project: Project, server: Loopback
) -> None:
    project.edit(f"You label product reviews. {HARM}")
    server.fault = lambda number, _: Fault("error", status=401, message="revoked") if number >= 100 else None
    result, report = run(project, "--no-search")
    assert (result.exit_code, report["verdict"], report["finish_reason"]) == (3, "error", "error"), result.output
    answered = server.answered
    server.fault, server.calls = None, 0
    _, report = run(project, "--no-search")
    assert (report["verdict"], server.calls) == ("fail", 320 - answered)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_goes_on_from_there(
    project: Project, server: Loopback, number: signal.Signals
) -> None:
    project.edit(f"You label product reviews. {HARM}")
    server.latency = lambda number: 0.0 if number < 60 else 1.0  # time for the signal, on a busy machine too
    command = [sys.executable, "-m", "apo_ci.cli", "run", "--repo", str(project.root), "--base", "main", "--no-search"]
    command[1:3] = ["-c", "from apo_ci.cli import main; main(prog_name='apo-ci')"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while server.calls < 60 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130, said
    assert "Interrupted" in said
    assert "Traceback" not in said
    server.latency = lambda _: 0.0
    result = apo_ci("run", "--repo", project.root, "--base", "main", "--no-search")
    assert result.exit_code == 1, result.output
    asked = Counter(json.dumps(body, sort_keys=True) for body in server.bodies)
    assert (len(asked), asked.total()) == (320, 320)


def test_a_run_in_the_background_of_a_script_where_interrupts_are_ignored_can_be_terminated(
    project: Project, server: Loopback
) -> None:
    server.latency = lambda _: 0.5
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nfrom apo_ci.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "--repo", str(project.root), "--base", "main", "--no-search"]
    project.edit(f"You label product reviews. {HARM}")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while server.calls < 20 and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130, said
    assert "Interrupted" in said
    assert "Traceback" not in said


def test_two_prompts_share_calls_that_do_not_suffice_for_both(project: Project, server: Loopback) -> None:
    add_prompt(project, "You label product reviews.")
    project.repository.commit_all("Another prompt")
    project.repository.git("branch", "--force", "main")
    add_prompt(project, f"You label reviews. {HARM}")
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project, "--budget-calls", "240")
    assert [prompt["comparison"]["n"] for prompt in report["prompts"]] == [60, 60], result.output
    assert report["finish_reason"] == "budget"
    assert server.calls == 240


def test_both_verdicts_are_of_the_cases_that_the_budget_allowed(project: Project) -> None:
    text = (project.root / EVAL).read_text(encoding="utf-8")
    project.write(EVAL, text + "gate: {max_drop: 0.9}\n")
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project, "--no-search", "--budget-calls", "100")
    prompt = report["prompts"][0]
    assert prompt["comparison"]["n"] == prompt["head_verdict"]["comparison"]["n"] == 50, result.output


def test_a_model_that_a_prompt_names_itself_is_in_the_provenance(project: Project, server: Loopback) -> None:
    text = (project.root / PROMPT).read_text(encoding="utf-8")
    project.write(PROMPT, text.replace("description:", "model: another\ndescription:"))
    apo_ci("eval", PROMPT, "--repo", project.root)
    report = json.loads((project.root / ".apo-ci/out/report.json").read_text(encoding="utf-8"))
    assert {body["model"] for body in server.bodies} == {"another"}
    assert [model["name"] for model in report["provenance"]["models"]] == ["another"]


def test_a_model_with_one_slot_splits_a_short_budget_between_base_and_head(project: Project, server: Loopback) -> None:
    text = (project.root / "apo-ci.yaml").read_text(encoding="utf-8")
    project.write("apo-ci.yaml", text.replace("{name: task,", "{name: task, concurrency: 1,"))
    project.repository.commit_all("One at a time")
    project.repository.git("branch", "--force", "main")
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project, "--no-search", "--budget-tokens", "5000")
    assert report["prompts"][0]["comparison"]["n"] > 50, result.output
    assert server.tokens <= 5000


def test_eval_sets_that_want_different_texts_are_not_written(project: Project) -> None:
    text = (project.root / EVAL).read_text(encoding="utf-8")
    half = "".join(json.dumps(row) + "\n" for row in project.world.rows[:80])
    project.write(DATASET.replace("sentiment", "other"), half)
    project.write(EVAL.replace("sentiment", "other"), text.replace(DATASET, DATASET.replace("sentiment", "other")))
    before = (project.root / PROMPT).read_text(encoding="utf-8")
    result = apo_ci("optimize", PROMPT, "--repo", project.root, "--write", "--budget-calls", "2000")
    report = json.loads((project.root / ".apo-ci/out/report.json").read_text(encoding="utf-8"))
    texts = {one["suggestion"]["text"] for one in report["prompts"] if one["suggestion"]["status"] == "better"}
    after = (project.root / PROMPT).read_text(encoding="utf-8")
    assert after == (texts.pop() if len(texts) == 1 else before)
    assert result.output.count("prompts/sentiment.prompt.md now holds") <= 1
    assert "evals/other.yaml" in result.output


def test_a_prompt_is_written_from_a_folder_inside_too(project: Project) -> None:
    result = apo_ci("optimize", PROMPT, "--repo", project.root / "prompts", "--write")
    assert result.exit_code == 0, result.output
    assert RULE in (project.root / PROMPT).read_text(encoding="utf-8")


def test_a_prompt_that_was_edited_during_the_search_is_not_overwritten(project: Project, server: Loopback) -> None:
    edited = prompt_text("An edit made while the search was running.")

    def reply(body: Body) -> str:
        if body["model"] == "optimizer":
            project.write(PROMPT, edited)
        return project.world(body)

    server.reply = reply
    result = apo_ci("optimize", PROMPT, "--repo", project.root, "--write")
    assert (project.root / PROMPT).read_text(encoding="utf-8") == edited
    assert "edited during the search" in result.output


def test_a_file_for_the_cache_commands_that_cannot_be_used_is_named(project: Project, tmp_path: Path) -> None:
    apo_ci("eval", PROMPT, "--repo", project.root)
    cache = ("cache", "--cache", str(project.root / ".apo-ci/cache.sqlite"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\n")
    for command, file in (("export", tmp_path / "no/such.jsonl"), ("import", tmp_path / "binary")):
        result = apo_ci(*cache, command, file)
        assert result.exit_code == 2, result.output
        assert str(file) in result.output
    assert apo_ci(*cache, "prune", "--days", "nan").exit_code == 2


EVALS = {
    "exact": ("rows.csv", "exact_match}]", 0.5),
    "label": ("rows.csv", "label, labels: [Yes, No]}]\nmetric: f1\npositive_label: Yes", 2 / 3),
    "contains": ("rows.yaml", "contains}]\nreplicates: 3", 0.5),
    "regex": ("rows.csv", "regex, pattern: '^(Yes|No)$'}]", 1.0),
    "number": ("numbers.jsonl", "number, absolute: 0.5}]", 0.0),
    "json": ("rows.csv", "json, schema: {type: string}}]", 0.0),
    "rouge": ("rows.yaml", "rouge}]", 0.5),
}


def test_every_scorer_reads_every_format_and_gives_its_figure(project: Project, server: Loopback) -> None:
    """The model says Yes to everything, and half of the targets are Yes."""
    server.reply = lambda body: "Yes"
    rows = project.world.rows[:20]
    project.write("evals/rows.csv", "review,target\n" + "".join(f'"{r["review"]}",{r["target"]}\n' for r in rows))
    project.write(
        "evals/data/rows.yaml", "".join(f'- {{review: "{r["review"]}", target: {r["target"]}}}\n' for r in rows)
    )
    project.write("evals/numbers.jsonl", "".join(json.dumps({**row, "target": 7}) + "\n" for row in rows))
    (project.root / EVAL).unlink()
    for name, (dataset, scorer, _) in EVALS.items():
        folder = "evals/data" if dataset.endswith("yaml") else "evals"
        project.write(
            f"evals/{name}.yaml", f"prompt: {PROMPT}\ndataset: {folder}/{dataset}\nscorers: [{{type: {scorer}\n"
        )
    result = apo_ci("eval", PROMPT, "--repo", project.root)
    assert result.exit_code == 0, result.output
    report = json.loads((project.root / ".apo-ci/out/report.json").read_text(encoding="utf-8"))
    figures = {Path(prompt["eval"]).stem: prompt["floor"]["head"] for prompt in report["prompts"]}
    assert figures == pytest.approx({name: figure for name, (_, _, figure) in EVALS.items()})
    assert server.calls == 60  # the eval sets share their requests; replicates are requests of their own


@pytest.mark.parametrize("command", ["run", "validate", "eval", "optimize"])
def test_without_a_project_each_command_says_what_to_do(tmp_path: Path, command: str) -> None:
    prompt = [PROMPT] if command in {"eval", "optimize"} else []
    result = apo_ci(command, *prompt, "--repo", tmp_path)
    assert result.exit_code == 2
    assert "apo-ci.yaml" in result.output or "git init" in result.output


def test_an_evaluation_of_the_working_tree_speaks_of_no_base(project: Project) -> None:
    result = apo_ci("eval", PROMPT, "--repo", project.root)
    assert "was evaluated" in result.output
    assert "The base has no configuration" not in result.output


def test_a_key_in_a_prompt_or_a_case_reaches_no_report(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, KEY)
    project.edit(f"You label product reviews. {HARM} {KEY}")
    result, _ = run(project)
    written = "".join(path.read_text(encoding="utf-8") for path in (project.root.parent / "out").iterdir())
    assert KEY not in result.output + written
