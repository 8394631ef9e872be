"""The import rule: a part imports only itself and what stands before it, and each third-party edge has one home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "apo_ci"
ORDER = (
    "errors",
    "documents",
    "config",
    "lm",
    "inputs",
    "evaluation",
    "search",
    "gate",
    "report",
    "publish",
    "pipeline",
    "api",
    "demo",
    "cli",
)
HOMES = {
    "openai": ("lm",),
    "requests": ("publish/github.py",),
    "subprocess": ("inputs/repository.py",),
    "xllamacpp": ("lm/local.py",),
    "sqlite3": ("lm",),
}
PURE = ("evaluation", "search", "gate", "report")
NETWORK = {"socket", "requests", "openai", "aiohttp", "urllib"}
IMPURE_MODULES = NETWORK | {"subprocess", "sqlite3", "shutil", "tempfile", "os"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Dotted names that `path` imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str | None:
    """The part that a dotted name or a path belongs to; `None` for what is not ours."""
    pieces = name.split(".")
    if pieces[0] != "apo_ci" or len(pieces) == 1:
        return None
    return pieces[1] if pieces[1] in ORDER else None


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_part_imports_only_what_stands_before_it(path: Path) -> None:
    part = relative(path).split("/")[0].removesuffix(".py")
    if part in {"__init__", "__main__"}:
        return
    assert part in ORDER, f"{part} has no place in the import order"
    for name in imported(path):
        other = part_of(name)
        assert other is None or ORDER.index(other) <= ORDER.index(part), f"{relative(path)} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_each_third_party_edge_has_one_home(path: Path) -> None:
    here = relative(path)
    for name in imported(path):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or any(here == home or here.startswith(home + "/") for home in homes), f"{here}: {name}"


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_the_environment_is_read_in_one_module(path: Path) -> None:
    if relative(path) != "config/variables.py":
        source = path.read_text(encoding="utf-8")
        assert "os.environ" not in source
        assert "getenv" not in source


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_the_middle_stages_touch_neither_network_nor_files(path: Path) -> None:
    if relative(path).split("/")[0].removesuffix(".py") in PURE:
        touched = {name.split(".")[0] for name in imported(path)} & IMPURE_MODULES
        assert not touched
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "open" not in calls


def test_the_rule_itself_can_fail() -> None:
    assert part_of("apo_ci.pipeline.run") == "pipeline"
    assert ORDER.index("pipeline") > ORDER.index("report")
