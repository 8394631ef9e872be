"""The lock on a comment: one holder at a time, and nobody is held up for long by one that is gone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apo_ci.errors import GitHubError
from apo_ci.publish.comment import StickyComment
from apo_ci.publish.github import GitHub
from apo_ci.publish.lock import LEASE_SECONDS, WRITE_SECONDS, CommentLock, Lease
from tests.github.fake import FakeGitHub
from tests.github.faults import Kind, Script
from tests.unit.publish.race import BOT, NUMBER, Race, StoppingGitHub, Time

DOWN: list[Kind] = ["503"] * 50
Lock = Callable[..., CommentLock]


@pytest.fixture
def comment(fake: FakeGitHub) -> int:
    return fake.comment(NUMBER, "ours", login=BOT)


@pytest.fixture
def lock(fake: FakeGitHub, clock: Time) -> Iterator[Lock]:
    """Makes one job's lock; its clock may be `wrong` by so many seconds."""
    clients: list[GitHub] = []

    def make(wrong: float = 0) -> CommentLock:
        def now() -> float:
            return clock.now() + wrong

        github = StoppingGitHub(fake, clock, clock=now)
        clients.append(github)
        return CommentLock(github, BOT, sleep=clock.sleep, generator=random.Random(1), clock=now)

    yield make
    for client in clients:
        client.close()


def left_behind(fake: FakeGitHub, comment: int) -> int:
    """A job took the lock and was cancelled; the reaction's id."""
    with StoppingGitHub(fake, Time()) as github:
        reaction, is_new = github.created(github.path("issues", "comments", comment, "reactions"), {"content": "eyes"})
    assert is_new
    return int(reaction["id"])


def test_a_free_lock_is_taken_and_given_back_by_one_request_each(fake: FakeGitHub, comment: int, lock: Lock) -> None:
    with lock().held(comment, 60):
        (reaction,) = fake.reactions(comment)
        assert (reaction["content"], reaction["login"]) == ("eyes", BOT)
    assert fake.reactions(comment) == []
    assert [call.method for call in fake.log] == ["POST", "DELETE"]


def test_the_time_to_write_is_counted_from_before_the_lock_was_asked_for(
    fake: FakeGitHub, comment: int, lock: Lock, clock: Time
) -> None:
    asked = clock.now()
    fake.on_request = lambda method, path: clock.sleep(5)
    with lock().held(comment, 60) as lease:
        assert lease == Lease(asked + WRITE_SECONDS, contestable=False)
    assert WRITE_SECONDS + 15 < LEASE_SECONDS  # a request takes 15 seconds at most


def test_an_error_inside_gives_the_lock_back(fake: FakeGitHub, comment: int, lock: Lock) -> None:
    with pytest.raises(ZeroDivisionError), lock().held(comment, 60):
        raise ZeroDivisionError
    assert fake.reactions(comment) == []


def test_of_many_jobs_one_holds_it_at_a_time(fake: FakeGitHub, comment: int, clock: Time) -> None:
    inside: list[str] = []
    most = 0

    def job(name: str) -> Callable[[StickyComment, StoppingGitHub], Any]:
        def hold(_: StickyComment, github: StoppingGitHub) -> None:
            nonlocal most
            own = CommentLock(github, BOT, sleep=github.sleep, generator=random.Random(name), clock=clock.now)
            for _turn in range(3):
                with own.held(comment, 600) as lease:
                    assert not lease.contestable
                    inside.append(name)
                    most = max(most, len(inside))
                    github.sleep(2)
                    inside.remove(name)

        return hold

    Race(fake, clock).run({name: job(name) for name in "abcde"}, random.Random(1).choice, mode="update")
    assert most == 1
    assert fake.reactions(comment) == []


