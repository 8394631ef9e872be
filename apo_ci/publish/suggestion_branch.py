"""A pull request of apo-ci's own: better prompts that a scheduled run found, on a branch that only it writes.

https://docs.github.com/rest/pulls/pulls. Nothing is forced, merged, closed or opened a second time: new findings are
a further commit on the branch, and the pull request that is open is told of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apo_ci.errors import ConflictError, GitHubError, RefusedError, UnknownOutcomeError
from apo_ci.publish.commit import check_fixes, create_commit, head_of, read_commit
from apo_ci.publish.commit_message import CommitMessage, Fix, has_run_trailer
from apo_ci.publish.files import read_files
from apo_ci.publish.github import GitHub
from apo_ci.publish.guards import BOT

PREFIX = "apo-ci/"
MAX_OWN_COMMITS = 50
ATTEMPTS = 3
# What `git check-ref-format` refuses, and what would read as an option.
UNUSABLE = re.compile(r"[\s\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/\.|\.lock(?:/|$)|[/.]$|^@?$")


@dataclass(frozen=True, slots=True)
class _Branch:
    """The branch as it is: its head, the commit of others that it started from, and what own commits changed since."""

    name: str
    head: str
    start: str
    touched: frozenset[str]


def is_branch_name(name: str) -> bool:
    """Whether git and GitHub take `name` for a branch (`git check-ref-format`)."""
    return UNUSABLE.search(name) is None


def open_pull_request(
    github: GitHub,
    *,
    base: str,
    base_head: str,
    branch: str,
    fixes: Sequence[Fix],
    message: CommitMessage,
    title: str,
    body: str,
    login: str,
    prompts: Sequence[str],
) -> str:
    """Offer `fixes`, measured at `base_head` of the branch `base`, as a pull request; its address.

    `title` is plain text, `body` Markdown, `login` the own account, `prompts` globs from the repository's root. When a
    person closed the pull request with these very texts, it is left closed. Raises `RefusedError` when a guard is
    against a fix, or the branch is not apo-ci's alone, and `GitHubError`.
    """
    if not (branch.startswith(PREFIX) and is_branch_name(branch)):
        raise RefusedError(f"The branch {branch} is not one of apo-ci's.", cure=f"Its name must begin with {PREFIX}")
    check_fixes(github, base_head, fixes, prompts)
    known = _pull_requests(github, base, branch)
    head = head_of(github, branch) or _create_branch(github, branch, base_head)
    found = _read_branch(github, branch, head, base_head, login)
    is_new = _commit(github, found, fixes, message)
    still_open = [one for one in known if one["state"] == "open"]
    if known and not still_open and not is_new:
        return str(known[0]["html_url"])
    return _tell(github, still_open, base, branch, title, body)


def _create_branch(github: GitHub, branch: str, commit: str) -> str:
    """Put a new branch on `commit`; its head, which is another one when somebody was first."""
    lost: GitHubError | None = None
    for _ in range(ATTEMPTS):
        try:
            github.post(github.path("git", "refs"), {"ref": f"refs/heads/{branch}", "sha": commit})
            return commit
        except (ConflictError, UnknownOutcomeError) as error:
            lost = error
        head = head_of(github, branch)
        if head is not None:
            return head
    assert lost is not None
    raise lost


def _read_branch(github: GitHub, branch: str, head: str, base_head: str, login: str) -> _Branch:
    """Follow the own commits down to where the branch started. Raises `RefusedError` when its last one is not own."""
    touched: set[str] = set()
    at = head
    for _ in range(MAX_OWN_COMMITS):
        if at == base_head:
            break
        commit = read_commit(github, at)
        if not _is_own(commit, login):
            break
        touched.update(file["filename"] for file in commit.get("files", ()))
        at = str(commit["parents"][0]["sha"])
    if at == head != base_head:
        raise _foreign(branch, "has a last commit that is not apo-ci's")
    return _Branch(branch, head, at, frozenset(touched))


def _is_own(commit: dict[str, Any], login: str) -> bool:
    author = (commit.get("author") or {}).get("login", "")
    is_author = author.removesuffix(BOT).casefold() == login.removesuffix(BOT).casefold()
    return is_author and has_run_trailer(commit["commit"]["message"]) and len(commit["parents"]) == 1


def _commit(github: GitHub, branch: _Branch, fixes: Sequence[Fix], message: CommitMessage) -> bool:
    """Put the branch's prompts to what `fixes` say, others to what they were; whether that took a commit."""
    wanted = {fix.path: fix.after.encode() for fix in fixes}
    started = read_files(github, branch.start, [*wanted, *sorted(branch.touched)])
    for fix in fixes:
        if hashlib.sha256(started[fix.path] or b"").hexdigest() != fix.before_hash:
            raise _foreign(branch.name, f"started from another version of {fix.path}")
    for path in branch.touched - set(wanted):
        wanted[path] = started[path] or b""
    current = read_files(github, branch.head, list(wanted))
    changed = {path: data for path, data in wanted.items() if current[path] != data}
    if changed:
        create_commit(github, branch=branch.name, expected_head=branch.head, files=changed, message=message)
    return bool(changed)


def _pull_requests(github: GitHub, base: str, branch: str) -> list[dict[str, Any]]:
    """Those from `branch` into `base`, the newest first."""
    owner = github.repository.split("/")[0]
    query = {"head": f"{owner}:{branch}", "base": base, "state": "all", "sort": "created", "direction": "desc"}
    found: list[dict[str, Any]] = github.get(github.path("pulls"), **query)
    return found


def _tell(github: GitHub, known: Sequence[dict[str, Any]], base: str, branch: str, title: str, body: str) -> str:
    if known:
        return _update(github, known[0], title, body)
    wanted = {"title": title, "head": branch, "base": base, "body": body}
    lost: GitHubError | None = None
    for _ in range(ATTEMPTS):
        try:
            return str(github.post(github.path("pulls"), wanted)["html_url"])
        except (ConflictError, UnknownOutcomeError) as error:
            lost = error
        found = [one for one in _pull_requests(github, base, branch) if one["state"] == "open"]
        if found:
            return _update(github, found[0], title, body)
        if isinstance(lost, ConflictError):
            break
    assert lost is not None
    raise lost


def _update(github: GitHub, known: dict[str, Any], title: str, body: str) -> str:
    if (known["title"], known["body"]) != (title, body):
        github.patch(github.path("pulls", known["number"]), {"title": title, "body": body})
    return str(known["html_url"])


def _foreign(branch: str, what: str) -> RefusedError:
    return RefusedError(
        f"The branch {branch} {what}, so nothing is written to it.",
        cure="Merge or close its pull request and delete the branch; the next run opens a new one.",
    )
