"""Files of a commit, exactly: their bytes as git has them, and only where there is a plain file.

The contents API (https://docs.github.com/rest/repos/contents) follows links inside the repository and says "file" of
what it finds there. So what a path is comes from the commit's tree (GraphQL, `Commit.file`), and text counts only when
its bytes have the name that git gives to the blob.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from apo_ci.errors import NotFoundError
from apo_ci.publish.github import GitHub

PLAIN_MODES = (0o100644, 0o100755)
BATCH = 50  # files a request


def read_files(github: GitHub, commit: str, paths: Sequence[str]) -> dict[str, bytes | None]:
    """The bytes of the files at `paths` in `commit`; `None` where there is none, or a link, a submodule or a folder.

    One request for 50 files, and one more for each that is large or not text. Raises `GitHubError`.
    """
    found: dict[str, bytes | None] = {}
    distinct = list(dict.fromkeys(paths))
    for start in range(0, len(distinct), BATCH):
        some = distinct[start : start + BATCH]
        for path, entry in zip(some, _entries(github, commit, some), strict=True):
            found[path] = _content(github, commit, path, entry)
    return found


def read_file(github: GitHub, branch: str, path: str) -> bytes | None:
    """The bytes of the file at `path` on a branch; `None` when there is no such file or branch."""
    try:
        return github.raw(github.path("contents", *path.split("/")), ref=f"refs/heads/{branch}")
    except NotFoundError:
        return None


def _entries(github: GitHub, commit: str, paths: Sequence[str]) -> list[Mapping[str, Any] | None]:
    numbers = range(len(paths))
    names = "".join(f", $path{number}: String!" for number in numbers)
    entry = "{ mode object { ... on Blob { oid text isTruncated } } }"
    files = "\n".join(f"file{number}: file(path: $path{number}) {entry}" for number in numbers)
    document = (
        f"query Files($owner: String!, $name: String!, $commit: GitObjectID!{names}) {{\n"
        f"repository(owner: $owner, name: $name) {{ object(oid: $commit) {{ ... on Commit {{\n{files}\n}} }} }} }}"
    )
    owner, name = github.repository.split("/")
    variables: dict[str, Any] = {f"path{number}": path for number, path in enumerate(paths)}
    data = github.graphql(document, owner=owner, name=name, commit=commit, **variables)
    found = (data["repository"] or {}).get("object") or {}
    return [found.get(f"file{number}") for number in numbers]


def _content(github: GitHub, commit: str, path: str, entry: Mapping[str, Any] | None) -> bytes | None:
    if entry is None or entry["mode"] not in PLAIN_MODES:
        return None
    blob = entry["object"] or {}
    text = blob.get("text")
    if isinstance(text, str) and not blob.get("isTruncated"):
        data = text.encode("utf-8", "surrogatepass")
        if _blob_name(data, blob["oid"]) == blob["oid"]:
            return data
    return github.raw(github.path("contents", *path.split("/")), ref=commit)


def _blob_name(data: bytes, like: str) -> str:
    """Git's name for a blob (gitformat-pack), by the hash that made the name `like`."""
    algorithm = "sha256" if len(like) == hashlib.sha256().digest_size * 2 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()
