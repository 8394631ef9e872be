"""Commits and the working tree are read the same way, and nothing leads out of them."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from apo_ci.errors import InputError, RepositoryError
from apo_ci.inputs.git_settings import child_environment, fetch_settings
from apo_ci.inputs.repository import Repository, Tree


def write(root: Path, path: str, content: str | bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository.create(tmp_path / "repository with a blank")
    write(repository.root, "prompts/é b.prompt.md", "\ufeffHi\r\n")
    write(repository.root, "prompts/sub/c.prompt.md", "Ho\n")
    write(repository.root, "secret.txt", "kept\n")
    write(repository.root, ".gitignore", "ignored/\n")
    write(repository.root, "ignored/d.prompt.md", "no\n")
    (repository.root / "link.md").symlink_to(tmp_path / "outside.md")
    (repository.root / "inner.md").symlink_to("secret.txt")
    (repository.root / "folder").symlink_to("prompts")
    (tmp_path / "outside.md").write_text("outside")
    repository.commit_all("first")
    return repository


@pytest.fixture(params=["working tree", "commit"])
def tree(request: pytest.FixtureRequest, repository: Repository) -> Tree:
    return repository.tree(None if request.param == "working tree" else "HEAD")


def test_files_are_listed_by_globs(tree: Tree) -> None:
    assert tree.list(["prompts/**/*.md"]) == ("prompts/sub/c.prompt.md", "prompts/é b.prompt.md")
    assert tree.list(["**/*.prompt.md"]) == ("prompts/sub/c.prompt.md", "prompts/é b.prompt.md")


def test_files_are_read_byte_for_byte(tree: Tree) -> None:
    assert tree.read("prompts/é b.prompt.md") == "\ufeffHi\r\n".encode()
    with tree.open("./prompts//sub/c.prompt.md") as stream:
        assert (stream.readline(), stream.read()) == (b"Ho\n", b"")


def test_both_kinds_of_tree_name_equal_files_alike(repository: Repository) -> None:
    path = "prompts/é b.prompt.md"
    assert repository.tree(None).digest(path) == repository.tree("HEAD").digest(path)
    write(repository.root, path, "changed")
    assert repository.tree(None).digest(path) != repository.tree("HEAD").digest(path)


@pytest.mark.parametrize("path", ["link.md", "inner.md", "folder/sub/c.prompt.md", "prompts", "folder"])
def test_links_and_folders_are_not_files(tree: Tree, path: str) -> None:
    with pytest.raises(InputError) as caught:
        tree.read(path)

    assert caught.value.path == path
    assert caught.value.cure


@pytest.mark.parametrize("path", ["../outside.md", "/etc/passwd", "prompts/../../outside.md", ""])
def test_no_path_leads_out(tree: Tree, path: str) -> None:
    for reading in (tree.read, tree.open, tree.exists, tree.digest):
        with pytest.raises(InputError, match="not a path inside"):
            reading(path)


def test_a_missing_file_is_an_error_with_a_suggestion(tree: Tree) -> None:
    assert not tree.exists("prompts/c.prompt.md")
    with pytest.raises(InputError) as caught:
        tree.read("prompts/c.prompt.md")
    assert str(caught.value) == (
        "prompts/c.prompt.md: There is no file `prompts/c.prompt.md`.\n  Did you mean `prompts/sub/c.prompt.md`?"
    )


def test_the_working_tree_has_new_files_and_not_the_ignored_or_deleted(repository: Repository) -> None:
    write(repository.root, "prompts/new.prompt.md", "New")
    (repository.root / "prompts/sub/c.prompt.md").unlink()

    assert repository.tree(None).list(["**/*.prompt.md"]) == ("prompts/new.prompt.md", "prompts/é b.prompt.md")
    assert repository.tree(None).name == "working tree"


def test_a_named_pipe_is_not_read(repository: Repository) -> None:
    os.mkfifo(repository.root / "pipe.md")

    with pytest.raises(InputError, match="not a plain file"):
        repository.tree(None).read("pipe.md")


def test_a_submodule_is_not_a_file(repository: Repository, tmp_path: Path) -> None:
    commit = repository.resolve("HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module")
    repository.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "module")

    with pytest.raises(InputError, match="submodules are not followed"):
        repository.tree("HEAD").read("module")


def test_what_is_in_the_index_is_tracked_and_nothing_else(repository: Repository, tmp_path: Path) -> None:
    (repository.root / "new").mkdir()
    (repository.root / "new" / "file").touch()
    assert not repository.tracks([repository.root / "new"])
    repository.git("add", "new/file")
    assert repository.tracks([repository.root / "new"])
    assert repository.tracks([repository.root / "absent", repository.root / "new" / "file"])
    assert not repository.tracks([repository.root.parent / "elsewhere"])


def test_refs_are_resolved_to_commits(repository: Repository) -> None:
    commit = repository.resolve("HEAD")

    assert repository.resolve("main") == repository.resolve(commit) == repository.resolve(commit[:8]) == commit
    assert repository.tree("main").commit == commit


@pytest.mark.parametrize(
    "ref", ["--help", "-h", "--output=x", "--upload-pack=touch x", "", " ", "a b", "a\nb", "a\0b", "\u202emain"]
)
def test_what_is_no_ref_never_reaches_git(repository: Repository, ref: str) -> None:
    with pytest.raises(RepositoryError, match="is not a name for a commit"):
        repository.resolve(ref)
    with pytest.raises(RepositoryError, match="is not a name for a commit"):
        repository.merge_base(ref, "HEAD")


@pytest.mark.parametrize("ref", ["nowhere", "HEAD:secret.txt", "HEAD~5", "main..main"])
def test_an_unknown_ref_is_an_error_with_a_cure(repository: Repository, ref: str) -> None:
    with pytest.raises(RepositoryError, match="knows no commit") as caught:
        repository.resolve(ref)
    assert caught.value.cure


def test_the_merge_base_is_where_the_head_left(repository: Repository) -> None:
    start = repository.resolve("HEAD")
    repository.switch_to_new_branch("feature")
    write(repository.root, "new.txt", "x")
    head = repository.commit_all("second")

    assert repository.merge_base("main", head) == start
    assert head != start


def test_histories_without_a_common_commit_are_refused(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--orphan", "other")
    repository.commit_all("other root")

    with pytest.raises(RepositoryError, match="no common ancestor"):
        repository.merge_base("main", "other")


def test_a_clone_knows_the_branches_and_the_default_of_its_origin(repository: Repository, tmp_path: Path) -> None:
    repository.switch_to_new_branch("feature")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository.root), str(clone)], check=True)
    cloned = Repository(clone)

    assert cloned.resolve("main") == repository.resolve("main")
    assert cloned.default_base() == "origin/feature"


def test_a_shallow_clone_is_told_to_fetch_more(repository: Repository, tmp_path: Path) -> None:
    repository.switch_to_new_branch("feature")
    for number in range(2):
        write(repository.root, "x", str(number))
        repository.commit_all("more")
    clone = tmp_path / "clone"
    source = repository.root.as_uri()
    subprocess.run(["git", "clone", "--quiet", "--depth=1", "--no-single-branch", source, str(clone)], check=True)

    with pytest.raises(RepositoryError, match="shallow clone") as caught:
        Repository(clone).merge_base("main", "HEAD")
    assert "fetch-depth: 0" in str(caught.value.cure)


def test_without_a_usual_branch_the_base_must_be_named(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path)
    repository.git("switch", "--quiet", "--create", "trunk")
    assert not repository.has_commits()
    repository.commit_all("first")

    with pytest.raises(RepositoryError, match="not clear what to compare with"):
        repository.default_base()


def test_a_folder_inside_is_as_good_as_the_root(repository: Repository) -> None:
    assert Repository(repository.root / "prompts").root == repository.root


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_git_is_refused(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "none"
    if make:
        folder.mkdir()

    with pytest.raises(RepositoryError, match="is not in a git repository"):
        Repository(folder)


def test_a_stream_may_be_closed_early(repository: Repository) -> None:
    write(repository.root, "big.txt", b"line\n" * 200_000)
    repository.commit_all("big")

    with repository.tree("HEAD").open("big.txt") as stream:
        assert stream.readline() == b"line\n"
    assert stream.closed


def test_the_variables_of_another_git_command_do_not_lead_elsewhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository.create(tmp_path / "other")
    for name, value in (("GIT_DIR", other.root / ".git"), ("GIT_WORK_TREE", other.root), ("GIT_INDEX_FILE", "/x")):
        monkeypatch.setenv(name, str(value))

    assert Repository(repository.root).root == repository.root
    assert "secret.txt" in Repository(repository.root).files()


def test_hooks_and_the_monitor_of_a_repository_do_not_run(repository: Repository, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    (repository.root / ".git/hooks").mkdir(exist_ok=True)
    (repository.root / ".git/hooks/post-commit").write_bytes(program.read_bytes())
    (repository.root / ".git/hooks/post-commit").chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "core.pager", "core.editor", "diff.x.textconv"):
        repository.git("config", name, str(program))
    write(repository.root, ".gitattributes", "* diff=x\n")
    before = repository.resolve("HEAD")
    write(repository.root, "prompts/sub/c.prompt.md", "other\n")
    after = repository.commit_all("second")
    repository.files()
    repository.diff(before, after, "prompts/sub/c.prompt.md")

    assert not ran.exists()


def test_the_diff_of_one_file_is_unified_whatever_the_settings_say(repository: Repository) -> None:
    for name, value in (
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "0"),
        ("color.ui", "always"),
    ):
        repository.git("config", name, value)
    before = repository.resolve("HEAD")
    write(repository.root, "prompts/sub/c.prompt.md", "Ho\nHum\n")
    write(repository.root, "secret.txt", "changed\n")
    after = repository.commit_all("second")

    shown = repository.diff(before, after, "prompts/sub/c.prompt.md")

    assert shown.splitlines()[2:] == [
        "--- a/prompts/sub/c.prompt.md",
        "+++ b/prompts/sub/c.prompt.md",
        "@@ -1 +1,2 @@",
        " Ho",
        "+Hum",
    ]
    assert repository.diff(before, before, "secret.txt") == ""


def test_a_diffs_path_is_no_pattern(repository: Repository) -> None:
    before = repository.resolve("HEAD")
    write(repository.root, "*.txt", "star\n")
    write(repository.root, "other.txt", "other\n")
    after = repository.commit_all("second")

    assert "other" not in repository.diff(before, after, "*.txt")
    with pytest.raises(InputError):
        repository.diff(before, after, "../x")


@pytest.fixture
def clone(repository: Repository, tmp_path: Path) -> Repository:
    """A shallow clone of two commits' worth of history."""
    write(repository.root, "more.txt", "more\n")
    repository.commit_all("second")
    path = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", repository.root.as_uri(), str(path)], check=True)
    return Repository(path)


