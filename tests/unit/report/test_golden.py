"""What people read stays as it was agreed."""

from __future__ import annotations

import pytest

from tests.unit.report.golden import COMMENTS, FOLDER, OTHERS, RENDERINGS, path_of
from tests.unit.report.samples import SITUATIONS


@pytest.mark.parametrize(("situation", "rendering"), COMMENTS + OTHERS)
def test_each_situation_reads_as_agreed(situation: str, rendering: str) -> None:
    expected = path_of(situation, rendering).read_text(encoding="utf-8")
    assert RENDERINGS[rendering](SITUATIONS[situation]) == expected


def test_no_golden_file_is_left_over() -> None:
    expected = {path_of(situation, rendering).name for situation, rendering in COMMENTS + OTHERS}
    assert {path.name for path in FOLDER.iterdir()} == expected
