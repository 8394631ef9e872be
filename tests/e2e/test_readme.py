"""The README's files, commands and Python example do what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from apo_ci.cli import main
from apo_ci.inputs.repository import Repository
from tests.e2e.documentation import blocks, file_after, page
from tests.integration.loopback import Body, Loopback

README = "README.md"
FILES = ("prompts/sentiment.prompt.md", "evals/sentiment.jsonl", "evals/sentiment.yaml", "apo-ci.yaml")


def label(body: Body) -> str:
    """A model that knows a happy customer when it sees one."""
    text = body["messages"][-1]["content"].rsplit("Review:", 1)[-1]
    return "Yes" if "second" in text or "Exactly" in text else "No"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """An endpoint in place of OpenAI's."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-readme-0123456789")
    with Loopback(label) as running:
        yield running


def make_project(root: Path, server: Loopback) -> None:
    """The project that the README describes, pointed at the endpoint."""
    for path in FILES:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        text = file_after(README, path)
        text = text.replace("{name: gpt-4.1-mini", f"{{base_url: '{server.url}', name: gpt-4.1-mini")
        text = text.replace("gpt-4.1-mini,", "gpt-4.1-mini, price: {input: 0.4, output: 1.6},")
        (root / path).write_text(text, encoding="utf-8")


def test_the_example_project_is_valid(tmp_path: Path, server: Loopback) -> None:
    make_project(tmp_path, server)
    result = CliRunner().invoke(main, ["validate", "--repo", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "All good." in result.output


def test_the_example_project_runs_and_writes_the_three_reports(tmp_path: Path, server: Loopback) -> None:
    root = tmp_path / "repository"
    repository = Repository.create(root)
    make_project(root, server)
    repository.commit_all("Start")
    prompt = root / FILES[0]
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("You label", "Please label"), encoding="utf-8")
    out = tmp_path / "report"
    result = CliRunner().invoke(main, ["run", "--repo", str(root), "--base", "main", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["comment.md", "report.json", "summary.md"]
    assert server.calls == 4


def test_every_command_in_the_table_exists() -> None:
    named = set(re.findall(r"^\| `apo-ci ([a-z-]+)", page(README), re.MULTILINE))
    assert named == set(main.commands)


def test_the_python_example_prints_what_it_measured(
    server: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = blocks(README, "python")
    exec(example.replace('ModelSettings(name="', f'ModelSettings(base_url="{server.url}", name="'), {})
    assert capsys.readouterr().out == "100% of 4 cases, 4 calls\n"
