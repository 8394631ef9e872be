"""Commits through GitHub's `createCommitOnBranch`, bound to the head that they follow.

https://docs.github.com/graphql/reference/commits#mutation-createcommitonbranch: the commit is made as the account that
the token acts as, GitHub signs it, so that it shows as verified, and it is only made while the branch's head is
`expectedHeadOid`. A commit of the workflow's own GITHUB_TOKEN starts no workflow
(https://docs.github.com/actions/concepts/security/github_token).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apo_ci.errors import ConflictError, NotFoundError, RefusedError, UnknownOutcomeError
from apo_ci.publish.commit_message import CommitMessage, Fix, commit_message, fix_of
from apo_ci.publish.facts import Facts
from apo_ci.publish.files import read_files
from apo_ci.publish.github import GitHub
from apo_ci.publish.guards import is_own_commit, reason_against, reason_against_path

__all__ = [
    "Commit",
    "CommitMessage",
    "Fix",
    "commit_fixes",
    "commit_message",
    "create_commit",
    "fix_of",
    "is_own_commit",
    "reason_against",
    "reasons_against",
]

MUTATION = """
mutation Commit($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid url } }
}
"""
ATTEMPTS = 6
MAX_STEPS = 50  # commits that others may have put on top of ours before it is looked for
SHOWN_REASONS = 5


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made: its name, and its page."""

    oid: str
    url: str


def commit_fixes(
    github: GitHub,
    *,
    facts: Facts,
    expected_head: str,
    fixes: Sequence[Fix],
    message: CommitMessage,
    prompts: Sequence[str],
) -> Commit:
    """Put all of `fixes` on the pull request's branch in one signed commit, or none.

    `expected_head` is the commit that was measured; `prompts` are globs from the repository's root. Raises
    `RefusedError` when a guard is against it, `ConflictError` when the head moved, and `GitHubError`.
    """
    _check_pull_request(facts, expected_head)
    check_fixes(github, expected_head, fixes, prompts)
    files = {fix.path: fix.after.encode() for fix in fixes}
    try:
        return create_commit(
            github, branch=facts.head_branch, expected_head=expected_head, files=files, message=message
        )
    except ConflictError as error:
        raise _moved() from error


def reasons_against(github: GitHub, commit: str, fixes: Sequence[Fix], prompts: Sequence[str]) -> dict[str, str]:
    """Why not to write some of `fixes` over the files of `commit`, by path. Raises `GitHubError`."""
    reasons = {fix.path: "two texts are suggested for it" for fix in fixes if _count(fixes, fix.path) > 1}
    # A path that is refused for itself never reaches GitHub.
    fit = [fix.path for fix in fixes if _is_asked_for(fix, prompts)]
    current = read_files(github, commit, fit) if fit else {}
    for fix in fixes:
        reason = reason_against(fix, current.get(fix.path), prompts=prompts)
        if reason is not None:
            reasons.setdefault(fix.path, reason)
    return reasons


def check_fixes(github: GitHub, commit: str, fixes: Sequence[Fix], prompts: Sequence[str]) -> None:
    """Raise `RefusedError` when there is a reason against any of `fixes`, or none of them."""
    if not fixes:
        raise RefusedError("There is no suggestion to commit.", cure="Ask for one: /apo optimize")
    reasons = reasons_against(github, commit, fixes, prompts)
    if reasons:
        shown = [f"{path} stays as it is: {reason}." for path, reason in list(reasons.items())[:SHOWN_REASONS]]
        raise RefusedError(" ".join(shown), cure="Push the change by hand, or ask for a new search: /apo optimize")


def create_commit(
    github: GitHub, *, branch: str, expected_head: str, files: Mapping[str, bytes], message: CommitMessage
) -> Commit:
    """Commit `files` on `branch` while its head is `expected_head`; `ConflictError` otherwise.

    When it is not known whether GitHub made the commit, the branch is looked at before anything is tried again.
    """
    lost: UnknownOutcomeError | None = None
    for _ in range(ATTEMPTS):
        try:
            return _create(github, branch, expected_head, files, message)
        except UnknownOutcomeError as error:
            lost = error
        except ConflictError:
            if lost is None:
                raise
            found = _find(github, branch, expected_head, message)
            if found is None:
                raise
            return found
        found = _find(github, branch, expected_head, message)
        if found is not None:
            return found
    raise lost or _moved()


def head_of(github: GitHub, branch: str) -> str | None:
    """The commit that `branch` points to; `None` when there is no such branch."""
    try:
        found = github.get(github.path("git", "ref", "heads", *branch.split("/")))
    except NotFoundError:
        return None
    return str(found["object"]["sha"])


def read_commit(github: GitHub, oid: str) -> dict[str, Any]:
    """The commit as https://docs.github.com/rest/commits/commits#get-a-commit gives it."""
    found: dict[str, Any] = github.get(github.path("commits", oid))
    return found


def _check_pull_request(facts: Facts, expected_head: str) -> None:
    if facts.is_fork:
        raise RefusedError(
            "The branch is in a fork, where nothing is committed.",
            cure="Its author can apply the patch that the comment shows.",
        )
    if not facts.is_open:
        raise RefusedError(f"Pull request #{facts.number} is closed.", cure="Open it again first.")
    if facts.head != expected_head:
        raise _moved()
    if is_own_commit(facts.last_message, facts.last_author, facts.login):
        raise RefusedError(
            "The last commit of the branch is apo-ci's own, and it never follows itself.",
            cure="Push a commit, then ask again.",
        )


def _moved() -> ConflictError:
    return ConflictError(
        "The head moved since the suggestion was measured.",
        cure="Wait for the check of the new head, then ask again.",
    )


def _count(fixes: Sequence[Fix], path: str) -> int:
    return sum(fix.path == path for fix in fixes)


def _is_asked_for(fix: Fix, prompts: Sequence[str]) -> bool:
    return reason_against_path(fix.path, prompts) is None


def _create(
    github: GitHub, branch: str, expected_head: str, files: Mapping[str, bytes], message: CommitMessage
) -> Commit:
    additions = [{"path": path, "contents": base64.b64encode(data).decode()} for path, data in files.items()]
    wanted = {
        "branch": {"repositoryNameWithOwner": github.repository, "branchName": branch},
        "expectedHeadOid": expected_head,
        "fileChanges": {"additions": additions},
        "message": {"headline": message.headline, "body": message.body},
    }
    made = github.graphql(MUTATION, repeatable=False, input=wanted)["createCommitOnBranch"]["commit"]
    return Commit(made["oid"], made["url"])


def _find(github: GitHub, branch: str, parent: str, message: CommitMessage) -> Commit | None:
    """The commit of `branch` that follows `parent`, when it is the one with our message."""
    oid = head_of(github, branch)
    for _ in range(MAX_STEPS):
        if oid is None or oid == parent:
            return None
        found = read_commit(github, oid)
        parents = [one["sha"] for one in found["parents"]]
        if parents[:1] == [parent]:
            is_ours = found["commit"]["message"].split() == message.whole.split()
            return Commit(oid, str(found["html_url"])) if is_ours else None
        oid = parents[0] if parents else None
    return None
