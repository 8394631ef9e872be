"""A suggestion is committed once, on the head that was measured, or not at all."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from apo_ci.errors import ConflictError, PermissionMissingError, RefusedError, UnknownOutcomeError
from apo_ci.publish.commit import Commit, Fix, commit_fixes, create_commit
from apo_ci.publish.facts import Facts, read_facts
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults, Kind, Script
from tests.github.git import File
from tests.unit.publish.prompts import (
    AFTER,
    BEFORE,
    FIX,
    GLOBS,
    NUMBER,
    OTHER,
    OTHER_FIX,
    PATH,
    client,
    facts,
    message,
    pull_request,
)

LOST: list[Kind] = ["502"] * 20


def mutations(method: str, path: str) -> bool:
    return path.endswith("/graphql")


def commit(
    fake: FakeGitHub,
    head: str,
    *,
    known: Facts | None = None,
    fixes: Sequence[Fix] = (FIX,),
    globs: Sequence[str] = GLOBS,
) -> Commit:
    return commit_fixes(
        client(fake),
        facts=known or facts(head),
        expected_head=head,
        fixes=fixes,
        message=message(*fixes),
        prompts=globs,
    )


def assert_refused(fake: FakeGitHub, head: str, why: str, **options: Any) -> None:
    before = dict(fake.branches)
    with pytest.raises(RefusedError, match=why) as caught:
        commit(fake, head, **options)
    assert caught.value.cure
    assert fake.branches == before


def test_all_fixes_become_one_commit_on_the_measured_head() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        made = commit(fake, head, fixes=(FIX, OTHER_FIX))

        assert fake.branches["edit"] == made.oid
        assert made.url == f"https://github.com/octo/prompts/commit/{made.oid}"
        assert fake.git.commits[made.oid].parents == (head,)
        assert fake.git.commits[made.oid].message == message(FIX, OTHER_FIX).whole
        assert (fake.file("edit", PATH), fake.file("edit", OTHER)) == (AFTER.encode(), AFTER.encode())
        assert len(fake.log) == 2  # one look at the files, one commit


def test_bytes_arrive_as_they_are() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        before, after = "\ufeffÄ: {{ x }}\r\n", "\ufeffÖ: {{ x }}\r\n"
        head = fake.push("edit", {PATH: before})
        fix = replace(FIX, before_hash=_sha256(before), after=after)

        commit(fake, head, fixes=[fix])

        assert fake.file("edit", PATH) == after.encode()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_after_its_own_commit_it_never_commits_again() -> None:
    with FakeGitHub() as fake:
        head = commit(fake, pull_request(fake)).oid
        again = replace(FIX, before_hash=_sha256(AFTER), after=BEFORE)

        assert_refused(fake, head, "never follows itself", known=read_facts(client(fake), NUMBER), fixes=[again])


def test_the_trailer_of_another_accounts_commit_counts_as_own() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, "own", known=replace(facts(head), last_message="Squash\n\nApo-CI-Run: 3"))


def test_a_head_that_moved_before_is_left_alone() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        now = fake.push("edit", {"README.md": "More.\n"})

        with pytest.raises(ConflictError, match="head moved"):
            commit(fake, head, known=facts(now))

        assert fake.branches["edit"] == now


def test_a_head_that_moves_meanwhile_is_left_alone() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        now = fake.push("edit", {"README.md": "More.\n"})

        with pytest.raises(ConflictError, match="head moved") as caught:
            commit(fake, head)  # what was read of the pull request is a moment old

        assert caught.value.cure
        assert fake.branches["edit"] == now


def test_a_fork_is_never_written_to() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, "fork", known=replace(facts(head), is_fork=True))
        assert fake.log == []


def test_a_closed_pull_request_is_left_alone() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, "closed", known=replace(facts(head), is_open=False))


def test_a_prompt_that_changed_since_it_was_measured_is_left_alone() -> None:
    with FakeGitHub() as fake:
        pull_request(fake)
        head = fake.push("edit", {PATH: BEFORE + "Label:\n"})

        assert_refused(fake, head, "changed since")


def test_one_unfit_fix_keeps_all_from_being_committed() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, f"^{OTHER} stays as it is", fixes=[FIX, replace(OTHER_FIX, before_hash="0" * 64)])


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_links_and_submodules_are_not_followed(mode: str) -> None:
    with FakeGitHub() as fake:
        pull_request(fake)
        head = fake.push("edit", {PATH: File(BEFORE.encode(), mode)})

        assert_refused(fake, head, "no plain file")


@pytest.mark.parametrize("path", ["prompts", "prompts/none.prompt.md", f"{PATH}/x.prompt.md"])
def test_what_is_no_file_is_refused(path: str) -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, "no plain file", fixes=[replace(FIX, path=path)], globs=("**/*",))


@pytest.mark.parametrize("path", ["../x", "/x", ".github/workflows/ci.yml", "src/main.py"])
def test_a_path_that_may_never_be_written_is_not_even_asked_for(path: str) -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, "stays as it is", fixes=[replace(FIX, path=path)])
        assert fake.log == []


def test_two_texts_for_one_prompt_are_refused() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, "two texts", fixes=[FIX, replace(FIX, after=AFTER + "!\n")])


def test_nothing_to_commit_is_refused() -> None:
    with FakeGitHub() as fake:
        assert_refused(fake, pull_request(fake), "no suggestion", fixes=())


def test_equal_bytes_are_no_commit() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)

        assert_refused(fake, head, "holds the suggestion already", fixes=[replace(FIX, after=BEFORE)])


def test_a_missing_permission_is_named() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        fake.permissions = {"metadata": "read", "contents": "read"}

        with pytest.raises(PermissionMissingError, match="contents: write"):
            commit(fake, head)


@pytest.mark.parametrize("fault", ["502", "reset", "502_after", "reset_after", "closed_after", "truncated_after"])
def test_a_lost_answer_is_looked_for_before_it_is_tried_again(fault: Any) -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        fake.faults = Script(None, fault, only=mutations)

        made = commit(fake, head)

        assert fake.branches["edit"] == made.oid
        assert fake.git.commits[made.oid].parents == (head,)
        assert made.url.endswith(made.oid)


def test_a_lost_commit_is_found_under_what_others_pushed_since() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        files, words = {PATH: AFTER.encode()}, message()
        fake.faults = Script("502_after", only=mutations)

        def push(method: str, path: str) -> None:
            if "git/ref" in path and fake.branches["edit"] != head:
                fake.on_request = None
                fake.push("edit", {"README.md": "1\n"})
                fake.push("edit", {"README.md": "2\n"})

        fake.on_request = push

        made = create_commit(client(fake), branch="edit", expected_head=head, files=files, message=words)

        assert fake.git.commits[made.oid].message == words.whole
        assert fake.branches["edit"] != made.oid


def test_a_lost_answer_and_a_push_of_another_is_a_moved_head() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        fake.faults = Script("502", only=mutations)

        def push(method: str, path: str) -> None:
            if "git/ref" in path:
                fake.on_request = None
                fake.push("edit", {"README.md": "1\n"})

        fake.on_request = push

        with pytest.raises(ConflictError):
            create_commit(client(fake), branch="edit", expected_head=head, files={PATH: b"x"}, message=message())


def test_what_stays_unknown_is_said_to_be_unknown() -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        fake.faults = Script(*LOST, only=mutations)

        with pytest.raises(UnknownOutcomeError):
            create_commit(client(fake), branch="edit", expected_head=head, files={PATH: b"x"}, message=message())


@pytest.mark.parametrize("seed", range(8))
def test_with_half_of_all_requests_failing_there_is_one_commit(seed: int) -> None:
    with FakeGitHub() as fake:
        head = pull_request(fake)
        fake.faults = Faults(0.5, random.Random(seed))

        made = commit(fake, head)

        assert fake.branches["edit"] == made.oid
        assert fake.git.commits[made.oid].parents == (head,)


def test_a_branch_with_slashes_is_found() -> None:
    with FakeGitHub() as fake:
        head = fake.branch("fix/the tone#1", {PATH: BEFORE})
        fake.faults = Script("502_after", only=mutations)

        made = create_commit(
            client(fake), branch="fix/the tone#1", expected_head=head, files={PATH: b"x"}, message=message()
        )

        assert fake.branches["fix/the tone#1"] == made.oid
