"""The repository, its collaborators, contents, commits, references and trees: https://docs.github.com/rest"""

from __future__ import annotations

from tests.github import accounts, answers, answers_git
from tests.github.git import File, Tree
from tests.github.protocol import JSON, Answer, Asked, RefusalError, invalid, not_found, paged, route
from tests.github.state import State

REPOSITORY = "/repos/{owner}/{repo}"
ROLES = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read", "none": "none"}
RAW = ("application/vnd.github.raw", "application/vnd.github.raw+json", "application/vnd.github.v3.raw")


@route("GET", REPOSITORY)
def get_repository(state: State, asked: Asked) -> Answer:
    """The repository, or a fork."""
    name = f"{asked.parameters['owner']}/{asked.parameters['repo']}"
    return Answer(200, accounts.repository(state, name))


@route("GET", REPOSITORY + "/collaborators/{username}/permission")
def get_permission(state: State, asked: Asked) -> Answer:
    """`permission` knows four levels (maintain is write, triage read), `role_name` all of them."""
    login = asked.parameters["username"]
    role = state.collaborators.get(login, "none" if state.private else "read")
    permission = ROLES[role]
    levels = ("pull", "triage", "push", "maintain", "admin")
    rank = {"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}[role]
    can = {level: index < rank for index, level in enumerate(levels)}
    user = {**accounts.user(login), "role_name": role, "permissions": can}
    return Answer(200, {"permission": permission, "role_name": role, "user": user})


@route("GET", REPOSITORY + "/contents/{path}", "contents")
def get_contents(state: State, asked: Asked) -> Answer:
    """A file as JSON or raw, or the list of a folder."""
    path, ref = asked.parameters["path"].strip("/"), asked.query.get("ref", state.default_branch)
    commit = state.resolve(ref)
    if commit is None:
        raise RefusalError(404, f"No commit found for the ref {ref}")
    if path not in commit.tree:
        return Answer(200, _folder(state, path, ref, commit.tree))
    file = commit.tree[path]
    if asked.accept.split(";")[0] in RAW:
        return Answer(200, raw=file.data, headers={"Content-Type": "application/vnd.github.raw+json; charset=utf-8"})
    return Answer(200, answers_git.content_file(state, path, ref, file))


def _folder(state: State, path: str, ref: str, tree: Tree) -> list[JSON]:
    names = sorted({name.removeprefix(f"{path}/").split("/")[0] for name in tree if name.startswith(f"{path}/")})
    if not names:
        raise not_found()
    return [answers_git.content(state, f"{path}/{name}", ref, tree.get(f"{path}/{name}")) for name in names]


@route("GET", REPOSITORY + "/commits/{ref}", "contents")
def get_commit(state: State, asked: Asked) -> Answer:
    """A branch's head, or a commit."""
    commit = state.resolve(asked.parameters["ref"])
    if commit is None:
        raise RefusalError(422, f"No commit found for SHA: {asked.parameters['ref']}")
    files = answers.committed_files(state, commit)
    return Answer(200, {**answers_git.commit(state, commit), "files": files[:300]})


@route("GET", REPOSITORY + "/commits", "contents")
def list_commits(state: State, asked: Asked) -> Answer:
    """The commits of a branch, nearest first."""
    commit = state.resolve(asked.query.get("sha", state.default_branch))
    if commit is None:
        raise not_found()
    found = [state.git.commits[sha] for sha in state.git.ancestors(commit.sha)]
    return paged(state, asked, [answers_git.commit(state, one) for one in found])


@route("GET", REPOSITORY + "/git/ref/{ref}", "contents")
def get_reference(state: State, asked: Asked) -> Answer:
    """`ref` is heads/BRANCH, without refs/."""
    ref = asked.parameters["ref"]
    branch = ref.removeprefix("heads/")
    if branch == ref or branch not in state.branches:
        raise not_found()
    return Answer(200, answers_git.reference(state, f"refs/{ref}", state.branches[branch]))


@route("POST", REPOSITORY + "/git/refs", "contents")
def create_reference(state: State, asked: Asked) -> Answer:
    """A new branch."""
    ref, sha = asked.body.get("ref", ""), asked.body.get("sha", "")
    branch = ref.removeprefix("refs/heads/")
    if branch == ref or not branch:
        raise RefusalError(422, "Reference name must start with 'refs/heads/' or 'refs/tags/'.")
    if branch in state.branches:
        raise RefusalError(422, "Reference already exists")
    if sha not in state.git.commits:
        raise RefusalError(422, "Object does not exist")
    state.branches[branch] = sha
    return Answer(201, answers_git.reference(state, ref, sha))


@route("PATCH", REPOSITORY + "/git/refs/{ref}", "contents")
def update_reference(state: State, asked: Asked) -> Answer:
    """Fast forward only, unless `force` is set."""
    branch, sha = asked.parameters["ref"].removeprefix("heads/"), asked.body.get("sha", "")
    if branch not in state.branches or sha not in state.git.commits:
        raise RefusalError(422, "Reference does not exist" if branch not in state.branches else "Object does not exist")
    if not asked.body.get("force") and state.branches[branch] not in state.git.ancestors(sha):
        raise RefusalError(422, "Update is not a fast forward")
    state.branches[branch] = sha
    return Answer(200, answers_git.reference(state, f"refs/heads/{branch}", sha))


@route("POST", REPOSITORY + "/git/trees", "contents")
def create_tree(state: State, asked: Asked) -> Answer:
    """Entries laid over `base_tree` (a tree's or a commit's name); a null sha takes a file away."""
    tree = dict(_base_tree(state, asked.body.get("base_tree")))
    for entry in asked.body.get("tree", ()):
        _lay(state, tree, entry)
    if not tree:
        raise RefusalError(422, "Invalid tree info")
    sha = state.git.keep(tree)
    entries = [
        {"path": path, "mode": file.mode, "type": "blob", "sha": file.sha, "size": len(file.data)}
        for path, file in sorted(tree.items())
    ]
    url = f"{accounts.API}/repos/{state.repository}/git/trees/{sha}"
    return Answer(201, {"sha": sha, "url": url, "tree": entries, "truncated": False})


def _base_tree(state: State, name: str | None) -> Tree:
    if name is None:
        return {}
    if name in state.git.commits:
        return state.git.commits[name].tree
    if name not in state.git.trees:
        raise RefusalError(422, "base_tree is not a valid tree oid")
    return state.git.trees[name]


def _lay(state: State, tree: dict[str, File], entry: JSON) -> None:
    path, mode = entry.get("path", ""), entry.get("mode", "")
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise RefusalError(422, "tree.path contains a malformed path component")
    if "content" in entry:
        tree[path] = File(entry["content"].encode(), mode)
    elif entry.get("sha") is None:
        tree.pop(path, None)
    elif entry["sha"] in state.git.blobs:
        tree[path] = File(state.git.blobs[entry["sha"]], mode)
    else:
        raise RefusalError(422, f"tree.sha {entry['sha']} is not a valid blob")


@route("POST", REPOSITORY + "/git/commits", "contents")
def create_commit(state: State, asked: Asked) -> Answer:
    """A commit that no branch leads to yet."""
    message, tree, parents = asked.body.get("message", ""), asked.body.get("tree", ""), asked.body.get("parents", [])
    if tree not in state.git.trees:
        raise RefusalError(422, "Tree SHA does not exist")
    if any(parent not in state.git.commits for parent in parents):
        raise invalid("Commit", "parents", "invalid")
    author = asked.body.get("author", {}).get("name", state.login)
    date = int(state.clock())
    commit = state.git.commit(state.git.trees[tree], tuple(parents), message, author, date, committer=state.login)
    return Answer(201, answers_git.git_commit(state, commit))
