"""A run that may ask no model: what the cache holds is said, what it lacks is inconclusive, and nothing is sent."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from apo_ci import pipeline
from apo_ci.config import Budget
from apo_ci.errors import InputError
from apo_ci.pipeline import RunOptions
from apo_ci.report.model import Report
from apo_ci.report.progress import Progress
from tests.integration.loopback import Loopback
from tests.integration.project import DATASET, EVAL, HARM, KEY_NAME, PROMPT, RULE, Project, prompt_text

REASON = "the pull request comes from a fork, which meets no key"


@pytest.fixture
def options(project: Project) -> RunOptions:
    """The project's pull request, compared only."""
    home = project.root.parent
    return RunOptions(
        project.root, base="main", head="HEAD", search=False, cache=home / "cache.sqlite", out=home / "out"
    )


def report_of(options: RunOptions) -> Report:
    return asyncio.run(pipeline.run(options, Progress(None))).report


def test_what_the_cache_lacks_is_inconclusive_and_no_request_is_sent(
    project: Project, server: Loopback, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_NAME)
    project.edit(f"You label product reviews. {HARM}")
    report = report_of(replace(options, search=True, without_model=REASON, budget=Budget(usd=1)))

    assert (report.verdict, report.blocks, server.calls) == ("inconclusive", False, 0)
    assert (report.without_model, report.finish_reason) == (REASON, "no model")
    assert report.prompts[0].reasons[0].startswith("The cache has no replies")
    assert report.prompts[0].suggestion is None


def test_what_the_cache_holds_is_compared_as_ever(project: Project, server: Loopback, options: RunOptions) -> None:
    project.edit(f"You label product reviews. {HARM}")
    asked = report_of(options)
    calls = server.calls
    replayed = report_of(replace(options, without_model=REASON))

    assert (replayed.verdict, server.calls) == ("fail", calls)
    assert replayed.prompts[0].comparison == asked.prompts[0].comparison
    assert replayed.prompts[0].digest == asked.prompts[0].digest


def test_one_prompt_that_is_missing_does_not_keep_the_others_from_being_judged(
    project: Project, server: Loopback, options: RunOptions
) -> None:
    other = PROMPT.replace("sentiment", "other")
    project.write(other, prompt_text("You label product reviews."))
    text = (project.root / EVAL).read_text(encoding="utf-8").replace(PROMPT, other)
    project.write(EVAL.replace("sentiment", "other"), text)
    project.edit(f"You label product reviews. {RULE}")
    report_of(options)
    project.write(other, prompt_text("You label product reviews well."))
    project.repository.commit_all("Edit the other one")
    report = report_of(replace(options, without_model=REASON))

    assert {prompt.path: prompt.verdict for prompt in report.prompts} == {PROMPT: "pass", other: "inconclusive"}


def test_it_blocks_where_the_gate_says_so(project: Project, options: RunOptions) -> None:
    project.repository.git("switch", "--quiet", "main")
    project.write("apo-ci.yaml", (project.root / "apo-ci.yaml").read_text() + "gate: {on_inconclusive: fail}\n")
    project.repository.commit_all("Be strict")
    project.repository.git("switch", "--quiet", "--create", "strict")
    project.edit(f"You label product reviews. {HARM}")
    report = report_of(replace(options, without_model=REASON))
    assert (report.verdict, report.blocks) == ("inconclusive", True)


def test_what_is_wrong_with_the_files_is_still_told(project: Project, options: RunOptions) -> None:
    project.write(DATASET, "{not json\n")
    project.repository.commit_all("Break it")
    with pytest.raises(InputError):
        report_of(replace(options, every=True, without_model=REASON))


def test_the_embedded_model_needs_not_be_there(
    project: Project, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    project.repository.git("switch", "--quiet", "main")
    project.write("apo-ci.yaml", "version: 1\nmodel: {provider: local}\n")
    project.repository.commit_all("Use the embedded model")
    project.repository.git("switch", "--quiet", "--create", "local")
    project.edit(f"You label product reviews. {HARM}")
    report = report_of(replace(options, without_model=REASON))
    assert report.verdict == "inconclusive"
    assert report.provenance.models[0].provider.startswith("local:a5fd3b62")


def test_the_digest_follows_what_decides_the_comparison_and_nothing_else(project: Project, options: RunOptions) -> None:
    asleep = replace(options, without_model=REASON)

    def digest() -> str:
        return report_of(asleep).prompts[0].digest

    project.edit(f"You label product reviews. {HARM}")
    first = digest()
    project.write("README.md", "Something else.")
    project.repository.commit_all("Another commit")
    assert digest() == first
    project.edit(f"You label product reviews. {RULE}")
    second = digest()
    assert second != first
    text = (project.root / "apo-ci.yaml").read_text(encoding="utf-8")
    for change in ("gate: {max_drop: 0.3}\n", "publish: {check: false}\n"):
        project.repository.git("switch", "--quiet", "main")
        project.write("apo-ci.yaml", text + change)
        project.repository.commit_all("Settings")
        project.repository.git("switch", "--quiet", "-C", "other", "edit")
        project.repository.git(
            "-c", "user.name=a", "-c", "user.email=a@b", "merge", "--quiet", "-m", "m", "-X", "theirs", "main"
        )
        assert (digest() == second) == ("publish" in change)


def test_a_folder_for_reports_is_made_when_it_is_missing(project: Project, options: RunOptions, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    report_of(replace(options, out=out, without_model=REASON))
    assert out.is_dir()
