"""Takes the commits of a real repository into the fake, by their own names."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.github.git import File
from tests.github.state import State

FIELDS = "%H%x00%P%x00%an%x00%at%x00%B"


def take_in(state: State, repository: Path) -> dict[str, str]:
    """All branches with all commits before them; gives branch -> sha. Authors' names become logins."""
    heads = _git(repository, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads").decode()
    for sha in _git(repository, "rev-list", "--reverse", "--topo-order", "--branches").decode().split():
        if sha not in state.git.commits:
            _take_in_commit(state, repository, sha)
    found = {name: sha for sha, _, name in (line.partition(" ") for line in heads.splitlines())}
    with state.lock:
        state.branches.update(found)
    return found


def _take_in_commit(state: State, repository: Path, sha: str) -> None:
    shown = _git(repository, "show", "--no-patch", f"--format={FIELDS}", sha).decode("utf-8", "replace")
    _, parents, author, date, message = shown.rstrip("\n").split("\0", 4)
    with state.lock:
        state.git.commit(
            _tree(repository, sha), tuple(parents.split()), message, author.replace(" ", "-"), int(date), sha=sha
        )


def _tree(repository: Path, sha: str) -> dict[str, File]:
    listing = _git(repository, "ls-tree", "-r", "-z", sha).decode("utf-8", "surrogateescape")
    files = {}
    for line in filter(None, listing.split("\0")):
        details, _, path = line.partition("\t")
        mode, kind, name = details.split()
        if kind == "blob":
            files[path] = File(_git(repository, "cat-file", "blob", name), mode)
    return files


def _git(repository: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=True).stdout
