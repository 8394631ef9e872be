"""Files that apo-ci keeps on a branch of its own, and the branch of a suggested pull request.

The data branch has no history in common with the others (git's "orphan"). It is begun with the git database
(https://docs.github.com/rest/git) and then written by `createCommitOnBranch`, which loses no write: the one that
comes second is told so, reads again, and merges.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Mapping

from apo_ci.errors import ConfigError, ConflictError, GitHubError, UnknownOutcomeError
from apo_ci.publish.commit import create_commit, head_of
from apo_ci.publish.commit_message import MAX_HEADLINE, CommitMessage, plain
from apo_ci.publish.files import read_file, read_files
from apo_ci.publish.github import GitHub
from apo_ci.publish.suggestion_branch import is_branch_name, open_pull_request

__all__ = ["Merge", "open_pull_request", "read_file", "write_files"]

Merge = Callable[[Mapping[str, bytes | None]], Mapping[str, bytes]]

SIGN = "README.md"
SIGN_LINE = "<!-- apo-ci:data-branch -->"
SIGN_TEXT = f"""{SIGN_LINE}
apo-ci keeps its baselines and their history on this branch. It is written by the workflow that runs on pushes to the
default branch; delete it to begin anew. It is never merged.
"""
DATA_TRAILER = "Apo-CI-Data"
ATTEMPTS = 40
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds


def write_files(
    github: GitHub,
    branch: str,
    files: Iterable[str],
    message: str,
    *,
    merge: Merge,
    sleep: Callable[[float], None] = time.sleep,
    generator: random.Random | None = None,
) -> str:
    """Write to the data branch, which is made when it is missing; its head afterwards.

    `files` are the paths that `merge` is given as they are now (`None` where there is none), to say what they shall
    hold. It is called again whenever somebody else wrote in between, so it must only depend on what it is given. Raises
    `ConfigError` when the branch is not a data branch, and `GitHubError`.
    """
    if not is_branch_name(branch):
        raise ConfigError(f"{branch!r} is not a branch name.", cure="Choose another publish.data_branch.")
    generator = generator or random.Random()  # noqa: S311  # spreads attempts, guards nothing
    paths = list(files)
    for attempt in range(ATTEMPTS):
        head = head_of(github, branch) or _begin(github, branch)
        if head is not None:
            try:
                return _write(github, branch, head, paths, message, merge)
            except ConflictError:
                pass  # the next round reads what the other one wrote
        sleep(generator.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)))
    raise GitHubError(
        f"The branch {branch} was written by others {ATTEMPTS} times in a row.", cure="Run the job again later."
    )


def _write(github: GitHub, branch: str, head: str, paths: list[str], message: str, merge: Merge) -> str:
    current = read_files(github, head, [SIGN, *paths])
    if not (current[SIGN] or b"").startswith(SIGN_LINE.encode()):
        raise ConfigError(
            f"The branch {branch} is not apo-ci's data branch.",
            cure=f"Choose another publish.data_branch, or put a {SIGN} there that begins with {SIGN_LINE}",
        )
    wanted = merge({path: current[path] for path in paths})
    changed = {path: data for path, data in wanted.items() if current.get(path) != data}
    if not changed:
        return head
    # The digest tells our commit from another run's, should GitHub's answer get lost.
    digest = hashlib.sha256(b"".join(b"%s\0%s\0" % (path.encode(), data) for path, data in sorted(changed.items())))
    words = CommitMessage(plain(message, MAX_HEADLINE)[:MAX_HEADLINE], f"{DATA_TRAILER}: {digest.hexdigest()[:16]}")
    return create_commit(github, branch=branch, expected_head=head, files=changed, message=words).oid


def _begin(github: GitHub, branch: str) -> str | None:
    """Make the branch with its first commit; `None` when somebody else may have been first."""
    entry = {"path": SIGN, "mode": "100644", "type": "blob", "content": SIGN_TEXT}
    tree = github.post(github.path("git", "trees"), {"tree": [entry]}, repeatable=True)["sha"]
    wanted = {"message": "Begin the data branch of apo-ci", "tree": tree, "parents": []}
    commit = str(github.post(github.path("git", "commits"), wanted, repeatable=True)["sha"])
    try:
        github.post(github.path("git", "refs"), {"ref": f"refs/heads/{branch}", "sha": commit})
    except (ConflictError, UnknownOutcomeError):
        return None
    return commit
