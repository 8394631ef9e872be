"""The action's files, the workflow templates and the release scripts: what users and the runner rely on."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from apo_ci.publish.action_inputs import PREFIX, ActionInputs

ROOT = Path(__file__).parents[2]
ACTIONS = ("action.yml", "composite/action.yml")
TEMPLATES = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
WORKFLOWS = [*TEMPLATES, *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
ONLY_COMPOSITE = {"python", "local-model"}
DIGEST = "sha256:" + "0123456789abcdef" * 4
USES = re.compile(r"^\s*(?:- )?uses: (\S+)(.*)$", re.MULTILINE)


def loaded(path: Path) -> dict[Any, Any]:
    """A YAML file; `on:` is read as the key True, as YAML 1.1 has it."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def action(name: str) -> dict[Any, Any]:
    """One of the two actions."""
    return loaded(ROOT / name)


def names() -> list[str]:
    """The inputs that the program reads, as a workflow writes them."""
    return [field.replace("_", "-") for field in ActionInputs.model_fields]


def steps(workflow: Path) -> list[dict[str, Any]]:
    """The steps of all jobs."""
    return [step for job in loaded(workflow)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", ACTIONS)
def test_the_action_has_exactly_the_inputs_that_the_program_reads(name: str) -> None:
    assert [one for one in action(name)["inputs"] if one not in ONLY_COMPOSITE] == names()


@pytest.mark.parametrize("name", ACTIONS)
def test_every_input_reaches_the_program_as_a_variable_of_its_own(name: str) -> None:
    runs = action(name)["runs"]
    variables = runs["env"] if "env" in runs else runs["steps"][-1]["env"]
    wanted = {PREFIX + one.upper().replace("-", "_"): f"${{{{ inputs.{one} }}}}" for one in names()}
    assert variables == wanted


@pytest.mark.parametrize("name", ACTIONS)
def test_the_defaults_are_those_of_the_program(name: str) -> None:
    defaults = {one: str(given["default"]) for one, given in action(name)["inputs"].items()}
    given = {PREFIX + one.upper().replace("-", "_"): value for one, value in defaults.items() if "${{" not in value}
    assert ActionInputs.read(given) == ActionInputs()


def test_both_variants_say_the_same_of_inputs_and_outputs() -> None:
    docker, composite = (action(name) for name in ACTIONS)
    assert docker["inputs"] == {key: one for key, one in composite["inputs"].items() if key not in ONLY_COMPOSITE}
    described = {name: {"description": one["description"]} for name, one in composite["outputs"].items()}
    assert docker["outputs"] == described
    assert all(one["value"] == f"${{{{ steps.check.outputs.{name} }}}}" for name, one in composite["outputs"].items())


def test_every_output_that_the_program_sets_is_declared() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "apo_ci" / "pipeline").glob("*.py"))
    for name in action("action.yml")["outputs"]:
        assert f'"{name}":' in code, name


def test_no_command_holds_an_expression() -> None:
    runs = [step["run"] for step in action("composite/action.yml")["runs"]["steps"]]
    runs += [step["run"] for workflow in WORKFLOWS for step in steps(workflow) if "run" in step]
    assert runs
    assert not [run for run in runs if "${{" in run]


def test_the_installer_imports_nothing_from_the_workspace() -> None:
    script = (ROOT / "composite" / "install.sh").read_text(encoding="utf-8")
    started = re.findall(r'"\$(?:interpreter|venv/bin/python)"[^\n]*', script)
    assert len(started) == 3
    assert all(" -I " in command for command in started)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_of_others_are_pinned_by_commit_with_the_version_beside_it(workflow: Path) -> None:
    for address, comment in USES.findall(workflow.read_text(encoding="utf-8")):
        if not address.startswith(("./", "apo-ci/")):
            assert re.fullmatch(r"[a-z-]+/[a-z-]+(?:/[a-z]+)?@[0-9a-f]{40}", address), address
            assert re.match(r" # v\d+\.\d+\.\d+", comment), address


