"""What a pull request brings: the affected prompts on both sides, and what they are held to.

What governs, that is thresholds, scorers, cases, and everything that sends or spends, is read from the base. Only where
the base has nothing yet (or nothing that can be read) does the head's count, and a warning says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from apo_ci.config import Config, Overrides
from apo_ci.inputs.changes import AffectedPrompt, Changes
from apo_ci.inputs.paths import checked_folder
from apo_ci.inputs.repository import Repository
from apo_ci.inputs.trees import project_tree, subtree
from apo_ci.inputs.validation import validate_tree

__all__ = ["AffectedPrompt", "PullRequest", "read_pull_request", "validate_tree"]


@dataclass(frozen=True)
class PullRequest:
    """Everything the run needs to know about a pull request.

    `base` is the commit where the head left the target (`None` in a repository without commits), `head` a commit or
    `working tree`. `config` governs, and came from the side that `config_from` names. `affected` has an entry for each
    pair of prompt and eval file; `unevaluated` are affected prompts that no eval set names; `globs` is what names
    prompts at all. Paths begin at `root`, the folder `directory` of the `repository`.
    """

    repository: Path
    base: str | None
    head: str
    config: Config
    head_config: Config
    config_from: Literal["base", "head"]
    affected: tuple[AffectedPrompt, ...]
    deleted: tuple[str, ...]
    unevaluated: tuple[str, ...]
    warnings: tuple[str, ...]
    globs: tuple[str, ...] = ()
    directory: str = ""

    @property
    def root(self) -> Path:
        """Where the paths begin, in the working tree."""
        return self.repository / self.directory


def read_pull_request(
    repository: Repository,
    base_ref: str | None = None,
    head_ref: str | None = None,
    *,
    every: bool = False,
    paths: Sequence[str] | None = None,
    directory: str = "",
    config_path: str | None = None,
    overrides: Overrides | None = None,
) -> PullRequest:
    """Read what `head_ref` (`None`: the working tree) changes against its merge base with `base_ref`.

    Without `base_ref` the repository's default branch is taken. `every` makes all prompts count as affected; `paths`
    (paths or globs) leaves only the prompts that they match, and makes those count. `directory` is the project's folder
    in the repository, where all other paths begin; `config_path` names another configuration than the usual, and
    `overrides` go before it. Raises `InputError`, `ConfigError` and `RepositoryError`.
    """
    directory = checked_folder(directory)
    head_commit = repository.resolve(head_ref) if head_ref is not None else None
    base_commit = None
    if repository.has_commits():
        base_commit = repository.merge_base(base_ref or repository.default_base(), head_commit or "HEAD")
    base_tree = subtree(repository.tree(base_commit), directory) if base_commit is not None else None
    head_tree = project_tree(repository.tree(head_commit), directory)
    changes = Changes(base_tree, head_tree, config_path=config_path, overrides=overrides)
    affected, unevaluated = _affected(changes, every=every, paths=paths)
    return PullRequest(
        repository=repository.root,
        base=base_commit,
        head=head_commit or head_tree.name,
        config=changes.configurations.governing,
        head_config=changes.configurations.head,
        config_from=changes.configurations.source,
        affected=affected,
        deleted=changes.deleted(paths),
        unevaluated=unevaluated,
        warnings=changes.warnings(),
        globs=changes.globs,
        directory=directory,
    )


def _affected(
    changes: Changes, *, every: bool, paths: Sequence[str] | None
) -> tuple[tuple[AffectedPrompt, ...], tuple[str, ...]]:
    """The affected prompts with each of their eval sets, and those that have none."""
    affected: list[AffectedPrompt] = []
    unevaluated: list[str] = []
    for path in changes.prompts(paths):
        reasons = changes.reasons(path, every=every, named=paths is not None)
        entries = [changes.entry(path, eval_path, reasons) for eval_path in changes.evals_of(path)]
        affected.extend(entry for entry in entries if entry is not None)
        if reasons and not entries:
            unevaluated.append(path)
    return tuple(affected), tuple(unevaluated)
