"""Commits in memory, with the object names that git would give them (gitformat-pack's loose objects: sha1 of type,
size and content)."""

from __future__ import annotations

import functools
import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REGULAR = "100644"


def object_name(kind: str, content: bytes) -> str:
    """What `git hash-object -t KIND` prints."""
    return hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(content), content)).hexdigest()


@dataclass(frozen=True, slots=True)
class File:
    """A file at a commit."""

    data: bytes
    mode: str = REGULAR

    @property
    def sha(self) -> str:
        """The name of its blob."""
        return object_name("blob", self.data)


Tree = Mapping[str, File]


@dataclass(frozen=True, slots=True)
class Commit:
    """`author` and `committer` are logins, `date` seconds since the epoch."""

    sha: str
    tree_sha: str
    tree: Tree
    parents: tuple[str, ...]
    message: str
    author: str
    committer: str
    date: int


def address(login: str) -> str:
    """The address that GitHub gives an account for its commits."""
    return f"{account_number(login)}+{login}@users.noreply.github.com"


def account_number(login: str) -> int:
    """A stable number for an account."""
    return 41898282 if login == "github-actions[bot]" else int(hashlib.sha1(login.encode()).hexdigest()[:6], 16) + 1


def tree_name(tree: Tree) -> str:
    """The name of a tree object, folders and all."""
    folders: dict[str, dict[str, File]] = {}
    entries: dict[str, tuple[str, str]] = {}
    for path, file in tree.items():
        top, _, rest = path.partition("/")
        if rest:
            folders.setdefault(top, {})[rest] = file
        else:
            entries[top] = (file.mode, file.sha)
    ordered = [(name, mode, sha) for name, (mode, sha) in entries.items()]
    ordered += [(f"{name}/", "40000", tree_name(inner)) for name, inner in folders.items()]
    lines = (
        b"%s %s\0%s" % (mode.encode(), name.rstrip("/").encode(), bytes.fromhex(sha))
        for name, mode, sha in sorted(ordered)
    )
    return object_name("tree", b"".join(lines))


class Git:
    """All objects of a repository and its forks."""

    def __init__(self) -> None:
        self.commits: dict[str, Commit] = {}
        self.trees: dict[str, Tree] = {}
        self.blobs: dict[str, bytes] = {}

    def keep(self, tree: Tree) -> str:
        """Store a tree with its files; gives its name."""
        sha = tree_name(tree)
        self.trees[sha] = dict(tree)
        self.blobs.update({file.sha: file.data for file in tree.values()})
        return sha

    def commit(
        self,
        tree: Tree,
        parents: tuple[str, ...],
        message: str,
        author: str,
        date: int,
        *,
        committer: str | None = None,
        sha: str | None = None,
    ) -> Commit:
        """Store a commit; `sha` overrides the name that git would give it."""
        by, tree_sha = committer or author, self.keep(tree)
        lines = [f"tree {tree_sha}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {author} <{address(author)}> {date} +0000", f"committer {by} <{address(by)}> {date} +0000"]
        named = sha or object_name("commit", "\n".join([*lines, "", message]).encode())
        self.commits[named] = Commit(named, tree_sha, self.trees[tree_sha], parents, message, author, by, date)
        return self.commits[named]

    def ancestors(self, sha: str) -> list[str]:
        """The commit and all before it, nearest first."""
        found, queue = [], [sha]
        while queue:
            at = queue.pop(0)
            if at not in found:
                found.append(at)
                queue.extend(self.commits[at].parents)
        return found

    def merge_base(self, one: str, other: str) -> str | None:
        """The nearest common ancestor."""
        others = set(self.ancestors(other))
        return next((sha for sha in self.ancestors(one) if sha in others), None)

    def between(self, base: str, head: str) -> list[Commit]:
        """Commits of `head` that `base` has not, oldest first."""
        known = set(self.ancestors(base))
        return [self.commits[sha] for sha in reversed(self.ancestors(head)) if sha not in known]


@functools.lru_cache(maxsize=256)
def patch(before: bytes | None, after: bytes | None) -> str:
    """The hunks of git's own unified diff of a file, three lines of context, as GitHub shows them; "" for binary."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("before", before), ("after", after)):
            Path(folder, name).write_bytes(data or b"")
        command = ["git", "diff", "--no-index", "--no-color", "--no-ext-diff", "--no-textconv", "before", "after"]
        output = subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout  # exits 1 on differences
    text = output.decode("utf-8", "replace")
    start = text.find("\n@@ ")
    return "" if start < 0 else text[start + 1 :].removesuffix("\n")
