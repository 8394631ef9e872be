"""Somebody who follows the pages for people to the letter: the README's project, the guide's workflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from apo_ci.inputs.repository import Repository
from tests.e2e.documentation import file_after
from tests.github import events
from tests.github.fake import FakeGitHub
from tests.integration.loopback import Body, Loopback
from tests.integration.project import HARM, Project, World
from tests.integration.workflow import NUMBER, Ran, Workflow

FILES = ("prompts/sentiment.prompt.md", "evals/sentiment.jsonl", "evals/sentiment.yaml", "apo-ci.yaml")
PROMPT, DATASET, EVAL, CONFIG = FILES
OLD = "You label product reviews."
NAME = "gpt-4.1-mini"
PRICED = f"{NAME}, price: {{input: 0.4, output: 1.6}}"  # no list has the price of an endpoint on loopback


def one_model(world: World) -> Any:
    """`world` behind one name: whoever is asked for JSON writes prompts."""

    def reply(body: Body) -> str:
        return world.optimize(body) if "response_format" in body else world.answer(body)

    return reply


class ReadmeProject(Project):
    """The README's four files, with as many cases as the simulated model knows."""

    def __init__(self, root: Path, world: World) -> None:
        self.root = self.home = root
        self.world = world
        self.repository = Repository.create(root)
        for path in FILES:
            self.write(path, file_after("README.md", path).replace(NAME, PRICED))
        self.write(DATASET, "".join(json.dumps(row) + "\n" for row in world.rows))
        self.repository.commit_all("Check the prompts")
        self.repository.switch_to_new_branch("edit")

    def edit(self, instruction: str) -> None:
        """Commit another instruction."""
        text = (self.root / PROMPT).read_text(encoding="utf-8")
        self.write(PROMPT, text.replace(OLD, f"{OLD} {instruction}"))
        self.repository.commit_all("Edit the prompt")


class Newcomer:
    """The project with its pull request, and the guide's smallest workflow, whose only input is `api-key`.

    The runner's part of `api-key` is done by the fixture that sets the variable; `base_url` leads to the simulation.
    """

    def __init__(self, folder: Path, github: FakeGitHub, server: Loopback, world: World) -> None:
        self.folder, self.github, self.server = folder, github, server
        self.project = ReadmeProject(folder / "repository", world)
        self.workflow = Workflow(self.project, github, folder / "jobs")

    def rewrite_base(self, path: str, text: str | None) -> None:
        """Commit `text` (`None`: nothing) at `path` to the default branch; the pull request begins there."""
        repository = self.project.repository
        repository.git("switch", "--quiet", "main")
        if text is None:
            (self.project.root / path).unlink()
        else:
            self.project.write(path, text)
        repository.commit_all("Change what governs")
        repository.git("switch", "--quiet", "--force-create", "edit")
        self.workflow.base = self.workflow.mirror("main", "main")

    def opened(self, *, fork: bool = False) -> dict[str, Any]:
        """The event of the pull request's opening."""
        return events.pull_request_event("opened", NUMBER, self.workflow.head, self.workflow.base, fork)

    def check(self, instruction: str = HARM, *, fork: bool = False, **inputs: str) -> Ran:
        """Open a pull request with this instruction, and run the job; without a search unless one is asked for."""
        self.workflow.open(instruction)
        return self.run("pull_request", self.opened(fork=fork), **inputs)

    def run(self, event: str, payload: dict[str, Any], **inputs: str) -> Ran:
        """Run the job on an event."""
        given = {"base_url": self.server.url, "search": "false", **inputs}
        return self.workflow.run(event, payload, run=None, **given)

    def comment(self, text: str) -> Ran:
        """Run the command workflow on a comment by somebody who may write."""
        self.github.collaborator("octocat", "write")
        comment = self.github.comment(NUMBER, text)
        self.project.repository.git("switch", "--quiet", "main")
        return self.run("issue_comment", events.issue_comment_event(text, number=NUMBER, comment_id=comment))

    def body(self) -> str:
        """The one comment."""
        (comment,) = self.github.comments(NUMBER)
        return str(comment["body"])
