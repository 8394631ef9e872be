"""GitHub's GraphQL objects: dictionaries whose callable values take the field's arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.github.git import Commit, File, address
from tests.github.state import Comment, Pull, State, timestamp

JSON = dict[str, Any]
WEB = "https://github.com"
SUBMODULE = 0o160000


class FieldError(Exception):
    """An error of one field, with GitHub's word for its type."""

    def __init__(self, type_: str, message: str) -> None:
        super().__init__(message)
        self.type = type_


def need(state: State, level: str, *permissions: str) -> None:
    """Raise FORBIDDEN unless the token has one of the permissions."""
    if not any(state.allows(permission, level) for permission in permissions):
        raise FieldError("FORBIDDEN", "Resource not accessible by integration")


def repository(state: State) -> JSON:
    """Repository."""
    owner, name = state.repository.split("/")

    def find_pull(number: int) -> JSON:
        need(state, "read", "pull_requests")
        if number not in state.all_pulls:
            raise FieldError("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
        return pull_request(state, state.all_pulls[number])

    def find_object(expression: str | None = None, oid: str | None = None) -> JSON | None:
        need(state, "read", "contents")
        return git_object(state, expression or oid or "")

    def find_ref(qualifiedName: str) -> JSON | None:  # noqa: N803 (the argument's name in GitHub's schema)
        need(state, "read", "contents")
        branch = qualifiedName.removeprefix("refs/heads/")
        return reference(state, branch) if branch in state.branches else None

    return {
        "__typename": "Repository",
        "id": f"R_{state.repository_id}",
        "name": name,
        "nameWithOwner": state.repository,
        "owner": actor(owner),
        "isPrivate": state.private,
        "isFork": False,
        "defaultBranchRef": lambda: reference(state, state.default_branch),
        "pullRequest": find_pull,
        "object": find_object,
        "ref": find_ref,
    }


def pull_request(state: State, pull: Pull) -> JSON:
    """PullRequest; the head's repository is null once a fork is deleted."""
    url = f"{WEB}/{state.repository}/pull/{pull.number}"
    source = pull.head_repository
    fork = {"__typename": "Repository", "id": f"R_{source}", "nameWithOwner": source, "isFork": True}
    head = repository(state) if source == state.repository else fork if source else None

    def commits(**window: int) -> JSON:
        found = state.git.between(state.base_of(pull), state.head_of(pull))
        return connection([{"__typename": "PullRequestCommit", "commit": commit(state, one)} for one in found], window)

    def comments(**window: int) -> JSON:
        found = [comment for comment in state.all_comments.values() if comment.number == pull.number]
        return connection([issue_comment(state, one) for one in found], window)

    return {
        "__typename": "PullRequest",
        "id": f"PR_{pull.number}",
        "number": pull.number,
        "url": url,
        "title": pull.title,
        "body": pull.body,
        "state": pull.state.upper(),
        "closed": pull.state != "open",
        "merged": False,
        "isDraft": pull.draft,
        "headRefOid": state.head_of(pull),
        "headRefName": pull.head,
        "baseRefOid": state.base_of(pull),
        "baseRefName": pull.base,
        "isCrossRepository": source != state.repository,
        "maintainerCanModify": False,
        "headRepository": head,
        "headRepositoryOwner": actor(source.split("/")[0]) if source else None,
        "author": actor(pull.author),
        "commits": commits,
        "comments": comments,
    }


def actor(login: str) -> JSON:
    """An Actor; unlike REST, GraphQL gives a bot's login without its "[bot]"."""
    bot = login.endswith("[bot]")
    return {"__typename": "Bot" if bot else "User", "login": login.removesuffix("[bot]"), "id": f"U_{login}"}


def issue_comment(state: State, known: Comment) -> JSON:
    """IssueComment."""
    return {
        "__typename": "IssueComment",
        "id": f"IC_{known.id}",
        "databaseId": known.id,
        "fullDatabaseId": str(known.id),
        "body": known.body,
        "url": f"{WEB}/{state.repository}/pull/{known.number}#issuecomment-{known.id}",
        "author": actor(known.login),
        "viewerDidAuthor": known.login == state.login,
        "isMinimized": known.minimized is not None,
        "minimizedReason": known.minimized,
        "createdAt": known.created_at,
        "updatedAt": known.updated_at,
    }


def git_object(state: State, expression: str) -> JSON | None:
    """The Commit of a revision, or the Blob of revision:path."""
    revision, _, path = expression.partition(":")
    found = state.resolve(revision)
    if found is None or (path and path not in found.tree):
        return None
    return _blob(found.tree[path]) if path else commit(state, found)


def _blob(file: File) -> JSON:
    binary = b"\0" in file.data
    text = None if binary else file.data.decode("utf-8", "replace")
    size = len(file.data)
    found = {"__typename": "Blob", "oid": file.sha, "text": text, "byteSize": size, "isBinary": binary}
    return {**found, "isTruncated": False, "id": f"B_{file.sha}"}


def commit(state: State, known: Commit) -> JSON:
    """Commit."""
    headline, _, body = known.message.partition("\n")

    def parents(**window: int) -> JSON:
        return connection([commit(state, state.git.commits[sha]) for sha in known.parents], window)

    def file(path: str) -> JSON | None:
        return _tree_entry(path, known.tree[path]) if path in known.tree else None

    return {
        "__typename": "Commit",
        "id": f"C_{known.sha}",
        "oid": known.sha,
        "abbreviatedOid": known.sha[:7],
        "url": f"{WEB}/{state.repository}/commit/{known.sha}",
        "message": known.message,
        "messageHeadline": headline,
        "messageBody": body.strip(),
        "committedDate": timestamp(known.date),
        "author": _git_actor(known.author, known.date),
        "committer": _git_actor(known.committer, known.date),
        "parents": parents,
        "file": file,
    }


def _tree_entry(path: str, file: File) -> JSON:
    """TreeEntry: a link is a blob, too, a submodule is no object of this repository."""
    mode = int(file.mode, 8)
    known = None if mode == SUBMODULE else _blob(file)
    kind = "commit" if mode == SUBMODULE else "blob"
    name = path.rpartition("/")[2]
    return {
        "__typename": "TreeEntry",
        "mode": mode,
        "type": kind,
        "name": name,
        "path": path,
        "oid": file.sha,
        "object": known,
    }


def _git_actor(login: str, date: int) -> JSON:
    user = {"__typename": "User", "login": login, "id": f"U_{login}"}
    return {
        "__typename": "GitActor",
        "name": login,
        "email": address(login),
        "date": timestamp(date),
        "user": user,
    }


def reference(state: State, branch: str) -> JSON:
    """Ref."""
    found = state.git.commits[state.branches[branch]]
    return {
        "__typename": "Ref",
        "id": f"REF_{branch}",
        "name": branch,
        "prefix": "refs/heads/",
        "target": commit(state, found),
    }


def connection(items: Iterable[JSON], window: JSON) -> JSON:
    """The first or last of the items."""
    found = list(items)
    first, last = window.get("first"), window.get("last")
    if first is None and last is None:
        message = "You must provide a `first` or `last` value to properly paginate the connection."
        raise FieldError("MISSING_PAGINATION_BOUNDARIES", message)
    if not 1 <= (first or last or 0) <= 100:
        raise FieldError("EXCESSIVE_PAGINATION", "Requesting records exceeds the `first` limit of 100 records.")
    start = int(window.get("after") or 0)
    end = len(found) if first is None else min(start + first, len(found))
    shown = found[start:end] if last is None else found[-last:]
    info = {
        "__typename": "PageInfo",
        "hasNextPage": end < len(found),
        "hasPreviousPage": len(shown) < len(found) and start > 0,
        "endCursor": str(end),
        "startCursor": str(start),
    }
    return {"nodes": shown, "edges": [{"node": node} for node in shown], "totalCount": len(found), "pageInfo": info}
