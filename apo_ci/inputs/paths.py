"""Paths and globs, always relative to the project's root and written with `/`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from apo_ci.errors import InputError


def checked_path(path: str) -> str:
    """`path` without `./` and doubled slashes. Raises `InputError` when it leaves the repository."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\0" in path or not parts:
        raise InputError(
            f"`{path}` is not a path inside the repository.",
            cure="Write it from the project's root, without `..` and without a leading `/`.",
        )
    return "/".join(parts)


def checked_folder(path: str) -> str:
    """`path` as `checked_path` gives it; empty for the root, which may also be written `.`."""
    return "" if path in ("", ".", "./") else checked_path(path)


def literal(path: str) -> str:
    """The glob that matches `path` alone."""
    return re.sub(r"[*?\[]", r"[\g<0>]", path)


def is_glob(pattern: str) -> bool:
    """Whether `pattern` could match more than one path."""
    return any(character in pattern for character in "*?[")


def matching(patterns: Sequence[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Those of `paths` that some pattern matches, sorted.

    `*` and `?` stay within a folder, `**` spans folders (none included), `[…]` is a set of characters.
    """
    expressions = [_expression(checked_path(pattern)) for pattern in patterns]
    return tuple(sorted(path for path in paths if any(one.fullmatch(path) for one in expressions)))


def missing(path: str, known: Iterable[str]) -> InputError:
    """The error for a file that is not there; files with a similar name are suggested."""
    files = list(known)
    name = path.rpartition("/")[2]
    close = [file for file in files if file.rpartition("/")[2] == name]
    close = close or difflib.get_close_matches(path, files[:20_000], n=1)
    cure = f"Did you mean `{sorted(close)[0]}`?" if close else "Paths are read from the project's root."
    return InputError(f"There is no file `{path}`.", cure=cure, path=path)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    """The regular expression for a glob."""
    pieces = re.split(r"(\*\*/|/\*\*\Z|\*|\?|\[!?\]?[^\]]*\])", pattern)
    return re.compile("".join(_translate(piece) for piece in pieces), re.DOTALL)


def _translate(piece: str) -> str:
    if piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
        return _set(piece[1:-1])
    # a lone `**` is `*`
    known = {"**/": "(?:[^/]+/)*", "/**": "/.+", "*": "[^/]*", "?": "[^/]"}
    return known.get(piece) or re.escape(piece)


def _set(characters: str) -> str:
    """The regular expression for `[characters]`; a hyphen that makes no range stands for itself."""
    negated = characters[0] == "!" and len(characters) > 1
    inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", characters[1 if negated else 0 :])
    ranges = re.findall(r"\\?(.)-\\?(.)", inner, re.DOTALL)
    if "--" in inner or any(first > last for first, last in ranges):
        inner = inner.replace("-", r"\-")
    return f"(?!/)[{'^' if negated else ''}{inner}]"
