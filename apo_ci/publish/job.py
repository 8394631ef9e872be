"""What the Actions runner says of the job: its event, repository, commit and files.

Variables: https://docs.github.com/actions/reference/workflows-and-actions/variables. Payloads:
https://docs.github.com/webhooks/webhook-events-and-payloads. Only what is used is read; all else may change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from apo_ci.errors import ConfigError
from apo_ci.inputs.rows import parse_object

MAX_EVENT_BYTES = 30_000_000  # GitHub caps payloads at 25 MB
PULL_REQUEST_EVENTS = ("pull_request", "pull_request_target")
SCHEDULED_EVENTS = ("schedule", "workflow_dispatch")
QUEUE = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-(\d{1,10})-[0-9a-f]{40,64}")

Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")]
Branch = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[^\s\x00-\x1f\x7f~^:?*\\-][^\s\x00-\x1f\x7f~^:?*\\]*$"),
]


@dataclass(frozen=True, slots=True)
class PullRequestEvent:
    """A pull request was opened or pushed to. `base` is the tip of its target when the event was made."""

    number: int
    head: str
    head_branch: str
    base: str
    base_branch: str
    is_fork: bool


@dataclass(frozen=True, slots=True)
class MergeGroupEvent:
    """A merge queue asks whether `head` may become the target's tip; `number` is the pull request that it adds."""

    head: str
    base: str
    number: int | None


@dataclass(frozen=True, slots=True)
class PushEvent:
    """A branch moved to `head`; `is_default` tells that it is the repository's default one."""

    head: str
    branch: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """Nobody pushed: a timer or a person started the workflow on `branch`, at `head`."""

    head: str
    branch: str


@dataclass(frozen=True, slots=True)
class CommandEvent:
    """Somebody commented on a pull request; the `payload` is read by `publish.commands`."""

    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HandoverEvent:
    """Another workflow ended, for the commit `head` of `head_repository` (`owner/name`), branch `head_branch`."""

    head: str
    head_branch: str
    head_repository: str
    run: int


Event = PullRequestEvent | MergeGroupEvent | PushEvent | ScheduledEvent | CommandEvent | HandoverEvent


@dataclass(frozen=True, slots=True)
class Job:
    """The job as the runner describes it; `output` and `summary` are files that it reads afterwards."""

    event_name: str
    payload: Mapping[str, Any]
    repository: str
    sha: str
    ref: str
    run: int
    attempt: int
    workspace: Path
    api_url: str
    graphql_url: str | None
    server_url: str
    output: Path | None
    summary: Path | None

    @property
    def run_url(self) -> str:
        """The page of the workflow run."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run}"

    @property
    def event(self) -> Event:
        """The event; `ConfigError` for one that apo-ci has no answer to."""
        try:
            return _read_event(self)
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigError(
                f"The payload of the {self.event_name} event cannot be read: {place}: {first['msg']}.",
                cure="Run apo-ci in a workflow that GitHub started, with GITHUB_EVENT_PATH as the runner set it.",
            ) from problem


def read_job(environment: Mapping[str, str]) -> Job:
    """The job that `environment` describes. Raises `ConfigError` outside of GitHub Actions."""
    name, path = environment.get("GITHUB_EVENT_NAME", ""), environment.get("GITHUB_EVENT_PATH", "")
    repository = environment.get("GITHUB_REPOSITORY", "")
    if not (name and repository):
        raise ConfigError(
            "This is not a GitHub Actions job: GITHUB_EVENT_NAME or GITHUB_REPOSITORY is not set.",
            cure="`apo-ci action` is what action.yml starts; elsewhere use `apo-ci run`.",
        )
    return Job(
        event_name=name,
        payload=_payload(path),
        repository=repository,
        sha=environment.get("GITHUB_SHA", ""),
        ref=environment.get("GITHUB_REF", ""),
        run=_number(environment, "GITHUB_RUN_ID"),
        attempt=_number(environment, "GITHUB_RUN_ATTEMPT") or 1,
        workspace=Path(environment.get("GITHUB_WORKSPACE") or "."),
        api_url=environment.get("GITHUB_API_URL") or "https://api.github.com",
        graphql_url=environment.get("GITHUB_GRAPHQL_URL") or None,
        server_url=environment.get("GITHUB_SERVER_URL") or "https://github.com",
        output=_file(environment, "GITHUB_OUTPUT"),
        summary=_file(environment, "GITHUB_STEP_SUMMARY"),
    )


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _number(environment: Mapping[str, str], name: str) -> int:
    value = environment.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _payload(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    cure = "GITHUB_EVENT_PATH names the file that the runner writes; leave it as it is."
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_EVENT_BYTES + 1)
        if len(data) > MAX_EVENT_BYTES:
            raise ValueError(f"It has more than {MAX_EVENT_BYTES:,} bytes.")
        return parse_object(data.decode())
    except (OSError, ValueError) as problem:
        raise ConfigError(f"The event's payload cannot be read: {problem}", cure=cure, path=path) from problem


class _Part(BaseModel):
    """A part of a payload; what is not named here is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Part):
    full_name: str
    default_branch: str = "main"


class _Side(_Part):
    sha: Sha
    ref: Branch
    repo: _Repository | None = None


class _PullRequest(_Part):
    number: int
    head: _Side
    base: _Side


class _OfPullRequest(_Part):
    pull_request: _PullRequest


class _Group(_Part):
    head_sha: Sha
    base_sha: Sha
    head_ref: str


class _OfMergeGroup(_Part):
    merge_group: _Group


class _OfPush(_Part):
    after: Sha
    ref: str
    repository: _Repository


class _Run(_Part):
    id: int
    head_sha: Sha
    head_branch: Branch
    head_repository: _Repository


class _OfWorkflowRun(_Part):
    workflow_run: _Run


def _read_event(job: Job) -> Event:
    readers = {
        **dict.fromkeys(PULL_REQUEST_EVENTS, _pull_request),
        **dict.fromkeys(SCHEDULED_EVENTS, _scheduled),
        "merge_group": _merge_group,
        "push": _push,
        "issue_comment": lambda job: CommandEvent(job.payload),
        "workflow_run": _workflow_run,
    }
    if job.event_name not in readers:
        known = ", ".join(readers)
        raise ConfigError(f"apo-ci has no answer to the event `{job.event_name}`.", cure=f"Use one of: on: [{known}].")
    return readers[job.event_name](job)


def _pull_request(job: Job) -> Event:
    found = _OfPullRequest.model_validate(job.payload).pull_request
    source = found.head.repo
    return PullRequestEvent(
        number=found.number,
        head=found.head.sha,
        head_branch=found.head.ref,
        base=found.base.sha,
        base_branch=found.base.ref,
        is_fork=source is None or source.full_name.lower() != job.repository.lower(),
    )


def _merge_group(job: Job) -> Event:
    group = _OfMergeGroup.model_validate(job.payload).merge_group
    match = QUEUE.fullmatch(group.head_ref)
    return MergeGroupEvent(group.head_sha, group.base_sha, int(match[1]) if match else None)


def _push(job: Job) -> Event:
    found = _OfPush.model_validate(job.payload)
    branch = found.ref.removeprefix("refs/heads/")
    return PushEvent(found.after, branch, found.ref == f"refs/heads/{found.repository.default_branch}")


def _scheduled(job: Job) -> Event:
    return ScheduledEvent(job.sha, job.ref.removeprefix("refs/heads/"))


def _workflow_run(job: Job) -> Event:
    run = _OfWorkflowRun.model_validate(job.payload).workflow_run
    return HandoverEvent(run.head_sha, run.head_branch, run.head_repository.full_name, run.id)
