"""A folder of a tree is a tree of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from apo_ci.errors import InputError
from apo_ci.inputs.repository import Repository
from apo_ci.inputs.trees import Subtree, Tree, project_tree, subtree
from tests.unit.inputs.test_repository import write

FOLDER = "teams/[a]*/web"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository.create(tmp_path / "repository")
    for path in (f"{FOLDER}/prompts/a.md", f"{FOLDER}/prompts/deep/b.md", "prompts/a.md", "teams/ax/web/prompts/c.md"):
        write(repository.root, path, f"text of {path}")
    (repository.root / FOLDER / "link.md").symlink_to("prompts/a.md")
    repository.commit_all("first")
    return repository


@pytest.fixture(params=["working tree", "commit"])
def tree(request: pytest.FixtureRequest, repository: Repository) -> Tree:
    return repository.tree(None if request.param == "working tree" else "HEAD")


def test_its_paths_begin_at_the_folder(tree: Tree) -> None:
    folder = Subtree(tree, f"./{FOLDER}/")

    assert folder.list(["**/*.md"]) == ("link.md", "prompts/a.md", "prompts/deep/b.md")
    assert folder.list(["prompts/*.md"]) == ("prompts/a.md",)
    assert folder.read("prompts/a.md") == f"text of {FOLDER}/prompts/a.md".encode()
    with folder.open("prompts/deep/b.md") as stream:
        assert stream.read().endswith(b"b.md")
    assert folder.exists("prompts/a.md")
    assert not folder.exists("teams/ax/web/prompts/c.md")
    assert folder.digest("prompts/a.md") == tree.digest(f"{FOLDER}/prompts/a.md")
    assert (folder.name, folder.commit) == (tree.name, tree.commit)


@pytest.mark.parametrize("path", ["../[a]*/web/prompts/a.md", "../../../prompts/a.md", "/etc/passwd", ""])
def test_nothing_leads_out_of_it(tree: Tree, path: str) -> None:
    folder = Subtree(tree, FOLDER)
    for reading in (folder.read, folder.open, folder.exists, folder.digest):
        with pytest.raises(InputError, match="not a path inside"):
            reading(path)
    with pytest.raises(InputError, match="not a path inside"):
        folder.list([path])


def test_errors_name_paths_and_suggest_files_inside_the_folder(tree: Tree) -> None:
    with pytest.raises(InputError) as caught:
        Subtree(tree, FOLDER).read("b.md")
    assert str(caught.value) == "b.md: There is no file `b.md`.\n  Did you mean `prompts/deep/b.md`?"


@pytest.mark.parametrize("path", ["link.md", "prompts"])
def test_links_and_folders_are_not_files_there_either(tree: Tree, path: str) -> None:
    with pytest.raises(InputError) as caught:
        Subtree(tree, FOLDER).read(path)
    assert caught.value.path == path


def test_the_root_is_the_tree_itself(tree: Tree) -> None:
    assert subtree(tree, "") is subtree(tree, ".") is subtree(tree, "./") is tree


@pytest.mark.parametrize("folder", ["nowhere", "prompts/a.md", "teams/[a]*/web/link.md"])
def test_a_project_needs_a_folder_with_files(tree: Tree, folder: str) -> None:
    with pytest.raises(InputError, match="no such folder") as caught:
        project_tree(tree, folder)
    assert caught.value.path == folder


def test_a_project_is_inside_the_repository(tree: Tree) -> None:
    with pytest.raises(InputError, match="not a path inside"):
        project_tree(tree, "teams/../..")
