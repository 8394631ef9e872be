"""Payloads of the events that start workflows: GitHub's own examples, put on the fake's repository.

Each is checked against GitHub's description of the webhook. What an example of some years ago lacks is filled in from
the builders of today's answers.
"""

from __future__ import annotations

import functools
from typing import Any

from jsonschema import ValidationError
from openapi_schema_validator import OAS30Validator

from tests.github import contracts
from tests.github.accounts import API, WEB, repository, user
from tests.github.state import State

JSON = dict[str, Any]
REPOSITORY = "octo/prompts"
LABEL = "evaluate"
ZERO = "0" * 40


def pull_request_event(
    action: str,
    number: int,
    head: str,
    base: str,
    fork: bool = False,
    *,
    head_ref: str = "edit",
    base_ref: str = "main",
    before: str = ZERO,
    author: str = "octocat",
    label: str = LABEL,
    draft: bool = False,
    repository: str = REPOSITORY,
) -> JSON:
    """A pull request was opened, pushed to (synchronize; `before` was its head), reopened, labeled and so on.

    `head` and `base` are shas; a fork's head lies in stranger/prompts.
    """
    event = contracts.webhook_example("pull_request", action)
    source = f"stranger/{repository.split('/')[1]}" if fork else repository
    pull = event["pull_request"]
    pull |= _pull_addresses(number, repository)
    pull |= {"number": number, "user": user(author), "draft": draft, "state": "open", "merged": False}
    pull.setdefault("auto_merge", None)
    pull["head"] = _end(source, head_ref, head, repository)
    pull["base"] = _end(repository, base_ref, base, repository)
    event |= {"number": number, **_where(author, repository)}
    if action == "synchronize":
        event |= {"before": before, "after": head}
    if action == "labeled":
        event["label"] |= {"name": label}
    return _checked(event, "pull_request", action)


def issue_comment_event(
    body: str,
    *,
    number: int = 7,
    comment_id: int = 1,
    login: str = "octocat",
    association: str = "COLLABORATOR",
    action: str = "created",
    on_pull_request: bool = True,
    repository: str = REPOSITORY,
) -> JSON:
    """Someone commented on a pull request, or on an issue."""
    event = contracts.webhook_example("issue_comment", action)
    api, kind = f"{API}/repos/{repository}", "pull" if on_pull_request else "issues"
    web = f"{WEB}/{repository}/{kind}/{number}"
    issue, comment = event["issue"], event["comment"]
    comment |= {"id": comment_id, "node_id": f"IC_{comment_id}", "body": body, "author_association": association}
    comment |= {"user": user(login), "url": f"{api}/issues/comments/{comment_id}", "issue_url": issue["url"]}
    comment |= {"html_url": f"{web}#issuecomment-{comment_id}"}
    comment.setdefault("performed_via_github_app", None)
    issue |= {"number": number, "html_url": web, "url": f"{api}/issues/{number}", "state": "open"}
    issue.setdefault("active_lock_reason", None)
    for label in issue["labels"]:
        label.setdefault("description", None)
    for thing in (issue, comment):
        thing.setdefault("reactions", _no_reactions(thing["url"]))
    issue.pop("pull_request", None)
    if on_pull_request:
        pull = f"{api}/pulls/{number}"
        issue["pull_request"] = {"url": pull, "html_url": web, "diff_url": f"{web}.diff", "patch_url": f"{web}.patch"}
    return _checked(event | _where(login, repository), "issue_comment", action)


def merge_group_event(
    head: str, base: str, *, number: int = 7, base_ref: str = "main", repository: str = REPOSITORY
) -> JSON:
    """A merge queue wants `head` checked before it becomes the base branch."""
    event = contracts.webhook_example("merge_group", "checks_requested")
    head_ref = f"refs/heads/gh-readonly-queue/{base_ref}/pr-{number}-{base}"
    group = {"head_sha": head, "head_ref": head_ref, "base_sha": base, "base_ref": f"refs/heads/{base_ref}"}
    event["merge_group"] |= group
    event["merge_group"]["head_commit"]["id"] = head
    return _checked(event | _where("github-merge-queue[bot]", repository), "merge_group", "checks_requested")


