from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.client import AFTER, BEFORE, Client
from tests.github.fake import FakeGitHub


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    """A repository with pull request 7, which changes line 20 of a prompt's 40 lines."""
    with FakeGitHub() as running:
        running.branch("main", {"prompts/a.txt": BEFORE})
        running.branch("edit", {"prompts/a.txt": AFTER}, parent="main")
        running.pull_request(7)
        yield running


@pytest.fixture
def client(fake: FakeGitHub) -> Client:
    return Client(fake)
