"""Commits, references and contents as GitHub's answers have them."""

from __future__ import annotations

import base64
from typing import Any

from tests.github.accounts import API, WEB, user
from tests.github.git import Commit, File, address
from tests.github.state import State, timestamp

JSON = dict[str, Any]


def commit(state: State, known: Commit) -> JSON:
    """A commit as repositories' commits have it."""
    url = f"{API}/repos/{state.repository}/commits/{known.sha}"
    details = git_commit(state, known)
    details = {name: details[name] for name in ("author", "committer", "message", "tree", "verification", "url")}
    return {
        "sha": known.sha,
        "node_id": f"C_{known.sha}",
        "url": url,
        "html_url": f"{WEB}/{state.repository}/commit/{known.sha}",
        "comments_url": f"{url}/comments",
        "commit": {**details, "comment_count": 0},
        "author": user(known.author),
        "committer": user(known.committer),
        "parents": [{"sha": sha, "url": url.replace(known.sha, sha)} for sha in known.parents],
    }


def git_commit(state: State, known: Commit) -> JSON:
    """A commit as the git database has it."""
    api = f"{API}/repos/{state.repository}/git"
    web = f"{WEB}/{state.repository}/commit"
    return {
        "sha": known.sha,
        "node_id": f"C_{known.sha}",
        "url": f"{api}/commits/{known.sha}",
        "html_url": f"{web}/{known.sha}",
        "author": _signature(known.author, known.date),
        "committer": _signature(known.committer, known.date),
        "tree": {"sha": known.tree_sha, "url": f"{api}/trees/{known.tree_sha}"},
        "message": known.message,
        "parents": [{"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{web}/{sha}"} for sha in known.parents],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _signature(login: str, date: int) -> JSON:
    return {"name": login, "email": address(login), "date": timestamp(date)}


def reference(state: State, ref: str, sha: str) -> JSON:
    """A git reference; `ref` begins with refs/."""
    api = f"{API}/repos/{state.repository}/git"
    return {
        "ref": ref,
        "node_id": f"REF_{ref}",
        "url": f"{api}/{ref}",
        "object": {"sha": sha, "type": "commit", "url": f"{api}/commits/{sha}"},
    }


def content(state: State, path: str, ref: str, file: File | None) -> JSON:
    """A file, or a folder when there is no file, as lists of contents have it."""
    api, web = f"{API}/repos/{state.repository}", f"{WEB}/{state.repository}"
    sha = file.sha if file else "0" * 40
    url = f"{api}/contents/{path}?ref={ref}"
    git_url, html = f"{api}/git/blobs/{sha}", f"{web}/blob/{ref}/{path}"
    return {
        "type": "file" if file else "dir",
        "name": path.rsplit("/", 1)[-1],
        "path": path,
        "sha": sha,
        "size": len(file.data) if file else 0,
        "url": url,
        "git_url": git_url,
        "html_url": html,
        "download_url": f"https://raw.githubusercontent.com/{state.repository}/{ref}/{path}" if file else None,
        "_links": {"self": url, "git": git_url, "html": html},
    }


def content_file(state: State, path: str, ref: str, file: File) -> JSON:
    """A file with what it holds; over a megabyte GitHub leaves that out."""
    small = len(file.data) <= 1024 * 1024
    text = base64.encodebytes(file.data).decode() if small else ""
    return {**content(state, path, ref, file), "content": text, "encoding": "base64" if small else "none"}
