"""Accounts, apps and repositories as GitHub's answers have them, with every field that its description requires."""

from __future__ import annotations

from typing import Any

from tests.github.git import account_number
from tests.github.state import State

JSON = dict[str, Any]
WEB = "https://github.com"
API = "https://api.github.com"

REPOSITORY_LINKS = {
    name: f"{name}{suffix}"
    for name, suffix in {
        "assignees": "{/user}",
        "branches": "{/branch}",
        "collaborators": "{/collaborator}",
        "comments": "{/number}",
        "commits": "{/sha}",
        "contributors": "",
        "deployments": "",
        "downloads": "",
        "events": "",
        "forks": "",
        "hooks": "",
        "issues": "{/number}",
        "keys": "{/key_id}",
        "labels": "{/name}",
        "languages": "",
        "merges": "",
        "milestones": "{/number}",
        "notifications": "{?since,all,participating}",
        "pulls": "{/number}",
        "releases": "{/id}",
        "stargazers": "",
        "subscribers": "",
        "subscription": "",
        "tags": "",
        "teams": "",
    }.items()
} | {
    "archive": "{archive_format}{/ref}",
    "blobs": "git/blobs{/sha}",
    "compare": "compare/{base}...{head}",
    "contents": "contents/{+path}",
    "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}",
    "git_tags": "git/tags{/sha}",
    "issue_comment": "issues/comments{/number}",
    "issue_events": "issues/events{/number}",
    "statuses": "statuses/{sha}",
    "trees": "git/trees{/sha}",
}


def user(login: str) -> JSON:
    """A simple user."""
    links = ("followers", "following", "gists", "starred", "subscriptions", "repos", "events", "received_events")
    url = f"{API}/users/{login}"
    return {
        "login": login,
        "id": account_number(login),
        "node_id": f"U_{account_number(login)}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account_number(login)}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{WEB}/{login}",
        "organizations_url": f"{url}/orgs",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
        **{f"{name}_url": f"{url}/{name}" for name in links},
    }


def repository(state: State, full_name: str) -> JSON:
    """A full repository."""
    owner, name = full_name.split("/")
    url, web = f"{API}/repos/{full_name}", f"{WEB}/{full_name}"
    counts: tuple[str, ...] = (
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "stargazers_count",
        "watchers",
    )
    counts += ("watchers_count", "size", "network_count", "subscribers_count")
    features = ("issues", "projects", "wiki", "downloads")
    created = "2024-01-01T00:00:00Z"
    return {
        "id": account_number(full_name),
        "node_id": f"R_{account_number(full_name)}",
        "name": name,
        "full_name": full_name,
        "private": state.private,
        "owner": user(owner),
        "html_url": web,
        "description": None,
        "fork": full_name != state.repository,
        "url": url,
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "default_branch": state.default_branch,
        "archived": False,
        "disabled": False,
        "has_pages": False,
        "has_discussions": False,
        "visibility": "private" if state.private else "public",
        **{f"has_{feature}": True for feature in features},
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), created),
        **{f"{link}_url": f"{url}/{path}" for link, path in REPOSITORY_LINKS.items()},
    }


def association(state: State, login: str) -> str:
    """How an account belongs to the repository."""
    if login == state.repository.split("/")[0]:
        return "OWNER"
    return "COLLABORATOR" if state.collaborators.get(login, "none") != "none" else "NONE"


def app(login: str) -> JSON:
    slug, since = login.removesuffix("[bot]"), "2024-01-01T00:00:00Z"
    return {
        "id": 15368,
        "slug": slug,
        "node_id": "A_15368",
        "owner": user("github"),
        "name": slug,
        "description": "",
        "external_url": "https://help.github.com/en/actions",
        "html_url": f"{WEB}/apps/{slug}",
        "created_at": since,
        "updated_at": since,
        "permissions": {},
        "events": [],
    }