def test_a_fetch_brings_refs_with_their_whole_history(repository: Repository, clone: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "pull")
    write(repository.root, "pull.txt", "x\n")
    head = repository.commit_all("third")
    repository.git("update-ref", "refs/pull/7/head", head)
    base = repository.resolve("main")

    clone.fetch("origin", "refs/pull/7/head")
    clone.fetch(repository.root.as_uri(), ["+refs/heads/pull:refs/remotes/origin/pull"])

    assert clone.resolve(head) == clone.resolve("origin/pull") == head
    assert clone.merge_base(base, head) == base
    assert clone.git("rev-parse", "--is-shallow-repository") == b"false\n"
    assert not (clone.root / ".git/FETCH_HEAD").exists()


@pytest.mark.parametrize(
    "refspec",
    [
        *("--upload-pack=touch x", "-f", "", ":", "main", "refs/heads/main:refs/heads/main", "refs/heads/main:main"),
        *("refs/heads/a..b", "refs/heads/a b", "refs/heads/*:refs/remotes/origin/main", "refs/heads/a\nb", "refs/x~1"),
        *("refs/heads/a:refs/remotes/../heads/a", "refs/heads/\u202ea", "refs/heads/a.lock"),
    ],
)
def test_what_is_no_refspec_of_ours_never_reaches_git(clone: Repository, refspec: str) -> None:
    with pytest.raises(RepositoryError, match="not a refspec"):
        clone.fetch("origin", refspec)


