"""The installed command, as a shell sees it: help, exit codes, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("apo-ci"))


def apo_ci(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The installed command."""
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.parametrize("command", ["run", "eval", "optimize", "validate", "demo", "serve-local", "cache", "schema"])
def test_every_command_explains_itself(command: str) -> None:
    shown = apo_ci(command, "--help")
    assert shown.returncode == 0
    assert len(shown.stdout) > 100


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, apo_ci.cli; print(sorted({'openai', 'scipy', 'numpy', 'pydantic', 'rich'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_an_empty_folder_is_told_what_to_create(tmp_path: Path) -> None:
    shown = apo_ci("validate", cwd=tmp_path)
    assert shown.returncode == 2
    assert "Create apo-ci.yaml" in shown.stderr


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    shown = apo_ci("run", "--repo", str(tmp_path / "nowhere"))
    assert shown.returncode == 2
    assert "nowhere" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_an_unknown_option_is_a_usage_error() -> None:
    assert apo_ci("run", "--bugdet-calls", "3").returncode == 2


def test_cache_commands_round_trip(tmp_path: Path) -> None:
    assert apo_ci("cache", "--cache", str(tmp_path / "none.sqlite"), "stats").returncode == 2
    (tmp_path / "replies.jsonl").write_text("", encoding="utf-8")
    cache = ("cache", "--cache", str(tmp_path / "cache.sqlite"))
    assert apo_ci(*cache, "import", str(tmp_path / "replies.jsonl")).returncode == 0
    assert "0 replies" in apo_ci(*cache, "stats").stdout
    assert "sound" in apo_ci(*cache, "verify").stdout
    assert apo_ci(*cache, "prune", "--days", "1").returncode == 0
