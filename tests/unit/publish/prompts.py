"""A repository with a prompt on a pull request, and a fix for it."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace

from pydantic import SecretStr

from apo_ci.publish.commit import CommitMessage, Fix, commit_message
from apo_ci.publish.facts import Facts
from apo_ci.publish.github import GitHub
from tests.github.fake import FakeGitHub

PATH = "prompts/tone.prompt.md"
OTHER = "prompts/other.prompt.md"
GLOBS = ("prompts/**/*.prompt.md",)
BEFORE = "system:\nLabel the review.\nuser:\nReview: {{ review }}\n"
AFTER = "system:\nIs the reviewer happy? Answer Yes or No.\nuser:\nReview: {{ review }}\n"
RUN_URL = "https://github.com/octo/prompts/actions/runs/77"
FIX = Fix(PATH, hashlib.sha256(BEFORE.encode()).hexdigest(), "", AFTER, 0.032, 0.005, 0.059, 180, "77", 1204, "")
OTHER_FIX = replace(FIX, path=OTHER)
NUMBER = 7


def client(fake: FakeGitHub, seed: int = 3) -> GitHub:
    """A client that never sleeps, and has all patience."""
    return GitHub(
        SecretStr(fake.token),
        fake.repository,
        api_url=fake.url,
        sleep=lambda _: None,
        generator=random.Random(seed),
        patience_seconds=1e6,
    )


def pull_request(fake: FakeGitHub) -> str:
    """Open the pull request; its head."""
    fake.branch("main", {PATH: "Label it: {{ review }}\n", OTHER: BEFORE, "README.md": "Prompts.\n"})
    head = fake.branch("edit", {PATH: BEFORE}, parent="main")
    fake.pull_request(NUMBER)
    return head


def message(*fixes: Fix) -> CommitMessage:
    """What a commit of `fixes` says."""
    return commit_message(fixes or (FIX,), run_url=RUN_URL, requested_by="mona")


def facts(head: str) -> Facts:
    """What GitHub says of the pull request."""
    return Facts(
        number=NUMBER,
        login="github-actions[bot]",
        head=head,
        head_branch="edit",
        base="0" * 40,
        base_branch="main",
        is_open=True,
        is_fork=False,
        last_message="Change the prompt",
        last_author="octocat",
    )
