"""A checkout by itself, with nothing to compare it with; it need not be a git repository."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from apo_ci.config import Overrides
from apo_ci.errors import InputError, RepositoryError
from apo_ci.inputs.changes import Changes
from apo_ci.inputs.paths import checked_folder
from apo_ci.inputs.pull_request import PullRequest
from apo_ci.inputs.repository import Repository
from apo_ci.inputs.trees import Tree, WorkingTree, project_tree

HASH = "sha1"  # git's default object format; a folder without git has no other
MAX_FILES = 100_000


def open_tree(root: Path, ref: str | None, directory: str = "") -> Tree:
    """The files of the commit that `ref` names, or those at `root`, whether git knows them or not; in `directory`."""
    if not root.is_dir():
        raise InputError("There is no such folder.", cure="Check --repo.", path=str(root))
    try:
        return project_tree(Repository(root).tree(ref), directory)
    except RepositoryError:
        if ref is not None:
            raise
        whole = WorkingTree(root.resolve(), lambda: _files(root.resolve()), lambda: HASH)
        return project_tree(whole, directory)


def read_prompts(
    root: Path,
    paths: Sequence[str],
    *,
    directory: str = "",
    config_path: str | None = None,
    overrides: Overrides | None = None,
) -> PullRequest:
    """The prompts that `paths` (paths or globs) match in the files at `root`, as if all of them were new.

    `directory`, `config_path` and `overrides` are as in `read_pull_request`.
    """
    directory = checked_folder(directory)
    tree = open_tree(root, None, directory)
    changes = Changes(None, tree, config_path=config_path, overrides=overrides)
    entries = [
        changes.entry(path, eval_path, ("named",))
        for path in changes.prompts(paths)
        for eval_path in changes.evals_of(path)
    ]
    if not entries:
        raise InputError(
            f"No eval set names {', '.join(paths)}.",
            cure="Write one: a YAML file in evals/ with `prompt:` and `dataset:`.",
        )
    return PullRequest(
        repository=top_of(root),
        base=None,
        head=tree.name,
        config=changes.configurations.governing,
        head_config=changes.configurations.head,
        config_from=changes.configurations.source,
        affected=tuple(entry for entry in entries if entry is not None),
        deleted=(),
        unevaluated=(),
        warnings=tuple(one for one in changes.warnings() if one not in changes.configurations.warnings),
        globs=changes.globs,
        directory=directory,
    )


def top_of(root: Path) -> Path:
    """Where the paths of the tree at `root` begin: git's top folder, or `root` itself."""
    try:
        return Repository(root).root
    except RepositoryError:
        return root.resolve()


def _files(root: Path) -> list[str]:
    """Every file below `root` that is not hidden, with `/`."""
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found.extend((Path(folder) / name).relative_to(root).as_posix() for name in files)
        if len(found) > MAX_FILES:
            cure = "Run apo-ci at the project's root, or in a git repository, where ignored files do not count."
            raise InputError(f"The folder has more than {MAX_FILES:,} files.", cure=cure, path=str(root))
    return sorted(found)