@pytest.mark.parametrize("wrong", [0, -7_200, 7_200])
def test_a_lock_left_behind_runs_out_after_half_a_minute_of_githubs_time(
    fake: FakeGitHub, comment: int, lock: Lock, clock: Time, wrong: float
) -> None:
    old = left_behind(fake, comment)
    began = clock.now()
    with lock(wrong).held(comment, 600) as lease:
        assert LEASE_SECONDS < clock.now() - began < LEASE_SECONDS + 8
        assert lease.contestable
        (reaction,) = fake.reactions(comment)
        assert reaction["id"] != old


def test_a_lock_that_was_left_behind_long_ago_costs_no_wait(
    fake: FakeGitHub, comment: int, lock: Lock, clock: Time
) -> None:
    left_behind(fake, comment)
    clock.sleep(3_600)
    began = clock.now()
    with lock().held(comment, 600):
        assert clock.now() - began < 1


def test_the_eyes_of_others_are_no_lock(fake: FakeGitHub, comment: int, lock: Lock, clock: Time) -> None:
    fake.login = "octocat"
    left_behind(fake, comment)
    fake.login = BOT
    began = clock.now()
    with lock().held(comment, 600) as lease:
        assert lease.contestable is False
    assert clock.now() == began
    assert [one["login"] for one in fake.reactions(comment)] == ["octocat"]


def test_without_the_permission_to_react_everybody_may_enter(fake: FakeGitHub, comment: int, lock: Lock) -> None:
    fake.permissions = {"metadata": "read", "issues": "read"}
    one = lock()
    for _ in range(2):
        with one.held(comment, 60) as lease:
            assert lease.contestable
    assert [(call.method, call.status) for call in fake.log] == [("POST", 403)]


def test_a_comment_that_is_gone_has_no_lock_and_the_next_one_has(fake: FakeGitHub, comment: int, lock: Lock) -> None:
    one = lock()
    with one.held(comment + 1, 60) as lease:
        assert lease.contestable
    with one.held(comment, 60) as lease:
        assert not lease.contestable


def test_when_patience_ends_it_enters_all_the_same(fake: FakeGitHub, comment: int, lock: Lock, clock: Time) -> None:
    old = left_behind(fake, comment)
    began = clock.now()
    with lock().held(comment, 10) as lease:
        assert lease.contestable
        assert 10 <= clock.now() - began < 15
    assert [one["id"] for one in fake.reactions(comment)] == [old]


@pytest.mark.parametrize("kind", ["reset", "502"])
def test_a_lock_that_was_surely_not_taken_is_asked_for_again(
    fake: FakeGitHub, comment: int, lock: Lock, clock: Time, kind: Any
) -> None:
    fake.faults = Script(kind, only=lambda method, path: method == "POST")
    began = clock.now()
    with lock().held(comment, 600) as lease:
        assert not lease.contestable
        assert clock.now() - began < 2


@pytest.mark.parametrize("kind", ["reset_after", "502_after"])
def test_a_lock_that_may_be_ours_or_anothers_has_to_run_out(
    fake: FakeGitHub, comment: int, lock: Lock, clock: Time, kind: Any
) -> None:
    fake.faults = Script(kind, only=lambda method, path: method == "POST")
    began = clock.now()
    with lock().held(comment, 600):
        assert clock.now() - began > LEASE_SECONDS
        assert len(fake.reactions(comment)) == 1
    assert fake.reactions(comment) == []


def test_a_lock_that_cannot_be_given_back_is_no_error(fake: FakeGitHub, comment: int, lock: Lock) -> None:
    with lock().held(comment, 60):
        fake.faults = Script(*DOWN, only=lambda method, path: method == "DELETE")
    assert len(fake.reactions(comment)) == 1


def test_github_being_down_is_the_callers_to_know(fake: FakeGitHub, comment: int, lock: Lock, clock: Time) -> None:
    left_behind(fake, comment)
    fake.faults = Script(*DOWN, only=lambda method, path: method == "GET")
    with pytest.raises(GitHubError, match="could not be asked"), lock().held(comment, 600):
        pass
