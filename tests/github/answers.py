"""Pull requests, their comments, reviews and check runs as GitHub's answers have them."""

from __future__ import annotations

from typing import Any

from tests.github.accounts import API, WEB, app, association, repository, user
from tests.github.git import Commit, File, patch
from tests.github.state import CheckRun, Comment, Pull, Reaction, Review, State

JSON = dict[str, Any]
ACTIONS = "github-actions[bot]"


def comment(state: State, known: Comment) -> JSON:
    """An issue comment."""
    url = f"{API}/repos/{state.repository}/issues"
    return {
        "id": known.id,
        "node_id": f"IC_{known.id}",
        "url": f"{url}/comments/{known.id}",
        "html_url": f"{WEB}/{state.repository}/pull/{known.number}#issuecomment-{known.id}",
        "issue_url": f"{url}/{known.number}",
        "body": known.body,
        "user": user(known.login),
        "created_at": known.created_at,
        "updated_at": known.updated_at,
        "author_association": association(state, known.login),
        "performed_via_github_app": None,
    }


def reaction(known: Reaction) -> JSON:
    """A reaction."""
    return {
        "id": known.id,
        "node_id": f"REA_{known.id}",
        "user": user(known.login),
        "content": known.content,
        "created_at": known.created_at,
    }


def pull_simple(state: State, pull: Pull) -> JSON:
    """A pull request as lists have it."""
    api, web = f"{API}/repos/{state.repository}", f"{WEB}/{state.repository}/pull/{pull.number}"
    url, issue, head = f"{api}/pulls/{pull.number}", f"{api}/issues/{pull.number}", state.head_of(pull)
    links = {
        "self": url,
        "html": web,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/statuses/{head}",
    }
    empty = ("closed_at", "merged_at", "merge_commit_sha", "assignee", "milestone", "auto_merge", "active_lock_reason")
    return {
        "id": pull.number + 900_000,
        "node_id": f"PR_{pull.number}",
        "number": pull.number,
        "state": pull.state,
        "title": pull.title,
        "body": pull.body or None,
        "draft": pull.draft,
        "locked": False,
        "user": user(pull.author),
        "author_association": association(state, pull.author),
        "labels": [],
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "created_at": pull.created_at,
        "updated_at": pull.created_at,
        "url": url,
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "issue_url": issue,
        **{f"{name}_url": link for name, link in links.items() if name not in ("self", "html", "issue")},
        "_links": {name: {"href": link} for name, link in links.items()},
        "head": _end(state, pull.head_repository, pull.head, head),
        "base": _end(state, state.repository, pull.base, state.base_of(pull)),
        **dict.fromkeys(empty),
    }


def pull_full(state: State, pull: Pull) -> JSON:
    """A pull request by itself."""
    files = changed_files(state, pull)
    base, head = state.base_of(pull), state.head_of(pull)
    return {
        **pull_simple(state, pull),
        "additions": sum(file["additions"] for file in files),
        "deletions": sum(file["deletions"] for file in files),
        "changed_files": len(files),
        "comments": len(state.comments(pull.number)),
        "review_comments": sum(len(review["comments"]) for review in state.reviews(pull.number)),
        "commits": len(state.git.between(base, head)),
        "maintainer_can_modify": False,
        "mergeable": True,
        "mergeable_state": "clean",
        "rebaseable": True,
        "merged": False,
        "merged_by": None,
    }


def _end(state: State, full_name: str, ref: str, sha: str) -> JSON:
    owner = (full_name or "unknown/repository").split("/")[0]
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user(owner) if full_name else None,
        "repo": repository(state, full_name) if full_name else None,
    }


def changed_files(state: State, pull: Pull) -> list[JSON]:
    """The files of a pull request: its head against the merge base, as GitHub compares."""
    head = state.git.commits[state.head_of(pull)]
    base_sha = state.git.merge_base(head.sha, state.base_of(pull))
    before = state.git.commits[base_sha].tree if base_sha else {}
    paths = sorted(path for path in {*before, *head.tree} if before.get(path) != head.tree.get(path))
    return [_changed_file(state, head.sha, path, before.get(path), head.tree.get(path)) for path in paths]


def committed_files(state: State, known: Commit) -> list[JSON]:
    """The files that a commit changes, against its first parent."""
    before = state.git.commits[known.parents[0]].tree if known.parents else {}
    paths = sorted(path for path in {*before, *known.tree} if before.get(path) != known.tree.get(path))
    return [_changed_file(state, known.sha, path, before.get(path), known.tree.get(path)) for path in paths]


def _changed_file(state: State, head: str, path: str, before: File | None, after: File | None) -> JSON:
    text = patch(before.data if before else None, after.data if after else None)
    lines = text.split("\n")
    added, taken = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    file = after or before
    assert file is not None
    entry: JSON = {
        "sha": file.sha,
        "filename": path,
        "status": "added" if before is None else "removed" if after is None else "modified",
        "additions": added,
        "deletions": taken,
        "changes": added + taken,
        "blob_url": f"{WEB}/{state.repository}/blob/{head}/{path}",
        "raw_url": f"{WEB}/{state.repository}/raw/{head}/{path}",
        "contents_url": f"{API}/repos/{state.repository}/contents/{path}?ref={head}",
    }
    return {**entry, "patch": text} if text else entry


def review(state: State, known: Review) -> JSON:
    """A review without its comments."""
    html = f"{WEB}/{state.repository}/pull/{known.number}#pullrequestreview-{known.id}"
    pull = f"{API}/repos/{state.repository}/pulls/{known.number}"
    return {
        "id": known.id,
        "node_id": f"PRR_{known.id}",
        "user": user(known.login),
        "body": known.body,
        "state": known.state,
        "html_url": html,
        "pull_request_url": pull,
        "author_association": association(state, known.login),
        "_links": {"html": {"href": html}, "pull_request": {"href": pull}},
        "submitted_at": known.submitted_at,
        "commit_id": known.commit_id,
    }


def check_run(state: State, run: CheckRun) -> JSON:
    """A check run; of a workflow's token GitHub takes no `details_url`."""
    url = f"{API}/repos/{state.repository}/check-runs/{run.id}"
    html = f"{WEB}/{state.repository}/runs/{run.id}"
    fields, output = run.fields, run.fields.get("output", {})
    return {
        "id": run.id,
        "node_id": f"CR_{run.id}",
        "head_sha": run.head_sha,
        "name": run.name,
        "external_id": fields.get("external_id", ""),
        "url": url,
        "html_url": html,
        "details_url": html if state.login == ACTIONS else fields.get("details_url", html),
        "status": fields["status"],
        "conclusion": fields.get("conclusion"),
        "started_at": fields.get("started_at"),
        "completed_at": fields.get("completed_at"),
        "output": {
            **{name: output.get(name) for name in ("title", "summary", "text")},
            "annotations_count": len(run.annotations),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": 1},
        "app": app(state.login),
        "pull_requests": [],
    }
