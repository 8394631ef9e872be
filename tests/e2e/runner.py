"""Workflows, run by nektos/act on this machine: events in, the job's log and exit code out.

The templates of examples/workflows run as they stand, but for the action's address where the composite one is meant.
Other actions are replaced by the small ones in `actions/`; checkout is act's own (a copy of the repository).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.github.fake import FakeGitHub

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "examples" / "workflows"
STAND_INS = Path(__file__).parent / "actions"
RELEASED = "apo-ci/apo-ci@v1"
COMPOSITE = "apo-ci/apo-ci/composite@v1"
PINNED = re.compile(r"uses: (actions/[a-z-]+)(?:/[a-z]+)?@([0-9a-f]{40})")
LIMIT_SECONDS = 300


def require_act() -> str:
    """The path of act; skips the test where it is missing, fails where the environment says that it must be there."""
    beside = Path(sys.executable).with_name("act")
    found = str(beside) if beside.is_file() else shutil.which("act")
    missing = [name for name, there in {"act": found, "git": shutil.which("git")}.items() if not there]
    if not missing and found:
        return found
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("APO_CI_REQUIRE_ACT") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Ran:
    """A workflow's run: act's exit code, which is 0 when every job passed, and the log."""

    code: int
    log: str


@dataclass
class Runner:
    """act on `repository`, a real one. `store` keeps caches and artifacts between runs, as GitHub does.

    Jobs run on this machine; with `docker_host`, in containers of `job_image`, whose network Docker actions then share.
    """

    act: str
    repository: Path
    github: FakeGitHub
    store: Path
    action: Path
    variant: Literal["composite", "docker"] = "composite"
    secrets: Mapping[str, str] = field(default_factory=dict)
    docker_host: str | None = None
    job_image: str | None = None
    runs: int = 0

    def run(
        self, template: str, event: str, payload: Mapping[str, Any], *, edits: Mapping[str, str] | None = None
    ) -> Ran:
        """One workflow run. `edits` are what a user changes in the template: words and what to put there."""
        self.runs += 1
        folder = self.store / f"run-{self.runs}"
        folder.mkdir(parents=True)
        workflow = folder / template
        text = self._addressed((TEMPLATES / template).read_text(encoding="utf-8"))
        for old, new in (edits or {}).items():
            assert old in text, f"{template} has no {old}"
            text = text.replace(old, new)
        workflow.write_text(text, encoding="utf-8")
        (folder / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        command = [self.act, event, "-W", str(workflow), "-e", str(folder / "event.json"), *self._options(text)]
        done = subprocess.run(
            command,
            cwd=self.repository,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
            env=self._environment(),
        )
        log = done.stdout + done.stderr
        (folder / "log.txt").write_text(log, encoding="utf-8")
        return Ran(done.returncode, log)

    def _addressed(self, text: str) -> str:
        return text.replace(RELEASED, COMPOSITE) if self.variant == "composite" else text

    def _options(self, workflow: str) -> list[str]:
        url = self.github.url
        variables = {
            "GITHUB_API_URL": url,
            "GITHUB_GRAPHQL_URL": f"{url}/graphql",
            "GITHUB_REPOSITORY": self.github.repository,
            "GITHUB_RUN_ID": str(100 + self.runs),
            "STAND_IN_STORE": str(self.store),
        }
        secrets = {"GITHUB_TOKEN": self.github.token, **self.secrets}
        replaced = {
            f"{name}@{sha}": STAND_INS / name.removeprefix("actions/")
            for name, sha in PINNED.findall(workflow)
            if name != "actions/checkout"
        }
        replaced[RELEASED] = self.action
        return [
            *("-P", f"ubuntu-latest={self.job_image or '-self-hosted'}", "-P", "self-hosted=-self-hosted"),
            *("--defaultbranch", "main", "--pull=false", "--network", "host", "--container-daemon-socket", "-"),
            *("--container-options", f"--volume={self.store}:{self.store}"),
            *(part for name, value in variables.items() for part in ("--env", f"{name}={value}")),
            *(part for name, value in secrets.items() for part in ("-s", f"{name}={value}")),
            *(part for name, path in replaced.items() for part in ("--local-repository", f"{name}={path}")),
        ]

    def _environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "PIP_CERT")
        given = {name: os.environ[name] for name in kept if name in os.environ}
        if self.docker_host is not None:
            given |= {"DOCKER_HOST": self.docker_host, "DOCKER_BUILDKIT": "0"}
        return {**given, "XDG_CACHE_HOME": str(self.store / "act")}
