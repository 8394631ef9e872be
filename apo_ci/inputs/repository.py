"""The git repository: commits and the working tree, read the same way. The one place that starts processes."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from pydantic import SecretStr

from apo_ci.config import environment
from apo_ci.errors import RepositoryError
from apo_ci.inputs.git_settings import Pairs, checked_refspecs, child_environment, fetch_settings, protocol_of
from apo_ci.inputs.paths import checked_path, matching, missing
from apo_ci.inputs.trees import Tree, WorkingTree, not_plain

__all__ = ["CommitTree", "Repository", "Tree", "WorkingTree"]

TIMEOUT_SECONDS = 120
DEFAULT_BASES = ("origin/main", "origin/master", "main", "master")
EVERYTHING = 2**31 - 1  # the depth that means all of the history (git-fetch(1), `--depth`)
_OPTIONS = ("--no-pager", "--no-optional-locks", "--literal-pathspecs")
_DIFF = (
    *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-relative", "--submodule=short"),
    *("--unified=3", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/"),
)
_FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"),
    *("--no-auto-maintenance", "--refmap="),
)
_IDENTITY = ("-c", "user.name=apo-ci", "-c", "user.email=apo-ci@example.invalid", "-c", "commit.gpgSign=false")


class Repository:
    """A git work tree. Raises `RepositoryError` when `root` is not in one; `root` becomes its top folder."""

    def __init__(self, root: Path):
        self.root = root
        top = os.fsdecode(self.git("rev-parse", "--show-toplevel")).rstrip("\n")
        if not top:
            raise RepositoryError(f"{root} has no working tree.", cure="Run apo-ci in a checkout, not in a bare one.")
        self.root = Path(top).resolve()

    @classmethod
    def create(cls, root: Path) -> Repository:
        """Make a repository at `root`, with the branch `main` and no commit."""
        root.mkdir(parents=True, exist_ok=True)
        _run(root, ("init", "--quiet", "--initial-branch=main", "--template="))
        return cls(root)

    def commit_all(self, message: str, *, date: str | None = None) -> str:
        """Commit every change under a fixed name; the new commit.

        With a `date` (ISO 8601) the same files and message give the same commit.
        """
        dates = {} if date is None else {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        self.git("add", "--all")
        commit = (*_IDENTITY, "commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)
        _run(self.root, commit, variables=dates)
        return self.resolve("HEAD")

    def switch_to_new_branch(self, name: str) -> None:
        """Create a branch here and check it out."""
        self.git("switch", "--quiet", "--create", _checked_ref(name))

    def git(self, *arguments: str) -> bytes:
        """What git writes. Raises `RepositoryError` when it fails."""
        return _run(self.root, arguments)

    def resolve(self, ref: str) -> str:
        """The commit that `ref` names; a branch that only `origin` has is found there."""
        for name in (_checked_ref(ref), f"refs/remotes/origin/{ref}"):
            try:
                found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            except RepositoryError:
                continue
            return found.decode().strip()
        hint = "Fetch it first (in a workflow: `fetch-depth: 0` for actions/checkout), or check its name."
        raise RepositoryError(f"git knows no commit `{ref}`.", cure=hint)

    def files(self) -> tuple[str, ...]:
        """The files of the working tree: tracked ones, and untracked ones that git does not ignore."""
        listed = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--full-name")
        return tuple(dict.fromkeys(_zero_separated(listed)))

    def tracks(self, paths: Iterable[Path]) -> bool:
        """Whether something at `paths`, or below them, is in git's index; what lies outside of the work tree is not."""
        try:
            names = [str(path.absolute()) for path in paths]
            return bool(self.git("ls-files", "-z", "--cached", "--", *names))
        except RepositoryError:
            return False

    def object_format(self) -> str:
        """The hash that names objects: `sha1` or `sha256`."""
        return self.git("rev-parse", "--show-object-format").decode().strip()

    def has_commits(self) -> bool:
        """Whether anything was ever committed here."""
        return self._knows("HEAD")

    def _knows(self, ref: str) -> bool:
        try:
            self.resolve(ref)
        except RepositoryError:
            return False
        return True

    def merge_base(self, target_ref: str, head: str) -> str:
        """The commit where `head` left `target_ref`."""
        target, tip = self.resolve(target_ref), self.resolve(head)
        try:
            return self.git("merge-base", target, tip).decode().split()[0]
        except RepositoryError as problem:
            shallow = self.git("rev-parse", "--is-shallow-repository").strip() == b"true"
            cure = "Fetch the history (`fetch-depth: 0` for actions/checkout, or `git fetch --unshallow`)."
            raise RepositoryError(
                f"`{target_ref}` and `{head}` have no common ancestor{' in this shallow clone' if shallow else ''}.",
                cure=cure if shallow else "Name a base that the head was made from.",
            ) from problem

    def diff(self, base: str, head: str, path: str) -> str:
        """The unified diff of one file from commit `base` to commit `head`, three lines of context; empty when equal.

        Bytes that are not UTF-8 become U+FFFD.
        """
        commits = (self.resolve(base), self.resolve(head))
        return self.git(*_DIFF, *commits, "--", checked_path(path)).decode("utf-8", "replace")

    def fetch(self, url_or_remote: str, refspec: str | Sequence[str], token: SecretStr | None = None) -> None:
        """Fetch by `refspec` (one or several), with all of the history, from a URL or a remote of this repository.

        Over https (http on loopback), or from a folder. `token` is sent to that URL alone, and is in no argument.
        """
        checked = checked_refspecs((refspec,) if isinstance(refspec, str) else refspec)
        url = url_or_remote if _is_url(url_or_remote) else self._url_of(url_or_remote)
        protocol = {"GIT_ALLOW_PROTOCOL": protocol_of(url)}
        shallow = self.git("rev-parse", "--is-shallow-repository").strip() == b"true"
        depth = (f"--depth={EVERYTHING}",) if shallow else ()
        arguments = (*_FETCH, *depth, "--end-of-options", url, *checked)
        _run(self.root, arguments, variables=protocol, settings=fetch_settings(url, token))

    def _url_of(self, remote: str) -> str:
        found = self.git("remote", "get-url", "--", _checked_ref(remote))
        return os.fsdecode(found).rstrip("\n")

    def default_base(self) -> str:
        """The branch that pull requests go to: `origin`'s default, else main or master."""
        try:
            name = self.git("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD").decode().strip()
        except RepositoryError:
            name = ""
        for candidate in filter(None, (name, *DEFAULT_BASES)):
            if self._knows(candidate):
                return candidate
        raise RepositoryError("It is not clear what to compare with.", cure="Say so: `--base BRANCH`.")

    def tree(self, ref: str | None) -> Tree:
        """The files of the commit that `ref` names; `None` is the working tree."""
        return (
            WorkingTree(self.root, self.files, self.object_format)
            if ref is None
            else CommitTree(self, self.resolve(ref))
        )