def push_event(
    before: str, after: str, *, ref: str = "refs/heads/main", pusher: str = "octocat", repository: str = REPOSITORY
) -> JSON:
    """A branch was pushed to."""
    event = contracts.webhook_example("push")
    event |= {"ref": ref, "before": before, "after": after, "created": before == ZERO, "deleted": False}
    event |= {"compare": f"{WEB}/{repository}/compare/{before[:12]}...{after[:12]}"}
    event["head_commit"] |= {"id": after, "url": f"{WEB}/{repository}/commit/{after}"}
    event["pusher"] |= {"name": pusher}
    where = _where(pusher, repository)
    # In this event, GitHub gives two of the repository's times as seconds.
    where["repository"] |= {"created_at": 1704067200, "pushed_at": 1704067200}
    return _checked(event | where, "push", None)


def schedule_event(cron: str = "17 3 * * 1", *, repository: str = REPOSITORY) -> JSON:
    """What runners find in GITHUB_EVENT_PATH on a schedule; it is no webhook, so no schema describes it."""
    return {"schedule": cron, "workflow": ".github/workflows/prompts.yml", **_where("octocat", repository)}


def workflow_dispatch_event(
    inputs: JSON | None = None, *, ref: str = "refs/heads/main", repository: str = REPOSITORY
) -> JSON:
    """A person started the workflow."""
    event = contracts.webhook_example("workflow_dispatch")
    event |= {"inputs": inputs, "ref": ref, "workflow": ".github/workflows/prompts.yml"}
    return _checked(event | _where("octocat", repository), "workflow_dispatch", None)


def workflow_run_event(
    run_id: int,
    head: str,
    *,
    conclusion: str = "success",
    event: str = "pull_request",
    head_branch: str = "edit",
    fork: bool = True,
    repository: str = REPOSITORY,
) -> JSON:
    """Another workflow's run came to its end; for a fork's pull request, `pull_requests` is empty, as at GitHub."""
    payload = contracts.webhook_example("workflow_run", "completed")
    source = f"stranger/{repository.split('/')[1]}" if fork else repository
    author = user(source.split("/")[0])
    url = f"{API}/repos/{repository}/actions/runs/{run_id}"
    run = payload["workflow_run"]
    run |= {"id": run_id, "head_sha": head, "head_branch": head_branch, "event": event, "conclusion": conclusion}
    run |= {"status": "completed", "pull_requests": [], "run_attempt": 1, "url": url}
    run |= {"html_url": f"{WEB}/{repository}/actions/runs/{run_id}", "artifacts_url": f"{url}/artifacts"}
    run |= {"actor": author, "triggering_actor": author, "path": ".github/workflows/prompts.yml"}
    run["repository"], run["head_repository"] = _repository(repository), _repository(source, parent=repository)
    run["head_commit"]["id"] = head
    return _checked(payload | _where(author["login"], repository), "workflow_run", "completed")


def _pull_addresses(number: int, repository: str) -> JSON:
    web = f"{WEB}/{repository}/pull/{number}"
    return {"url": f"{API}/repos/{repository}/pulls/{number}", "html_url": web, "diff_url": f"{web}.diff"}


def _end(full_name: str, ref: str, sha: str, parent: str) -> JSON:
    owner = full_name.split("/")[0]
    found = {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "user": user(owner)}
    return {**found, "repo": _repository(full_name, parent=parent)}


def _where(login: str, full_name: str) -> JSON:
    return {"repository": _repository(full_name), "sender": user(login)}


def _repository(full_name: str, *, parent: str | None = None) -> JSON:
    state = State(parent or full_name, "github-actions[bot]")
    more = {"allow_forking": True, "topics": [], "web_commit_signoff_required": False, "is_template": False}
    return {**repository(state, full_name), **more}


def _no_reactions(url: str) -> JSON:
    contents = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(contents, 0)}


def _checked(event: JSON, name: str, action: str | None) -> JSON:
    event.pop("organization", None)
    event.pop("installation", None)
    errors: list[ValidationError] = list(_webhook(name, action).iter_errors(event))
    places = [f"{'/'.join(map(str, error.absolute_path)) or 'top'}: {error.message[-200:]}" for error in errors]
    assert not places, f"{name} {action}: {'; '.join(places)}"
    return event


@functools.cache
def _webhook(name: str, action: str | None) -> Any:
    return OAS30Validator(contracts.webhook_schema(name, action))
