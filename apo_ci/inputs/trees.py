"""The files of one version of the repository: what a tree must be able to do, and the working tree."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

from apo_ci.errors import InputError
from apo_ci.inputs.paths import checked_path, matching, missing

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


def not_plain(path: str) -> InputError:
    """The error for a link, a submodule, a folder or a device."""
    message = "This is not a plain file (links and submodules are not followed)."
    return InputError(message, cure="Put the file itself here.", path=path)