class CommitTree:
    """The files of one commit, read from git's object store."""

    def __init__(self, repository: Repository, commit: str):
        self._repository = repository
        self.commit: str | None = commit
        self.name = commit[:12]

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._repository.git("cat-file", "blob", self.digest(path))

    def open(self, path: str) -> BinaryIO:
        """A file as a stream from `git cat-file`."""
        return _ProcessOutput(self._repository.root, ("cat-file", "blob", self.digest(path)))

    def exists(self, path: str) -> bool:
        """Whether there is a file (or link) at `path`."""
        return checked_path(path) in self._entries

    def list(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """The files that some pattern matches, sorted."""
        return matching(patterns, self._entries)

    def digest(self, path: str) -> str:
        """Git's object name for the bytes of a file: equal for equal files."""
        path = checked_path(path)
        if path not in self._entries:
            raise missing(path, self._entries)
        mode, name = self._entries[path]
        if mode not in ("100644", "100755"):
            raise not_plain(path)
        return name

    @cached_property
    def _entries(self) -> dict[str, tuple[str, str]]:
        """Path to mode and object name."""
        entries = {}
        for entry in _zero_separated(self._repository.git("ls-tree", "-r", "-z", "--full-tree", self.commit or "")):
            meta, _, path = entry.partition("\t")
            mode, _, name = meta.split(" ")
            entries[path] = (mode, name)
        return entries


class _ProcessOutput(io.BufferedReader):
    """The output of a process as a stream; closing it ends the process."""

    def __init__(self, root: Path, arguments: Sequence[str]):
        # The arguments are git's own names for objects, never text from outside.
        self._process = subprocess.Popen(  # noqa: S603
            _command(root, arguments),
            env=child_environment(environment(), root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        super().__init__(self._process.stdout)  # type: ignore[arg-type] # raw because of bufsize=0

    def close(self) -> None:
        """Close the pipe and wait for the process."""
        super().close()
        self._process.wait()


def _command(root: Path, arguments: Iterable[str]) -> tuple[str, ...]:
    return ("git", "-C", str(root), *_OPTIONS, *arguments)


def _run(
    root: Path, arguments: Sequence[str], *, variables: Mapping[str, str] | None = None, settings: Pairs = ()
) -> bytes:
    try:
        # git is found on PATH like every tool of a workflow; the arguments are checked or written here.
        done = subprocess.run(  # noqa: S603
            _command(root, arguments),
            env={**child_environment(environment(), root, settings), **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError as problem:
        raise RepositoryError("git was not found.", cure="Install git.") from problem
    except subprocess.TimeoutExpired as problem:
        raise RepositoryError(f"git did not finish in {TIMEOUT_SECONDS} seconds.", cure="Try again.") from problem
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip()
    if "dubious ownership" in said:
        cure = f"Name its top folder, or trust it: git config --global --add safe.directory {root}"
        raise RepositoryError(f"{root} belongs to another user.", cure=cure)
    if "not a git repository" in said or "cannot change to" in said:
        cure = (
            "Run apo-ci inside one, or `git init`; in a workflow, put actions/checkout with `fetch-depth: 0` before it."
        )
        raise RepositoryError(f"{root} is not in a git repository.", cure=cure)
    verb = next((argument for argument in arguments if not argument.startswith("-")), "")
    raise RepositoryError(f"git {verb} failed: {said or 'it gave no reason'}.", cure="See what git says.")


def _is_url(text: str) -> bool:
    return "://" in text or text.startswith(("/", "./", "../"))


def _checked_ref(ref: str) -> str:
    if not ref or ref.startswith("-") or any(character.isspace() or not character.isprintable() for character in ref):
        raise RepositoryError(f"`{ref}` is not a name for a commit.", cure="Name a branch, a tag or a commit.")
    return ref


def _zero_separated(listed: bytes) -> list[str]:
    return [os.fsdecode(entry) for entry in listed.split(b"\0") if entry]
