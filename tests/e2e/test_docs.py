"""What the pages for people say exists, and the tables are those of the program."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from apo_ci.cli import main
from apo_ci.config import parse_config
from apo_ci.inputs.evals import parse_eval
from apo_ci.publish.job import PULL_REQUEST_EVENTS, SCHEDULED_EVENTS
from apo_ci.publish.replies import HELP
from tests.e2e.documentation import LINK, PAGES, ROOT, SPAN, anchors, blocks, page, prose, section, tables
from tests.e2e.settings import BLOCKS, rows
from tests.unit.test_imports import ORDER

GUIDE, CONFIGURATION = "docs/github-action.md", "docs/configuration.md"
MESSAGES = "When something is wrong"  # what stands there is said by apo-ci, not to it
COMMAND = re.compile(r"^apo-ci(?: [a-z-].*)?$")


@pytest.mark.parametrize("name", PAGES)
def test_relative_links_lead_to_files_and_headings(name: str) -> None:
    for target in LINK.findall(prose(name)):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert file.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(str(file.relative_to(ROOT))), f"{name}: {target}"


def commands(name: str) -> list[str]:
    """The lines and code spans of a page that call apo-ci."""
    lines = [line.partition("#")[0].strip() for text in blocks(name, "", "sh") for line in text.splitlines()]
    written = prose(name).partition(f"## {MESSAGES}\n")[0]
    return [text for text in (*lines, *SPAN.findall(written)) if COMMAND.match(text)]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_option_exists(name: str) -> None:
    for text in commands(name):
        command: click.Command = main
        for word in shlex.split(text.replace("…", " ").replace("[", " ").replace("]", " "))[1:]:
            if word.startswith("-"):
                options = {option for each in command.params for option in each.opts}
                assert word.partition("=")[0] in {*options, "--help"}, text
            elif isinstance(command, click.Group):
                assert word in command.commands, text
                command = command.commands[word]


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))
    named = re.findall(r"^make ([a-z-]+)", "\n".join(blocks(name, "", "sh")), re.MULTILINE)
    named += [text.removeprefix("make ") for text in SPAN.findall(prose(name)) if re.fullmatch(r"make [a-z-]+", text)]
    assert set(named) <= targets


def snippets(*, workflows: bool) -> list[Any]:
    """The YAML of the pages: whole workflows, or all else."""
    return [
        pytest.param(text, id=f"{name}-{number}")
        for name in PAGES
        for number, text in enumerate(blocks(name, "yaml"), start=1)
        if ("\njobs:" in text) == workflows
    ]


@pytest.mark.parametrize("text", snippets(workflows=False))
def test_every_other_snippet_is_a_configuration_or_an_eval_file(text: str) -> None:
    if text.startswith("version:"):
        parse_config(text, "apo-ci.yaml")
    else:
        parse_eval(text, "evals/example.yaml")


@pytest.mark.parametrize("text", snippets(workflows=True))
def test_every_workflow_gives_the_action_inputs_that_it_has(text: str) -> None:
    known = yaml.safe_load(page("action.yml"))["inputs"]
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    (own,) = [step for step in steps if step["uses"].startswith("apo-ci/apo-ci@")]
    assert own["with"].keys() <= known.keys()


def tool(name: str) -> str:
    """A developer's tool, from this environment or the PATH."""
    here = Path(sys.executable).parent
    found = shutil.which(name, path=str(here)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("text", snippets(workflows=True))
def test_every_workflow_passes_actionlint(text: str, tmp_path: Path) -> None:
    lint(tmp_path, text, tool("actionlint"), "-no-color", "-shellcheck=", "-pyflakes=")


@pytest.mark.parametrize("text", snippets(workflows=True))
def test_every_workflow_is_valid_by_the_published_schema(text: str, tmp_path: Path) -> None:
    lint(tmp_path, text, tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows")


def lint(folder: Path, text: str, *command: str) -> None:
    """Run a linter on a workflow."""
    file = folder / "prompts.yml"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_and_the_guide_show_the_same_smallest_workflow() -> None:
    assert blocks("README.md", "yaml")[0] == blocks(GUIDE, "yaml")[0]


def action(path: str) -> dict[str, Any]:
    """One of the two actions."""
    found: dict[str, Any] = yaml.safe_load(page(path))
    return found


def told(things: dict[str, Any]) -> list[tuple[str, ...]]:
    """Inputs as the guide's table has them."""
    return [
        (f"`{name}`", f"`{one['default']}`" if one["default"] else "–", " ".join(one["description"].split()))
        for name, one in things.items()
    ]


def test_the_guide_s_inputs_are_those_of_both_actions() -> None:
    docker, composite = action("action.yml")["inputs"], action("composite/action.yml")["inputs"]
    both, more = tables(section(GUIDE, "Inputs"))
    assert both == told(docker)
    assert more == told({name: one for name, one in composite.items() if name not in docker})


def test_the_guide_s_outputs_are_those_of_the_action() -> None:
    (table,) = tables(section(GUIDE, "Outputs"))
    outputs = action("action.yml")["outputs"]
    assert table == [(f"`{name}`", " ".join(one["description"].split())) for name, one in outputs.items()]


def test_the_guide_s_events_are_those_that_are_answered() -> None:
    (table,) = tables(section(GUIDE, "Events"))
    named = {row[0].strip("`") for row in table}
    assert named == {*PULL_REQUEST_EVENTS, *SCHEDULED_EVENTS, "merge_group", "push", "issue_comment", "workflow_run"}


def test_the_guide_s_commands_are_those_that_help_shows() -> None:
    (table,) = tables(section(GUIDE, "Commands"))
    assert [table] == tables(HELP)


def test_the_guide_names_every_template() -> None:
    named = set(re.findall(r"\(\.\./examples/workflows/([a-z-]+\.yml)\)", section(GUIDE, "The smallest workflow")))
    assert named == {path.name for path in (ROOT / "examples" / "workflows").glob("*.yml")}


@pytest.mark.parametrize("heading", BLOCKS)
def test_the_configuration_page_has_every_key_with_its_type_and_default(heading: str) -> None:
    (table,) = tables(section(CONFIGURATION, heading))
    assert [row[:3] for row in table] == rows(BLOCKS[heading])
    assert all(len(row) == 4 and row[3].endswith(".") for row in table)


def test_contributing_has_the_import_order_and_every_marker() -> None:
    text = " ".join(page("CONTRIBUTING.md").split())
    assert f"`{', '.join(ORDER)}`" in text
    markers = tomllib.loads(page("pyproject.toml"))["tool"]["pytest"]["ini_options"]["markers"]
    assert not [marker for marker in markers if f"`{marker.partition(':')[0]}`" not in text]
