"""Commits and the working tree are read the same way, and nothing leads out of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from apo_ci.errors import InputError, RepositoryError
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
