"""A run that looks for a cheaper prompt, through the command, git and a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.loopback import Body, Loopback
from tests.integration.project import Project, World
from tests.integration.test_run import run

LENGTHY = "You label product reviews. " + "Read each of them from its first word to its last. " * 8
BASE = ("--base", "HEAD~1")


class Terse(World):
    """Answers the same whatever the prompt says; the optimizer's texts are all short."""

    def answer(self, body: Body) -> str:
        """The task model's label."""
        return super().answer({**body, "messages": body["messages"][-1:]})


@pytest.fixture
def world() -> World:
    """The simulated models."""
    return Terse()


def lengthy(folder: Path, server: Loopback, search: str) -> Project:
    """A repository whose search has these settings, with a long prompt on both sides of the last commit."""
    config = f"budget: {{calls: 1200}}\nsearch: {search}"
    project = Project(folder / "repository", server.url, world=Terse(), config=config)
    project.edit(LENGTHY)
    project.edit(f"{LENGTHY} Thank you.")
    return project


def suggestion_of(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report["prompts"][0]["suggestion"]
    return found


def test_a_prompt_of_the_same_score_and_fewer_tokens_is_offered_as_cheaper(tmp_path: Path, server: Loopback) -> None:
    project = lengthy(tmp_path, server, "{objective: score_per_cost, max_drop: 0.08}")
    result, report = run(project, *BASE)
    found = suggestion_of(report)
    assert found["status"] == "cheaper", found["explanation"]
    assert "A cheaper prompt was found" in result.output
    assert LENGTHY not in found["text"]
    row = found["tradeoff"]
    assert row["suggested"]["prompt_tokens"] < row["present"]["prompt_tokens"] / 1.5
    assert row["suggested"]["length"] < row["present"]["length"]
    assert row["present"]["seconds"] > 0


def test_dollars_follow_from_tokens_and_prices_and_tell_when_the_search_is_paid_for(
    tmp_path: Path, server: Loopback
) -> None:
    project = lengthy(tmp_path, server, "{objective: score_per_cost, max_drop: 0.08}")
    _, report = run(project, *BASE)
    found = suggestion_of(report)
    present, suggested = found["tradeoff"]["present"], found["tradeoff"]["suggested"]
    for call in (present, suggested):
        dollars = (call["prompt_tokens"] * 1 + call["completion_tokens"] * 2) / 1_000_000
        assert abs(call["usd"] - 1_000 * dollars) < 1e-12
    paid = found["tradeoff"]["pays_after"] * (present["usd"] - suggested["usd"]) / 1_000
    assert found["usd"] <= paid <= found["usd"] + (present["usd"] - suggested["usd"]) / 1_000 + 1e-9
    comment = (tmp_path / "out" / "comment.md").read_text(encoding="utf-8")
    assert f"The search has paid for itself after {found['tradeoff']['pays_after']:,} calls." in comment


def test_by_the_score_alone_the_same_prompt_is_nothing_to_suggest(tmp_path: Path, server: Loopback) -> None:
    _, report = run(lengthy(tmp_path, server, "{objective: score}"), *BASE)
    assert suggestion_of(report)["status"] == "none"
    assert suggestion_of(report)["tradeoff"] is None
