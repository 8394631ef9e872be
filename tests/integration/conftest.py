"""What the integration tests share: a simulated model on loopback, and a project that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.loopback import Loopback
from tests.integration.project import KEY, KEY_NAME, Project, World


@pytest.fixture
def world() -> World:
    """The simulated models."""
    return World()


@pytest.fixture
def server(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """The simulated models behind a real HTTP server that wants the right key."""
    monkeypatch.setenv(KEY_NAME, KEY)
    with Loopback(world, key=KEY) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: Loopback, world: World) -> Project:
    """A repository whose model is the simulated one."""
    return Project(tmp_path / "repository", server.url, world=world)
