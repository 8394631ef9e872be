"""A GitHub with one open pull request, and the clock that it goes by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.fake import FakeGitHub
from tests.unit.publish.race import Time, opened


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def fake(clock: Time) -> Iterator[FakeGitHub]:
    with FakeGitHub(clock=clock.now) as fake:
        yield opened(fake)
