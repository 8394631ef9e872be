"""A lock on a comment, made of a reaction: GitHub keeps one of each kind for an account, and says who came first.

https://docs.github.com/en/rest/reactions/reactions#create-reaction-for-an-issue-comment answers 201 to the one that
made the reaction, and 200 to those who found it. It is a lease: whoever holds it writes in its first seconds only, and
when half a minute has gone by since it was made, by GitHub's own clock, others take it away. So a job that was
cancelled holds nobody up for long, and a request that lingers does not fall into another's turn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apo_ci.errors import GitHubError, NotFoundError, PermissionMissingError, UnknownOutcomeError
from apo_ci.publish.github import GitHub

REACTION = "eyes"
LEASE_SECONDS = 30.0
WRITE_SECONDS = 12.0  # a request that begins this late has ended, or was given up, within the lease
CLOCK_STEP = 1.0  # GitHub tells times to the second
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 4.0


@dataclass(frozen=True, slots=True)
class Lease:
    """Leave to write until `until` on the holder's clock.

    It is `contestable` when somebody else may write at the same time: nobody can lock, or the one before, whose lease
    had ended, may still be at it.
    """

    until: float
    contestable: bool = False


class CommentLock:
    """Locks comments for one job. Without the permission to react, or in the end of patience, it lets everybody in."""

    def __init__(
        self,
        github: GitHub,
        login: str,
        *,
        sleep: Callable[[float], None],
        generator: random.Random,
        clock: Callable[[], float],
    ) -> None:
        self._github, self._login = github, login
        self._sleep, self._generator, self._clock = sleep, generator, clock
        self._may_react = True

    @contextmanager
    def held(self, comment: int, patience_seconds: float) -> Iterator[Lease]:
        """Hold the lock of `comment`, after waiting for it `patience_seconds` at most. Raises `GitHubError`."""
        path = self._github.path("issues", "comments", comment, "reactions")
        reaction, lease = self._acquire(path, self._clock() + patience_seconds)
        try:
            yield lease
        finally:
            if reaction is not None:
                with suppress(GitHubError):  # the lease ends by itself
                    self._github.delete(f"{path}/{reaction}")

    def _acquire(self, path: str, deadline: float) -> tuple[int | None, Lease]:
        """The reaction's id, `None` for no lock, and the lease."""
        taken_away = False
        while self._may_react and self._clock() < deadline:
            begun = self._clock()
            try:
                reaction, is_new = self._github.created(path, {"content": REACTION})
            except UnknownOutcomeError:
                is_new = False  # it may be there now, as ours or another's: nobody can tell, so it has to run out
            except NotFoundError:
                break
            except PermissionMissingError:
                self._may_react = False
                break
            if is_new:
                return int(reaction["id"]), Lease(begun + WRITE_SECONDS, contestable=taken_away)
            taken_away = self._wait(path, deadline)
        return None, Lease(self._clock() + WRITE_SECONDS, contestable=True)

    def _wait(self, path: str, deadline: float) -> bool:
        """Wait until the lock is free; whether it had to be taken away."""
        pause = FIRST_PAUSE
        while self._clock() < deadline:
            self._sleep(self._generator.uniform(pause / 2, pause))
            pause = min(LONGEST_PAUSE, pause * 1.5)
            held = self._holding(path)
            if held is None:
                return False
            if self._github.now() - _seconds(held["created_at"]) > LEASE_SECONDS + CLOCK_STEP:
                self._github.delete(f"{path}/{held['id']}")
                return True
        return False

    def _holding(self, path: str) -> dict[str, Any] | None:
        """The reaction that is the lock, if anybody holds it."""
        found = self._github.pages(path, content=REACTION)
        return next((one for one in found if (one.get("user") or {}).get("login") == self._login), None)


def _seconds(time: str) -> float:
    """An ISO 8601 time in seconds since the epoch."""
    return datetime.fromisoformat(time).timestamp()