def test_an_action_is_used_in_one_version_everywhere() -> None:
    versions: dict[str, set[str]] = {}
    for workflow in WORKFLOWS:
        for address, comment in USES.findall(workflow.read_text(encoding="utf-8")):
            name = "/".join(address.split("@")[0].split("/")[:2])
            versions.setdefault(name, set()).add(f"{address.partition('@')[2]}{comment}".split(" zizmor")[0])
    assert not {name: found for name, found in versions.items() if len(found) > 1}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_start_without_permissions_and_end_in_bounded_time(workflow: Path) -> None:
    found = loaded(workflow)
    assert found["permissions"] == {}
    for job in found["jobs"].values():
        assert "permissions" in job
        assert job["timeout-minutes"] <= 120


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_no_checkout_leaves_a_token_in_the_workspace(workflow: Path) -> None:
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_the_first_stage_for_forks_has_no_secret_and_no_right_to_write() -> None:
    path = ROOT / "examples" / "workflows" / "forks-check.yml"
    assert "secrets." not in path.read_text(encoding="utf-8")
    assert loaded(path)["jobs"]["check"]["permissions"] == {"contents": "read"}


def test_the_second_stage_for_forks_checks_nothing_out_and_waits_for_the_first() -> None:
    first, second = (ROOT / "examples" / "workflows" / f"forks-{stage}.yml" for stage in ("check", "publish"))
    assert not [step for step in steps(second) if "checkout" in step["uses"]]
    assert loaded(second)[True]["workflow_run"]["workflows"] == [loaded(first)["name"]]


def test_no_template_starts_on_pull_request_target() -> None:
    assert not [path.name for path in WORKFLOWS if "pull_request_target" in loaded(path)[True]]


def test_replies_are_saved_by_content_and_artifacts_keep_the_hidden_folder() -> None:
    saved = [step["with"] for path in WORKFLOWS for step in steps(path) if "cache/save" in step.get("uses", "")]
    kept = [step["with"] for path in WORKFLOWS for step in steps(path) if "upload-artifact" in step.get("uses", "")]
    assert saved
    assert all("hashFiles(" in one["key"] for one in saved)
    assert kept
    assert all(one["include-hidden-files"] is True for one in kept)


def test_a_release_pins_the_image_by_its_digest(tmp_path: Path) -> None:
    shutil.copy(ROOT / "action.yml", tmp_path)
    pinned = release("pin_image.sh", "ghcr.io/apo-ci/apo-ci", DIGEST, folder=tmp_path)
    assert pinned.returncode == 0, pinned.stderr
    before, after = action("action.yml"), loaded(tmp_path / "action.yml")
    assert after["runs"].pop("image") == f"docker://ghcr.io/apo-ci/apo-ci@{DIGEST}"
    assert before["runs"].pop("image") == "Dockerfile"
    assert after == before


@pytest.mark.parametrize("image", ["Ghcr.io/x|e", "$(touch x)", "ghcr.io/apo-ci/apo-ci:latest"])
def test_a_release_refuses_what_is_no_image(image: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "action.yml", tmp_path)
    assert release("pin_image.sh", image, DIGEST, folder=tmp_path).returncode == 2
    assert release("pin_image.sh", "ghcr.io/apo-ci/apo-ci", "sha256:12", folder=tmp_path).returncode == 2
    assert action("action.yml") == loaded(tmp_path / "action.yml")


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3; true", "99.99.99"])
def test_a_release_refuses_a_version_that_is_not_the_project_s(version: str) -> None:
    assert release("check_version.sh", folder=ROOT, VERSION=version).returncode == 2


def release(script: str, *arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one of the release scripts in `folder`."""
    command = ["bash", str(ROOT / ".github" / "release" / script), *arguments]
    given = {"PATH": "/usr/bin:/bin", **variables}
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["requirements-build.lock", "requirements-local.lock"])
def test_every_pin_of_the_other_locks_has_a_hash_too(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"^\S+==", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:", lock, re.MULTILINE)) > 3


def test_the_image_is_built_from_named_files_only() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert "*" in lines
    assert all((ROOT / name).exists() for name in sent)
