"""What the project promises about its dependencies and its public names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

import apo_ci

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def locked() -> dict[str, Version]:
    """The pinned versions by package."""
    return {name: Version(version) for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", LOCK, re.MULTILINE)}


def test_the_lock_pins_every_runtime_dependency_within_its_bounds() -> None:
    pins = locked()
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name]), text


def test_every_pin_has_a_hash_and_no_host_is_named() -> None:
    pins = re.findall(r"^\S+==[^\n]*\\\n", LOCK, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:", LOCK, re.MULTILINE)) > 40
    assert "://" not in LOCK


def test_every_runtime_dependency_has_a_lower_bound() -> None:
    for text in PROJECT["dependencies"]:
        assert any(one.operator in (">=", "==") for one in Requirement(text).specifier), text


def test_every_public_name_can_be_imported_and_is_documented() -> None:
    for name in apo_ci.__all__:
        assert getattr(apo_ci, name).__doc__, name


def test_the_public_names_are_those_that_are_promised() -> None:
    assert apo_ci.__all__ == [
        "ApoError",
        "Budget",
        "EvaluationResult",
        "ModelSettings",
        "Parameters",
        "Price",
        "SearchResult",
        "SearchSettings",
        "SplitFractions",
        "evaluate",
        "optimize",
    ]
