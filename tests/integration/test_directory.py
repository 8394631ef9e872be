"""A project in a folder of its repository: every command works there, and touches nothing beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.loopback import Loopback
from tests.integration.project import HARM, PROMPT, RULE, Project, World, prompt_text
from tests.integration.test_run import apo_ci, run

FOLDER = "services/web"


@pytest.fixture
def project(tmp_path: Path, server: Loopback, world: World) -> Project:
    """A repository whose project is in a folder."""
    return Project(tmp_path / "repository", server.url, world=world, folder=FOLDER)


def test_a_run_reports_paths_inside_the_folder_and_shows_them_from_the_root(project: Project) -> None:
    project.edit(f"You label product reviews. {HARM}")
    result, report = run(project, "--directory", FOLDER, "--no-search")
    assert (result.exit_code, report["verdict"]) == (1, "fail"), result.output
    assert (report["directory"], report["prompts"][0]["path"]) == (FOLDER, PROMPT)
    assert f"{FOLDER}/{PROMPT}" in (project.root.parent / "out" / "comment.md").read_text(encoding="utf-8")
    assert f"{FOLDER}/{PROMPT}" in result.output


def test_cache_and_reports_are_in_the_folder_wherever_in_the_repository_one_stands(
    project: Project, server: Loopback
) -> None:
    project.edit(f"You label product reviews. {RULE}")
    here = project.root / "services"
    result = apo_ci("run", "--repo", str(here), "--directory", FOLDER, "--base", "main", "--no-search")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (project.home / ".apo-ci").iterdir()} >= {".gitignore", "cache.sqlite", "out"}
    assert not (here / "services").exists()
    assert not (project.root / ".apo-ci").exists()


def test_optimize_writes_into_the_folder(project: Project) -> None:
    arguments = ("--repo", str(project.root), "--directory", FOLDER)
    result = apo_ci("optimize", PROMPT, *arguments, "--write")
    assert result.exit_code == 0, result.output
    assert RULE in (project.home / PROMPT).read_text(encoding="utf-8")
    assert not (project.root / PROMPT).exists()


def test_eval_reads_the_folder_and_another_configuration(project: Project) -> None:
    text = (project.home / "apo-ci.yaml").read_text(encoding="utf-8")
    project.write("ci.yaml", text)
    (project.home / "apo-ci.yaml").unlink()
    arguments = ("--repo", str(project.root), "--directory", FOLDER, "--config", "ci.yaml")
    result = apo_ci("eval", PROMPT, *arguments)
    assert result.exit_code == 0, result.output


def test_validate_names_what_is_wrong_inside_the_folder(project: Project, server: Loopback) -> None:
    arguments = ("--repo", str(project.root), "--directory", FOLDER)
    assert apo_ci("validate", *arguments).exit_code == 0
    project.write(PROMPT, prompt_text("{{ oops }}"))
    result = apo_ci("validate", *arguments)
    assert result.exit_code == 2
    assert f"\n{PROMPT}" in f"\n{result.output}" or "evals/sentiment.jsonl" in result.output
    assert server.calls == 0


@pytest.mark.parametrize("folder", ["nowhere", "../outside", "/tmp"])
def test_a_folder_that_is_not_there_is_one_message(project: Project, folder: str) -> None:
    for command in (("run", "--base", "main"), ("eval", PROMPT), ("optimize", PROMPT), ("validate",)):
        result = apo_ci(*command, "--repo", str(project.root), "--directory", folder)
        assert result.exit_code == 2, result.output
        assert "folder" in result.output or "not a path inside" in result.output
        assert "Traceback" not in result.output


def test_a_project_elsewhere_has_another_digest(project: Project) -> None:
    project.edit(f"You label product reviews. {RULE}")
    _, first = run(project, "--directory", FOLDER, "--no-search")
    (project.root / "moved").mkdir()
    project.repository.git("mv", FOLDER, "moved/web")
    project.repository.commit_all("Move it")
    _, second = run(project, "--directory", "moved/web", "--all", "--no-search", out="moved")
    digests = [json.dumps(report["prompts"][0]["digest"]) for report in (first, second)]
    assert len(set(digests)) == 2
