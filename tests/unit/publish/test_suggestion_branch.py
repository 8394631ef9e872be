"""A pull request of apo-ci's own: one, on a branch that only it writes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from apo_ci.errors import PermissionMissingError, RefusedError
from apo_ci.publish.branches import open_pull_request
from apo_ci.publish.commit import Fix
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults, Script
from tests.unit.publish.prompts import AFTER, BEFORE, FIX, GLOBS, OTHER, OTHER_FIX, PATH, client, message

BRANCH = "apo-ci/better-prompts"
BODY = "Measured."


def offer(fake: FakeGitHub, *fixes: Fix, branch: str = BRANCH, body: str = BODY, globs: Sequence[str] = GLOBS) -> str:
    return open_pull_request(
        client(fake),
        base="main",
        base_head=fake.branches["main"],
        branch=branch,
        fixes=fixes or (FIX,),
        message=message(*fixes),
        title=message(*fixes).headline,
        body=body,
        login=fake.login,
        prompts=globs,
    )


def project(fake: FakeGitHub) -> str:
    return fake.branch("main", {PATH: BEFORE, OTHER: BEFORE, "README.md": "x"})


def pulls(fake: FakeGitHub) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fake.snapshot()["pulls"]
    return found


def test_a_fix_becomes_a_branch_and_a_pull_request() -> None:
    with FakeGitHub() as fake:
        base = project(fake)

        address = offer(fake)

        assert [(one["head"], one["base"], one["body"]) for one in pulls(fake)] == [(BRANCH, "main", BODY)]
        assert address.endswith(f"/pull/{pulls(fake)[0]['number']}")
        assert fake.git.commits[fake.branches[BRANCH]].parents == (base,)
        assert fake.file(BRANCH, PATH) == AFTER.encode()
        assert fake.branches["main"] == base


def test_the_same_again_changes_nothing() -> None:
    with FakeGitHub() as fake:
        project(fake)
        first, head = offer(fake), fake.branches[BRANCH]

        assert offer(fake) == first

        assert fake.branches[BRANCH] == head
        assert len(pulls(fake)) == 1


def test_new_findings_update_the_open_pull_request() -> None:
    with FakeGitHub() as fake:
        project(fake)
        first, head = offer(fake, FIX), fake.branches[BRANCH]

        second = offer(fake, OTHER_FIX, body="Measured anew.")

        assert second == first
        assert [one["body"] for one in pulls(fake)] == ["Measured anew."]
        assert fake.git.commits[fake.branches[BRANCH]].parents == (head,)
        assert fake.file(BRANCH, OTHER) == AFTER.encode()
        assert fake.file(BRANCH, PATH) == BEFORE.encode()  # no longer suggested, so as it was


def test_a_base_that_moved_elsewhere_does_no_harm() -> None:
    with FakeGitHub() as fake:
        project(fake)
        offer(fake, FIX)
        fake.push("main", {"README.md": "y"})

        offer(fake, FIX, OTHER_FIX)

        assert fake.file(BRANCH, OTHER) == AFTER.encode()
        assert len(pulls(fake)) == 1


def test_a_branch_from_another_version_of_the_prompt_is_left_alone() -> None:
    with FakeGitHub() as fake:
        project(fake)
        offer(fake, FIX)
        head = fake.branches[BRANCH]
        now = BEFORE.replace("Label", "Judge")
        fake.push("main", {PATH: now})

        with pytest.raises(RefusedError, match="another version") as caught:
            offer(fake, replace(FIX, before_hash=hashlib.sha256(now.encode()).hexdigest()))

        assert "delete the branch" in (caught.value.cure or "")
        assert fake.branches[BRANCH] == head


@pytest.mark.parametrize("text", ["Tidy up", "Tidy up\n\nApo-CI-Run: 77"])
def test_a_branch_whose_last_commit_is_a_persons_is_left_alone(text: str) -> None:
    with FakeGitHub() as fake:
        project(fake)
        offer(fake)
        head = fake.push(BRANCH, {"README.md": "by hand"}, message=text, author="octocat")

        with pytest.raises(RefusedError, match="not apo-ci's"):
            offer(fake, OTHER_FIX)

        assert fake.branches[BRANCH] == head


def test_a_pull_request_that_a_person_closed_stays_closed() -> None:
    with FakeGitHub() as fake:
        project(fake)
        first = offer(fake)
        next(iter(fake.all_pulls.values())).state = "closed"

        assert offer(fake) == first

        assert [one["state"] for one in pulls(fake)] == ["closed"]


def test_another_finding_after_a_closed_pull_request_is_a_new_one() -> None:
    with FakeGitHub() as fake:
        project(fake)
        first = offer(fake)
        next(iter(fake.all_pulls.values())).state = "closed"

        assert offer(fake, OTHER_FIX) != first

        assert sorted(one["state"] for one in pulls(fake)) == ["closed", "open"]


@pytest.mark.parametrize("branch", ["main", "better-prompts", "apo-ci", "apo-ci/", "apo-ci/../main", "apo-ci/a b"])
def test_only_branches_of_its_own_name_are_written(branch: str) -> None:
    with FakeGitHub() as fake:
        project(fake)

        with pytest.raises(RefusedError, match="not one of apo-ci's"):
            offer(fake, branch=branch)


def test_the_guards_of_a_commit_hold() -> None:
    with FakeGitHub() as fake:
        base = project(fake)

        with pytest.raises(RefusedError, match="cannot be seen"):
            offer(fake, replace(FIX, after=AFTER.replace("happy", "hap\u202epy")))

        assert fake.branches == {"main": base}


def test_the_setting_that_forbids_pull_requests_is_named() -> None:
    with FakeGitHub() as fake:
        project(fake)
        fake.may_open_pull_requests = False

        with pytest.raises(PermissionMissingError, match="Allow GitHub Actions to create"):
            offer(fake)


@pytest.mark.parametrize("fault", ["502", "502_after", "reset_after"])
@pytest.mark.parametrize("part", ["/git/refs", "/graphql", "/pulls"])
def test_a_lost_answer_makes_nothing_twice(fault: Any, part: str) -> None:
    with FakeGitHub() as fake:
        project(fake)
        fake.faults = Script(fault, fault, only=lambda method, path: method == "POST" and path.endswith(part))

        offer(fake)

        assert len(pulls(fake)) == 1
        assert fake.git.commits[fake.branches[BRANCH]].parents == (fake.branches["main"],)


@pytest.mark.parametrize("seed", range(4))
def test_with_half_of_all_requests_failing_there_is_one_pull_request(seed: int) -> None:
    with FakeGitHub() as fake:
        project(fake)
        fake.faults = Faults(0.5, random.Random(seed), only=lambda method, path: not path.endswith("/pulls"))

        offer(fake)

        assert len(pulls(fake)) == 1
        assert fake.file(BRANCH, PATH) == AFTER.encode()
