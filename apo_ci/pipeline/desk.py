"""What every answer to a GitHub event needs: the job, its inputs, the client, and a place to talk."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from apo_ci import config
from apo_ci.errors import ConfigError, InputError
from apo_ci.inputs.paths import checked_path
from apo_ci.pipeline import HOME, RunOptions
from apo_ci.publish.action_inputs import ActionInputs
from apo_ci.publish.comment import StickyComment
from apo_ci.publish.facts import Facts
from apo_ci.publish.github import GitHub
from apo_ci.publish.job import Job, read_job
from apo_ci.publish.workflow_files import WorkflowFiles
from apo_ci.report.escape import terminal
from apo_ci.report.redact import Redactor

EVERY_PROMPT = ("**/*",)
MODES = ("update", "new", "hide-and-new")


@dataclass(frozen=True)
class Desk:
    """`github` is `None` without a token: everything is then told in the log, the summary and the outputs."""

    job: Job
    inputs: ActionInputs
    github: GitHub | None
    files: WorkflowFiles
    redactor: Redactor
    stdout: TextIO
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    @property
    def project(self) -> Path:
        """The folder of the project in the checkout."""
        return self.job.workspace / self.inputs.directory

    @property
    def out(self) -> Path:
        """Where the reports go."""
        return self._inside(self.inputs.out) or self.project / HOME / "out"

    @property
    def cache(self) -> Path:
        """The reply cache."""
        return self._inside(self.inputs.cache) or self.project / HOME / "cache.sqlite"

    def named(self, file: Path) -> str:
        """`file` from the workspace's root: a Docker action has the workspace elsewhere than the steps around it."""
        return str(file.relative_to(self.job.workspace) if file.is_relative_to(self.job.workspace) else file)

    def options(self, base: str | None, head: str | None) -> RunOptions:
        """What the inputs say of a run; inputs go before the event."""
        inputs = self.inputs
        return RunOptions(
            repository=self.job.workspace,
            directory=inputs.directory,
            config_path=inputs.config,
            overrides=inputs.overrides,
            base=inputs.base or base,
            head=inputs.head or head,
            every=inputs.all,
            search=inputs.search,
            budget=inputs.budget,
            seed=inputs.seed,
            cache=self.cache,
            out=self.out,
            section=inputs.section,
        )

    def sticky(self, facts: Facts, mode: str) -> StickyComment | None:
        """The tool's comment on a pull request; `None` when none is wanted."""
        if self.github is None or mode == "off":
            return None
        if mode not in MODES:
            raise ConfigError(f"`{mode}` is no way to comment.", cure=f"One of: {', '.join(MODES)}, off.")
        return StickyComment(
            self.github,
            facts.number,
            facts.login,
            mode=mode,  # type: ignore[arg-type]  # checked above
            sleep=self.sleep,
            generator=random.Random(),  # noqa: S311  # jitter, no secret
            clock=self.clock,
        )

    def say(self, line: str) -> None:
        """A line in the log."""
        self.stdout.write(terminal(self.redactor(line)) + "\n")
        self.stdout.flush()

    def warn(self, message: str) -> None:
        """A warning that the run's page shows."""
        self.files.warn(self.redactor(message))

    def _inside(self, path: str | None) -> Path | None:
        return None if path is None else self.job.workspace / path


def open_desk(
    environment: Mapping[str, str],
    stdout: TextIO | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> Desk:
    """The desk of the job that `environment` describes. Raises `ConfigError`."""
    stream = stdout or sys.stdout
    job, inputs = read_job(environment), ActionInputs.read(environment)
    if inputs.directory:
        try:
            checked_path(inputs.directory)
        except InputError as problem:
            raise ConfigError(f"The input `working-directory`: {problem.message}", cure=problem.cure) from problem
    github = None
    if inputs.token is not None:
        github = GitHub(
            inputs.token, job.repository, api_url=job.api_url, graphql_url=job.graphql_url, sleep=sleep, clock=clock
        )
    return Desk(
        job=job,
        inputs=inputs,
        github=github,
        files=WorkflowFiles(job.output, job.summary, stream),
        redactor=Redactor(config.known_secrets()),
        stdout=stream,
        sleep=sleep,
        clock=clock,
    )