@pytest.mark.parametrize(
    "url",
    [
        "ssh://git@example.com/a/b",
        "git://example.com/a",
        "http://example.com/a/b",
        "ext::sh -c x://",
        "https://u:p@x/y",
    ],
)
def test_only_https_is_fetched_from(clone: Repository, url: str) -> None:
    with pytest.raises(RepositoryError):
        clone.fetch(url, "refs/heads/main")


def test_a_token_is_a_header_for_one_url_and_in_no_argument() -> None:
    url = "https://github.com/octo/prompts"
    told = child_environment({"PATH": "/bin"}, Path(), fetch_settings(url, SecretStr("ghs_canary")))
    values = [value for name, value in told.items() if name.startswith("GIT_CONFIG_VALUE")]
    keys = [value for name, value in told.items() if name.startswith("GIT_CONFIG_KEY")]
    basic = base64.b64encode(b"x-access-token:ghs_canary").decode()

    assert keys.count(f"http.{url}.extraheader") == 2
    assert values[-2:] == ["", f"Authorization: Basic {basic}"]
    assert "ghs_canary" not in str(told)
    assert int(told["GIT_CONFIG_COUNT"]) == len(keys)


def test_the_token_reaches_a_server_as_its_only_authorization(clone: Repository) -> None:
    headers: list[list[str]] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server looks for
            headers.append(self.headers.get_all("Authorization") or [])
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # likewise
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/octo/prompts"
        clone.git("config", f"http.http://127.0.0.1:{server.server_port}/.extraheader", "Authorization: Basic b2xk")
        with pytest.raises(RepositoryError) as caught:
            clone.fetch(url, "refs/heads/main", SecretStr("ghs_canary"))
        server.shutdown()

    basic = base64.b64encode(b"x-access-token:ghs_canary").decode()
    assert headers == [[f"Basic {basic}"]]
    assert "ghs_canary" not in str(caught.value)
    assert basic not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_somebody_else_is_read_where_it_was_asked_for_and_not_above(repository: Repository) -> None:
    for path in (repository.root, *repository.root.rglob("*")):
        os.lchown(path, 65_534, 65_534)

    assert "secret.txt" in Repository(repository.root).files()
    with pytest.raises(RepositoryError, match="another user"):
        Repository(repository.root / "prompts")
    told = child_environment({}, repository.root)
    assert told["GIT_ALLOW_PROTOCOL"] == "https"
    assert "GIT_ALLOW_PROTOCOL" not in child_environment({}, Path())
