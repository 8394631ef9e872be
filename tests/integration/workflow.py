"""A workflow job without a runner: real git, a fake GitHub, a simulated model, and `apo-ci action` in this process."""

from __future__ import annotations

import io
import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apo_ci.errors import ApoError
from apo_ci.pipeline.action import act
from tests.github.fake import FakeGitHub
from tests.integration.project import Project

NUMBER = 7
OUTPUT = re.compile(r"^([\w-]+)<<(\S+)\n(.*?)\n\2$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Ran:
    """What a job left behind: exit code, log, outputs and step summary."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


class Workflow:
    """Jobs on the pull request of `project`, which `github` knows by the same commits."""

    def __init__(
        self,
        project: Project,
        github: FakeGitHub,
        folder: Path,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.project = project
        self.github = github
        self._folder = folder
        self._runs = 0
        self._sleep, self._clock = sleep, clock
        self._server = "https://github.com"
        self.base = self.mirror("main")

    def mirror(
        self, branch: str, parent: str | None = None, *, message: str = "Edit the prompt", author: str = "octocat"
    ) -> str:
        repository = self.project.repository
        tree = repository.tree(branch)
        files = {path: tree.read(path) for path in tree.list(("**/*",))}
        return self.github.branch(
            branch, files, parent=parent, message=message, author=author, sha=repository.resolve(branch)
        )

    def open(self, instruction: str) -> str:
        """Commit another instruction on `edit`, and open the pull request; the head."""
        self.project.edit(instruction)
        return self.open_as_it_is()

    def open_as_it_is(self) -> str:
        """Open the pull request for what is committed on `edit`; the head."""
        head = self.mirror("edit", "main")
        self.github.pull_request(NUMBER, head="edit", base="main")
        return head

    def push(self, instruction: str, *, message: str = "Edit the prompt") -> str:
        """Another commit on the pull request; the head."""
        self.project.edit(instruction)
        return self.mirror("edit", "edit", message=message)

    def serve_git(self) -> None:
        """Put the repository where the job can only fetch it from; its checkout is left with `main` alone."""
        self._server = str(self._folder / "server")
        served = self._folder / "server" / self.github.repository
        root = self.project.root
        git("clone", "--quiet", "--bare", str(root), str(served))
        git("-C", str(served), "update-ref", f"refs/pull/{NUMBER}/head", self.head)
        git("-C", str(served), "update-ref", "-d", "refs/heads/edit")
        git("-C", str(root), "switch", "--quiet", "main")
        git("-C", str(root), "branch", "--quiet", "-D", "edit")
        git("-C", str(root), "reflog", "expire", "--expire=now", "--all")
        git("-C", str(root), "gc", "--quiet", "--prune=now")

    @property
    def head(self) -> str:
        """The pull request's head."""
        return self.github.branches["edit"]

    def run(self, event: str, payload: dict[str, Any], *, run: int | None = None, **inputs: str) -> Ran:
        """`apo-ci action` on an event; an `ApoError` gives its exit code, as on the command line."""
        self._runs += 1
        folder = self._folder / f"job-{self._runs}"
        folder.mkdir(parents=True)
        (folder / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        environment = self.environment(event, folder, run=run or 1000 + self._runs, **inputs)
        log = io.StringIO()
        try:
            code = act(environment, log, sleep=self._sleep, clock=self._clock)
        except ApoError as error:
            log.write(str(error))
            code = error.exit_code
        return Ran(code, log.getvalue(), _outputs(folder / "output"), _text(folder / "summary"))

    def environment(self, event: str, folder: Path, *, run: int, **inputs: str) -> dict[str, str]:
        """What the runner sets for a job; `folder` has its payload, and gets its outputs and summary."""
        return {
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_REPOSITORY": self.github.repository,
            "GITHUB_SHA": self.base,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKSPACE": str(self.project.root),
            "GITHUB_API_URL": self.github.url,
            "GITHUB_GRAPHQL_URL": f"{self.github.url}/graphql",
            "GITHUB_SERVER_URL": self._server,
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "APO_CI_INPUT_TOKEN": self.github.token,
            **{f"APO_CI_INPUT_{name.upper()}": value for name, value in inputs.items()},
        }


def git(*arguments: str) -> None:
    """git itself."""
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def _outputs(file: Path) -> dict[str, str]:
    return {name: value for name, _, value in OUTPUT.findall(_text(file))}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
