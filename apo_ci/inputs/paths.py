"""Paths and globs, always relative to the project's root and written with `/`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from apo_ci.errors import InputError

NOTHING = r"^\x00-\x{10ffff}"  # the set without a character


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
    return tuple(sorted(path for path in paths if any(one.fullmatch(_encoded(path)) for one in expressions)))


def missing(path: str, known: Iterable[str]) -> InputError:
    """The error for a file that is not there; files with a similar name are suggested."""
    files = list(known)
    name = path.rpartition("/")[2]
    close = [file for file in files if file.rpartition("/")[2] == name]
    close = close or difflib.get_close_matches(path, files[:20_000], n=1)
    cure = f"Did you mean `{sorted(close)[0]}`?" if close else "Paths are read from the project's root."
    return InputError(f"There is no file `{path}`.", cure=cure, path=path)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> Any:
    """The regular expression for a glob: RE2's, which takes linear time whatever glob and path a stranger thinks of."""
    import re2

    pieces = re.split(r"(\*\*/|/\*\*\Z|\*|\?|\[!?\]?[^\]]*\])", pattern)
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_encoded("(?s)" + "".join(map(_translate, pieces))), options)
    except re2.error as problem:
        message = f"The glob {pattern[:80]!r} is too long."
        raise InputError(message, cure="Write a shorter one.") from problem


def _encoded(text: str) -> bytes:
    """UTF-8, with `?` for what is none: bytes of a file's name that were never text."""
    return text.encode("utf-8", "replace")


def _translate(piece: str) -> str:
    if piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
        return _set(piece[1:-1])
    # a lone `**` is `*`
    known = {"**/": "(?:[^/]+/)*", "/**": "/.+", "*": "[^/]*", "?": "[^/]"}
    return known.get(piece) or "".join(map(_literally, piece))


def _set(characters: str) -> str:
    """The regular expression for `[characters]`, never a slash; a hyphen that makes no range stands for itself."""
    negated = characters[0] == "!" and len(characters) > 1
    characters = characters[1:] if negated else characters
    ranges = [pair for pair in _ranges(characters) if pair[0] <= pair[1]]
    if "--" in characters or len(ranges) < len(_ranges(characters)):
        ranges = [(character, character) for character in characters]
    if not negated:
        ranges = [part for pair in ranges for part in _without_slash(*pair)]
    inner = "".join(f"{_literally(first)}-{_literally(last)}" for first, last in ranges)
    return f"[^/{inner}]" if negated else f"[{inner or NOTHING}]"


def _ranges(characters: str) -> list[tuple[str, str]]:
    """First and last of each range; a character by itself is both."""
    return [(first, last or first) for first, last in re.findall(r"(.)(?:-(.))?", characters, re.DOTALL)]


def _without_slash(first: str, last: str) -> list[tuple[str, str]]:
    pairs = [(first, min(last, ".")), (max(first, "0"), last)]
    return [pair for pair in pairs if pair[0] <= pair[1]]


def _literally(character: str) -> str:
    """A character as RE2 takes it anywhere, in a set too."""
    return character if character.isalnum() or ord(character) > 0x7F else f"\\x{ord(character):02x}"
