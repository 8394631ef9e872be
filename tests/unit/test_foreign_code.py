"""Nothing that is read is ever run: no scorer, prompt, eval set, artifact or reply is code."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

from apo_ci.errors import InputError
from apo_ci.inputs.evals import ScorerSettings, parse_eval

ROOT = Path(__file__).parents[2] / "apo_ci"
RUNS = {"eval", "exec", "compile", "__import__", "execfile"}
MODULES = {"pickle", "marshal", "shelve", "runpy", "code", "codeop", "dill", "cloudpickle", "ctypes"}
KNOWN = {"exact_match", "label", "contains", "regex", "number", "json", "rouge"}


def called(tree: ast.Module) -> set[str]:
    """What a module calls by a bare name, and `import_module` by any."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    bare = {function.id for function in functions if isinstance(function, ast.Name)}
    return bare | {one.attr for one in functions if isinstance(one, ast.Attribute) and one.attr == "import_module"}


def imported(tree: ast.Module) -> set[str]:
    """The top packages that a module imports."""
    found = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    found += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_runs_code_that_it_is_given(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {"import_module"} if path == ROOT / "__init__.py" else set()  # which loads its own parts, by their own names
    assert not called(tree) & (RUNS | {"import_module"}) - own
    assert not imported(tree) & MODULES


def test_every_scorer_is_one_of_ours() -> None:
    kinds = get_args(get_args(ScorerSettings)[0])
    assert {get_args(kind.model_fields["type"].annotation)[0] for kind in kinds} == KNOWN


@pytest.mark.parametrize(
    "scorer",
    [
        "{type: python, path: scorers/mine.py}",
        "{type: exact_match, path: scorers/mine.py}",
        "{type: 'scorers.mine:Score'}",
        "{type: llm, prompt: x}",
    ],
)
def test_a_scorer_of_another_making_is_refused(scorer: str) -> None:
    text = f"prompt: p.prompt.md\ndataset: d.jsonl\nscorers: [{scorer}]\n"
    with pytest.raises(InputError) as caught:
        parse_eval(text, "evals/a.yaml")
    assert caught.value.line == 3
