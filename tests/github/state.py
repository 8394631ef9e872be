"""What the fake knows: commits, branches, pull requests, comments, reactions, reviews, check runs, collaborators.

Every builder and reader may be called from any thread.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.github.git import Commit, File, Git, account_number

JSON = dict[str, Any]
Files = Mapping[str, str | bytes | File | None]

FULL_PERMISSIONS = {"metadata": "read", "contents": "write", "issues": "write", "pull_requests": "write"}


@dataclass
class Comment:
    """A comment of the conversation of pull request `number`."""

    id: int
    number: int
    body: str
    login: str
    created_at: str
    updated_at: str
    minimized: str | None = None


@dataclass
class Reaction:
    """A reaction to a comment."""

    id: int
    comment: int
    content: str
    login: str
    created_at: str


@dataclass
class Pull:
    """A pull request; `head_repository` is "" when the fork was deleted."""

    number: int
    head: str
    base: str
    head_repository: str
    author: str
    title: str
    body: str
    created_at: str
    state: str = "open"
    draft: bool = False


@dataclass
class Review:
    """A review; its comments are as they were posted."""

    id: int
    number: int
    login: str
    body: str
    state: str
    commit_id: str
    submitted_at: str
    comments: list[JSON] = field(default_factory=list)


@dataclass
class CheckRun:
    """A check run; `fields` are those of the requests, `annotations` those of all of them."""

    id: int
    head_sha: str
    name: str
    fields: JSON
    annotations: list[JSON] = field(default_factory=list)


class State:
    """The repository `repository`, its forks, and the account `login` that the token acts as."""

    def __init__(self, repository: str, login: str, clock: Callable[[], float] = time.time) -> None:
        self.repository, self.login, self.clock = repository, login, clock
        self.repository_id = account_number(repository)
        self.default_branch = "main"
        self.lock = threading.RLock()
        self.git = Git()
        self.permissions: dict[str, str] = {**FULL_PERMISSIONS, "checks": "write"}
        self.may_open_pull_requests = True
        self.private = False
        self.repositories: dict[str, dict[str, str]] = {repository: {}}
        self.all_comments: dict[int, Comment] = {}
        self.all_reactions: dict[int, Reaction] = {}
        self.all_pulls: dict[int, Pull] = {}
        self.all_reviews: dict[int, Review] = {}
        self.all_check_runs: dict[int, CheckRun] = {}
        self.collaborators: dict[str, str] = {}
        self._numbers = itertools.count(1001)

    @property
    def branches(self) -> dict[str, str]:
        """Branch name -> sha of its head."""
        return self.repositories[self.repository]

    def new_id(self) -> int:
        """A number that was never given."""
        return next(self._numbers)

    def now(self) -> str:
        """The time, as GitHub writes it."""
        return timestamp(self.clock())

    def allows(self, permission: str, level: str) -> bool:
        """Whether the token has this permission; every token may read metadata."""
        granted = self.permissions.get(permission, "read" if permission == "metadata" else "none")
        return granted == "write" or granted == level

    # builders

    def branch(
        self,
        name: str,
        files: Files,
        *,
        parent: str | None = None,
        message: str = "Change the prompt",
        author: str = "octocat",
        repository: str | None = None,
        sha: str | None = None,
    ) -> str:
        """Put a branch on a new commit; gives its sha.

        `files` are laid over those of `parent` (a branch or a sha); None takes a file away. `sha` lets the commit
        have the name that it has in a real repository.
        """
        with self.lock:
            before = None if parent is None else self.resolve(parent)
            if parent is not None and before is None:
                raise LookupError(f"no branch or commit {parent}")
            tree = _overlaid(before.tree if before else {}, files)
            parents = (before.sha,) if before else ()
            commit = self.git.commit(tree, parents, message, author, int(self.clock()), sha=sha)
            self.repositories.setdefault(repository or self.repository, {})[name] = commit.sha
            return commit.sha

    def push(
        self,
        branch: str,
        files: Files,
        *,
        message: str = "Change the prompt again",
        author: str = "octocat",
        repository: str | None = None,
        sha: str | None = None,
    ) -> str:
        """Move a branch on by a commit; gives its sha."""
        with self.lock:
            head = self.repositories[repository or self.repository][branch]
            return self.branch(
                branch, files, parent=head, message=message, author=author, repository=repository, sha=sha
            )

    def pull_request(
        self,
        number: int,
        *,
        head: str = "edit",
        base: str = "main",
        head_repository: str | None = None,
        author: str = "octocat",
        title: str = "Reword the prompt",
        body: str = "",
        draft: bool = False,
    ) -> None:
        """Open a pull request; a fork (`head_repository`) without that branch is given the repository's own."""
        with self.lock:
            source = self.repository if head_repository is None else head_repository
            known = self.repositories.setdefault(source, {})
            known.setdefault(head, self.branches.get(head, ""))
            if not known[head] or base not in self.branches:
                raise LookupError(f"no branch {head} in {source} or no branch {base}")
            self.all_pulls[number] = Pull(number, head, base, source, author, title, body, self.now(), draft=draft)

    def comment(self, number: int, body: str, *, login: str = "octocat") -> int:
        """Write a comment; gives its id."""
        with self.lock:
            now = self.now()
            comment = Comment(self.new_id(), number, body, login, now, now)
            self.all_comments[comment.id] = comment
            return comment.id

    def collaborator(self, login: str, permission: str) -> None:
        """Give an account a role: admin, maintain, write, triage, read or none."""
        with self.lock:
            self.collaborators[login] = permission

    # readers

    def resolve(self, name: str) -> Commit | None:
        """The commit of a branch, a full or abbreviated sha, HEAD, or refs/pull/N/head."""
        with self.lock:
            if name == "HEAD":
                name = self.default_branch
            short = name.removeprefix("refs/").removeprefix("heads/")
            if short in self.branches:
                return self.git.commits[self.branches[short]]
            if short.startswith("pull/") and short.endswith("/head") and short[5:-5].isdigit():
                return self.git.commits[self.head_of(self.all_pulls[int(short[5:-5])])]
            found = [sha for sha in self.git.commits if len(name) >= 7 and sha.startswith(name)]
            return self.git.commits[found[0]] if len(found) == 1 else None

    def head_of(self, pull: Pull) -> str:
        """The sha of its head."""
        return self.repositories[pull.head_repository][pull.head]

    def base_of(self, pull: Pull) -> str:
        """The sha of its base branch."""
        return self.branches[pull.base]

    def comments(self, number: int) -> list[JSON]:
        """The comments of a pull request, oldest first, as plain values."""
        with self.lock:
            found = [comment for comment in self.all_comments.values() if comment.number == number]
            return [dict(vars(comment)) for comment in found]

    def reactions(self, comment_id: int) -> list[JSON]:
        """The reactions to a comment."""
        with self.lock:
            return [dict(vars(one)) for one in self.all_reactions.values() if one.comment == comment_id]

    def reviews(self, number: int) -> list[JSON]:
        """The reviews of a pull request with their comments."""
        with self.lock:
            return [dict(vars(review)) for review in self.all_reviews.values() if review.number == number]

    def check_runs(self, sha: str) -> list[JSON]:
        """The check runs of a commit: the fields of their requests, `annotations` of all of these together."""
        with self.lock:
            runs = [run for run in self.all_check_runs.values() if run.head_sha == sha]
            return [
                {**run.fields, "id": run.id, "name": run.name, "head_sha": sha, "annotations": list(run.annotations)}
                for run in runs
            ]

    def file(self, branch: str, path: str) -> bytes:
        """What a file of a branch holds."""
        commit = self.resolve(branch)
        if commit is None:
            raise LookupError(f"no branch {branch}")
        return commit.tree[path].data

    def snapshot(self) -> JSON:
        """All that a test may want to see, as JSON."""
        with self.lock:
            commits = self.git.commits
            return {
                "branches": dict(self.branches),
                "files": {
                    name: {path: file.data.decode("utf-8", "replace") for path, file in commits[sha].tree.items()}
                    for name, sha in self.branches.items()
                },
                "commits": {
                    sha: {"message": commit.message, "parents": commit.parents, "author": commit.author}
                    for sha, commit in commits.items()
                },
                "pulls": [dict(vars(pull)) for pull in self.all_pulls.values()],
                "comments": [dict(vars(comment)) for comment in self.all_comments.values()],
                "reactions": [dict(vars(reaction)) for reaction in self.all_reactions.values()],
                "reviews": [dict(vars(review)) for review in self.all_reviews.values()],
                "check_runs": [dict(vars(run)) for run in self.all_check_runs.values()],
            }


def timestamp(seconds: float) -> str:
    """ISO 8601 in whole seconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _overlaid(tree: Mapping[str, File], files: Files) -> dict[str, File]:
    laid = dict(tree)
    for path, content in files.items():
        if content is None:
            laid.pop(path)
        elif isinstance(content, File):
            laid[path] = content
        else:
            laid[path] = File(content.encode() if isinstance(content, str) else content)
    return laid
