"""A stage for workflows: a real repository with a pull request, a fake GitHub with its commits, simulated models."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.runner import ROOT, Runner
from tests.github.fake import FakeGitHub
from tests.github.real_git import take_in
from tests.integration.loopback import Loopback
from tests.integration.project import KEY, KEY_NAME, PROMPT, Project, World, prompt_text

NUMBER = 7
PLAIN = "You label product reviews. Answer Yes or No."
RELEASED_FILES = ("action.yml", "apo-ci.yaml", "pyproject.toml", "README.md", "LICENSE")
RELEASED_FOLDERS = ("apo_ci", "composite", "evals", "prompts")


@dataclass
class Stage:
    """What a scenario needs. `edit` is the pull request's branch."""

    root: Path
    github: FakeGitHub
    models: Loopback
    runner: Runner

    def git(self, *arguments: str) -> str:
        """What git says in the repository."""
        done = subprocess.run(["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def sha(self, name: str) -> str:
        """The commit of a branch."""
        return self.git("rev-parse", name)

    def write(self, path: str, text: str) -> None:
        """Write a file of the working tree."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def commit(self, branch: str, instruction: str, path: str = PROMPT) -> str:
        """Commit a prompt with another instruction to `branch`, and push it; the commit."""
        self.git("switch", "--quiet", branch)
        self.write(path, prompt_text(instruction))
        self.git("add", "--all")
        self.git("-c", "user.name=octocat", "-c", "user.email=octocat@example.com", "commit", "--quiet", "-m", "Edit")
        take_in(self.github, self.root)
        return self.sha(branch)


@contextmanager
def staged(place: Path, make_runner: Callable[[Path, FakeGitHub], Runner], project: str = ".") -> Iterator[Stage]:
    """A stage in `place`, with pull request 7 open from `edit` to `main`; nothing is edited yet.

    The prompts are in the folder `project` of the repository.
    """
    root = place / "repository"
    with Loopback(World(), key=KEY) as models, FakeGitHub() as github:
        made = Project(root, models.url, folder=project)
        stage = Stage(root, github, models, make_runner(root, github))
        stage.git("switch", "--quiet", "main")
        config = made.home / "apo-ci.yaml"
        config.write_text(
            config.read_text(encoding="utf-8").replace(f" api_key_env: {KEY_NAME},", ""), encoding="utf-8"
        )
        stage.write(".gitignore", ".apo-ci/\n")
        made.repository.commit_all("Take the key from the action's input")
        stage.git("branch", "--force", "edit", "main")
        stage.git("remote", "add", "origin", f"https://github.com/{github.repository}")
        take_in(github, root)
        github.pull_request(NUMBER)
        yield stage


def released(folder: Path) -> Path:
    """The action as a tag of its repository has it: its files in `folder`."""
    folder.mkdir(parents=True)
    for name in (*RELEASED_FILES, *(path.name for path in ROOT.glob("requirements*.lock"))):
        shutil.copy2(ROOT / name, folder / name)
    for name in RELEASED_FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def installed(folder: Path) -> Path:
    """The action with a ready-made environment, so that not every run installs one: its installer only links to it."""
    environment = folder / "environment"
    action = released(folder / "action")
    subprocess.run(["bash", str(action / "composite" / "install.sh"), str(environment)], check=True)
    link = f'#!/usr/bin/env bash\nln -s "{environment}" "$1"\n'
    (action / "composite" / "install.sh").write_text(link, encoding="utf-8")
    return action
