"""What people read on a pull request stays as it was agreed."""

from __future__ import annotations

import pytest

from apo_ci.publish.commands import parse_command
from tests.surface.golden import FOLDER, golden, path_of
from tests.surface.situations import ALL, COMMENTS

MAX_COMMENT = 65_536  # characters that GitHub takes


@pytest.mark.parametrize("situation", ALL)
def test_each_situation_reads_as_agreed(situation: str) -> None:
    assert golden(ALL[situation]) == path_of(situation).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {path_of(situation).name for situation in ALL}


@pytest.mark.parametrize("situation", ALL)
def test_no_text_is_longer_than_github_takes(situation: str) -> None:
    assert all(len(piece.text) <= MAX_COMMENT for piece in ALL[situation])


@pytest.mark.parametrize("situation", COMMENTS)
def test_no_comment_is_a_command_to_ourselves(situation: str) -> None:
    assert parse_command(COMMENTS[situation]) is None
