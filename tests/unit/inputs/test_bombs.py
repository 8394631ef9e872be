"""Whatever a stranger writes ends by our limits, in little time and memory, and never by the kernel's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.inputs.bombs import NEAR, attacks

ROOT = Path(__file__).parents[3]
MOST_SECONDS = 6  # of processor time; at most 1.5 on an idle machine
MOST_MEGABYTES = 350
REFUSED = ("template: ", "document: ")


@pytest.fixture(scope="module")
def findings() -> dict[str, dict[str, Any]]:
    """What became of each attack, by its name."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.inputs.bombs"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {found["name"]: found for found in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", attacks())
def test_it_ends_by_our_limits_in_little_time_and_memory(findings: dict[str, dict[str, Any]], name: str) -> None:
    found = findings[name]
    is_near = name.removeprefix("template: ") in NEAR
    expected = ("refused",) if name.startswith(REFUSED) and not is_near else ("done", "refused")
    assert found["became"] in expected, found
    assert found["seconds"] < MOST_SECONDS, found
    assert found["megabytes"] < MOST_MEGABYTES, found
