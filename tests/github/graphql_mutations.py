"""Mutations: createCommitOnBranch, createRef, minimizeComment, unminimizeComment."""

from __future__ import annotations

import base64
from collections.abc import Callable

from tests.github.git import REGULAR, File, Tree
from tests.github.graphql_objects import JSON, FieldError, commit, issue_comment, need, reference
from tests.github.state import Comment, State


def create_commit_on_branch(state: State, given: JSON) -> JSON:
    """https://docs.github.com/graphql/reference/mutations#createcommitonbranch"""
    need(state, "write", "contents")
    branch = _branch(state, given["branch"])
    head = state.branches[branch]
    if head != given["expectedHeadOid"]:
        message = f'Expected branch to point to "{given["expectedHeadOid"]}" but it did not. Pull and try again.'
        raise FieldError("STALE_DATA", message)
    tree = _changed(state, state.git.commits[head].tree, given.get("fileChanges") or {})
    headline, body = given["message"]["headline"], given["message"].get("body") or ""
    message = f"{headline}\n\n{body}" if body else headline
    made = state.git.commit(tree, (head,), message, state.login, int(state.clock()), committer="web-flow")
    state.branches[branch] = made.sha
    return {"commit": commit(state, made), "ref": reference(state, branch)}


def _branch(state: State, given: JSON) -> str:
    owner_name, name = given.get("repositoryNameWithOwner"), given.get("branchName") or ""
    if (identity := given.get("id")) is not None:
        owner_name, name = state.repository, identity.removeprefix("REF_")
    if owner_name != state.repository:
        raise FieldError("FORBIDDEN", "Resource not accessible by integration")
    branch: str = name.removeprefix("refs/heads/")
    if branch not in state.branches:
        raise FieldError("NOT_FOUND", f"No such branch: {branch}")
    return branch


def _changed(state: State, tree: Tree, changes: JSON) -> dict[str, File]:
    changed = dict(tree)
    for deletion in changes.get("deletions") or ():
        if changed.pop(deletion["path"], None) is None:
            message = f"A path was requested for deletion which does not exist: {deletion['path']}"
            raise FieldError("UNPROCESSABLE", message)
    for addition in changes.get("additions") or ():
        path = addition["path"]
        if path.startswith(".github/workflows/") and not state.allows("workflows", "write"):
            message = (
                f"refusing to allow a GitHub App to create or update workflow `{path}` without `workflows` permission"
            )
            raise FieldError("FORBIDDEN", message)
        mode = changed[path].mode if path in changed else REGULAR
        changed[path] = File(base64.b64decode(addition["contents"], validate=True), mode)
    return changed


def create_ref(state: State, given: JSON) -> JSON:
    """https://docs.github.com/graphql/reference/mutations#createref"""
    need(state, "write", "contents")
    branch = given["name"].removeprefix("refs/heads/")
    if given["repositoryId"] != f"R_{state.repository_id}":
        raise FieldError("NOT_FOUND", f"Could not resolve to a node with the global id of '{given['repositoryId']}'")
    if branch == given["name"]:
        raise FieldError("UNPROCESSABLE", "Reference name must start with 'refs/heads/'.")
    if branch in state.branches:
        raise FieldError("UNPROCESSABLE", f'A ref named "{given["name"]}" already exists in the repository.')
    if given["oid"] not in state.git.commits:
        raise FieldError("NOT_FOUND", "Object does not exist")
    state.branches[branch] = given["oid"]
    return {"ref": reference(state, branch)}


def minimize_comment(state: State, given: JSON) -> JSON:
    """https://docs.github.com/graphql/reference/mutations#minimizecomment"""
    known = _comment(state, given)
    known.minimized = given["classifier"].lower()
    return {"minimizedComment": issue_comment(state, known)}


def unminimize_comment(state: State, given: JSON) -> JSON:
    """https://docs.github.com/graphql/reference/mutations#unminimizecomment"""
    known = _comment(state, given)
    known.minimized = None
    return {"unminimizedComment": issue_comment(state, known)}


def _comment(state: State, given: JSON) -> Comment:
    need(state, "write", "pull_requests", "issues")
    number = given["subjectId"].removeprefix("IC_")
    if not number.isdigit() or int(number) not in state.all_comments:
        message = f"Could not resolve to a node with the global id of '{given['subjectId']}'."
        raise FieldError("NOT_FOUND", message)
    return state.all_comments[int(number)]


MUTATIONS: dict[str, Callable[[State, JSON], JSON]] = {
    "createCommitOnBranch": create_commit_on_branch,
    "createRef": create_ref,
    "minimizeComment": minimize_comment,
    "unminimizeComment": unminimize_comment,
}
