"""The files of one version of the repository: what a tree must be able to do, and the working tree."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

from apo_ci.errors import InputError
from apo_ci.inputs.paths import checked_folder, checked_path, literal, matching, missing

WORKING_TREE = "working tree"


class Tree(Protocol):
    """The files of one version of the repository. Paths are relative to its root, with `/`.

    `read` and `open` raise `InputError` for a path that is missing, leaves the root, or is a link or submodule.
    """

    @property
    def name(self) -> str:
        """What to call it: the commit, or `working tree`."""
        ...

    @property
    def commit(self) -> str | None:
        """The commit's full name; `None` for the working tree."""
        ...

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        ...

    def open(self, path: str) -> BinaryIO:
        """A file as a stream; close it."""
        ...

    def exists(self, path: str) -> bool:
        """Whether there is a file (or link) at `path`."""
        ...

    def digest(self, path: str) -> str:
        """Git's object name for the bytes of a file: equal for equal files."""
        ...

    def list(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """The files that some pattern matches, sorted."""
        ...


class WorkingTree:
    """The files that are checked out: tracked ones, and untracked ones that git does not ignore."""

    name = WORKING_TREE
    commit: str | None = None

    def __init__(self, root: Path, list_files: Callable[[], Sequence[str]], object_format: Callable[[], str]):
        self._root = root
        self._list_files = list_files
        self._object_format = object_format

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        with self.open(path) as stream:
            return stream.read()

    def open(self, path: str) -> BinaryIO:
        """A file as a stream; links are not followed."""
        path = checked_path(path)
        full = self._root / path
        try:
            kind = full.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise missing(path, self._files) from None
        if not stat.S_ISREG(kind) or full.parent.resolve() != full.parent:
            raise not_plain(path)
        try:
            return open(os.open(full, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except OSError as problem:
            raise InputError(
                f"The file cannot be read: {problem.strerror}.", cure="Check its rights.", path=path
            ) from problem

    def digest(self, path: str) -> str:
        """Git's object name for the bytes of a file: equal for equal files."""
        with self.open(path) as stream:
            digest = hashlib.new(self._object_format())
            digest.update(b"blob %d\0" % os.fstat(stream.fileno()).st_size)
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def exists(self, path: str) -> bool:
        """Whether there is a file (or link) at `path`."""
        full = self._root / checked_path(path)
        return full.is_symlink() or full.is_file()

    def list(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """The files that some pattern matches, sorted."""
        return tuple(path for path in matching(patterns, self._files) if self.exists(path))

    @cached_property
    def _files(self) -> Sequence[str]:
        return self._list_files()


class Subtree:
    """A folder of a tree as a tree: its paths begin there, and so do those that errors name. None leads out of it."""

    def __init__(self, tree: Tree, folder: str):
        self._tree = tree
        self._folder = checked_path(folder)

    @property
    def name(self) -> str:
        """As in `Tree`."""
        return self._tree.name

    @property
    def commit(self) -> str | None:
        """As in `Tree`."""
        return self._tree.commit

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        with self._whole(path) as whole:
            return self._tree.read(whole)

    def open(self, path: str) -> BinaryIO:
        """A file as a stream; close it."""
        with self._whole(path) as whole:
            return self._tree.open(whole)

    def exists(self, path: str) -> bool:
        """Whether there is a file (or link) at `path`."""
        return self._tree.exists(f"{self._folder}/{checked_path(path)}")

    def digest(self, path: str) -> str:
        """Git's object name for the bytes of a file: equal for equal files."""
        with self._whole(path) as whole:
            return self._tree.digest(whole)

    def list(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """The files that some pattern matches, sorted."""
        globs = [f"{literal(self._folder)}/{checked_path(pattern)}" for pattern in patterns]
        return tuple(path.removeprefix(f"{self._folder}/") for path in self._tree.list(globs))

    @contextmanager
    def _whole(self, path: str) -> Iterator[str]:
        """`path` from the tree's root; what is wrong with it is told from here."""
        path = checked_path(path)
        try:
            yield f"{self._folder}/{path}"
        except InputError as problem:
            if not self.exists(path) and not self.list((f"{literal(path)}/**",)):
                raise missing(path, self.list(("**/*",))) from None
            told = problem.message.replace(f"`{self._folder}/{path}`", f"`{path}`")
            raise InputError(told, cure=problem.cure, path=path, line=problem.line) from None


def subtree(tree: Tree, folder: str) -> Tree:
    """The tree of `folder` in `tree`, and `tree` itself for the root. Raises `InputError` when it leads out."""
    folder = checked_folder(folder)
    return Subtree(tree, folder) if folder else tree


def project_tree(tree: Tree, folder: str) -> Tree:
    """`subtree`, of a folder that must be there: an `InputError` says so otherwise."""
    found = subtree(tree, folder)
    if found is not tree and not found.list(("**/*",)):
        cure = "Name a folder of the repository, written from its root, with --directory (or `working-directory`)."
        raise InputError(f"There is no such folder with files ({tree.name}).", cure=cure, path=folder)
    return found


def not_plain(path: str) -> InputError:
    """The error for a link, a submodule, a folder or a device."""
    message = "This is not a plain file (links and submodules are not followed)."
    return InputError(message, cure="Put the file itself here.", path=path)
