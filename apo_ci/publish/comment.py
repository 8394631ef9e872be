"""The sticky comment: one a pull request, which many jobs write into at once, and each of them once.

A comment is found by the marker at its beginning and by the own login, so nobody else's is ever read or changed.
Writers take turns by a lock (`publish.lock`), and read the comment again in their turn. Every write has a name that
stays in the comment for a while: that is how a writer whose answer was lost learns that it was heard.

The first comment cannot be locked before it is there. Those who make one at the same time look again afterwards; the
lowest id stays, and the others are put into it and deleted.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from apo_ci.errors import GitHubError, NotFoundError, RateLimitedError, UnknownOutcomeError
from apo_ci.publish.github import GitHub
from apo_ci.publish.lock import CommentLock, Lease
from apo_ci.publish.sections import parse_body, write_body
from apo_ci.publish.state import Content, State, merge, noted

Mode = Literal["update", "new", "hide-and-new"]
Change = Callable[[Content], Content | None]

PATIENCE_SECONDS = 600.0  # for one write: jobs before this one may be many
MAX_TRIES = 20
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
MOST_HIDDEN = 5  # earlier comments that one write hides; those before were hidden in their time
MINIMIZE = """\
mutation ($comment: ID!) {
  minimizeComment(input: {subjectId: $comment, classifier: OUTDATED}) { minimizedComment { isMinimized } }
}"""


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment of ours as GitHub has it."""

    id: int
    url: str
    node: str
    content: Content

    def holds(self, write: str) -> bool:
        """Whether the write named `write` took effect in it."""
        return write in self.content.state.writes


@dataclass(frozen=True, slots=True)
class Line:
    """The own comments of a pull request: `earlier` ones, the one that is written to, and copies made in a race."""

    earlier: tuple[Posted, ...]
    current: Posted
    copies: tuple[Posted, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a write: the comment's address, `None` when nothing was to be written."""

    url: str | None


class StickyComment:
    """The comment on pull request `number`; `login` is the account that the token acts as."""

    def __init__(
        self,
        github: GitHub,
        number: int,
        login: str,
        *,
        mode: Mode = "update",
        sleep: Callable[[float], None],
        generator: random.Random,
        clock: Callable[[], float],
    ) -> None:
        """`new` makes a new comment for each workflow run, which takes the sections of the one before along."""
        self._github, self._login, self._mode = github, login, mode
        self._comments = github.path("issues", number, "comments")
        self._sleep, self._generator, self._clock = sleep, generator, clock
        self._lock = CommentLock(github, login, sleep=sleep, generator=generator, clock=clock)

    def read(self) -> Content | None:
        """What the comment says; `None` when there is none. Raises `GitHubError`."""
        line = _line(self._own())
        return line.current.content if line else None

    def write(self, change: Change) -> str | None:
        """Change the comment, or make it; its address, `None` when `change` gave `None`.

        `change` gets what the comment says when it is this writer's turn (an empty `Content` where there is none), and
        may be called again. Raises `GitHubError`: `PermissionMissingError` where the token may not write.
        """
        name = f"{self._generator.getrandbits(48):012x}"
        deadline = self._clock() + PATIENCE_SECONDS
        for tried in range(MAX_TRIES):
            last = tried + 1 == MAX_TRIES or self._clock() >= deadline
            try:
                done = self._try(change, name, deadline)
            except GitHubError as error:
                if last or not _passes(error):
                    raise
                done = None
            if done is not None:
                return done.url
            if last:
                break
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tried)
            self._sleep(self._generator.uniform(pause / 2, pause))
        raise GitHubError(
            "The comment changed, or went away, each time that it was written.", cure="Run the job again."
        )

    def _try(self, change: Change, name: str, deadline: float) -> Done | None:
        """One attempt; `None` when there has to be another."""
        line = _line(self._own())
        if line is None:
            return self._begin(change, name)
        if line.current.holds(name):
            return self._settled(line, name)
        with self._lock.held(line.current.id, deadline - self._clock()) as lease:
            if self._mode == "update":
                done = self._update(line, change, name, lease)
            else:
                done = self._follow(line, change, name, lease)
        if done is None or (done.url and lease.contestable and not self._stands(name)):
            return None
        return done

    def _begin(self, change: Change, name: str) -> Done | None:
        """Make the first comment; with a second look, as others may do the same."""
        content = change(Content(State(), {}))
        if content is None:
            return Done(None)
        posted = self._post(noted(content, name))
        others = [one for one in self._own() if one.id != posted.id]
        line = _line(sorted([*others, posted], key=lambda one: one.id))
        return self._settled(line, name) if line and line.current.holds(name) else None

    def _settled(self, line: Line, name: str) -> Done:
        """The write is in the current comment: copies that hold nothing else are in the way."""
        self._remove([copy for copy in line.copies if copy.content.state.writes == (name,)])
        self._hide(line.earlier)
        return Done(line.current.url)

    def _update(self, line: Line, change: Change, name: str, lease: Lease) -> Done | None:
        """Change the current comment, and put copies of it into it."""
        current = self._again(line.current)
        if current is None:
            return None
        before = _with_copies(current.content, line.copies, name)
        is_in = current.holds(name)  # others put our copy into it
        after = before if is_in else change(before)
        written = before if is_in or after is None else noted(after, name)
        if written is not current.content and not self._put(current, written, lease):
            return None
        self._remove(line.copies)
        return Done(current.url if after is not None else None)

    def _follow(self, line: Line, change: Change, name: str, lease: Lease) -> Done | None:
        """Make a new comment that follows the current one; or change that, when it is of the same workflow run."""
        newest = _line(self._own())
        if newest is None or newest.current.id != line.current.id:
            return None
        before = _with_copies(newest.current.content, newest.copies, name)
        after = change(before)
        if after is None:
            return Done(None)
        if _of_same_run(before, after):
            done = self._put(newest.current, noted(after, name), lease)
            self._remove(newest.copies if done else ())
            return Done(newest.current.url) if done else None
        follower = replace(after, state=after.state.model_copy(update={"follows": True}))
        posted = self._post(noted(follower, name))
        self._hide((*newest.earlier, newest.current, *newest.copies))
        return Done(posted.url)

    def _stands(self, name: str) -> bool:
        """Whether the write is still there after a while."""
        self._sleep(self._generator.uniform(2, 4))
        line = _line(self._own())
        return line is not None and line.current.holds(name)

    def _own(self) -> list[Posted]:
        """All comments of ours, the oldest first."""
        found = (self._posted(item) for item in self._github.pages(self._comments))
        return sorted((one for one in found if one is not None), key=lambda one: one.id)

    def _posted(self, item: dict[str, Any]) -> Posted | None:
        if (item.get("user") or {}).get("login") != self._login:
            return None
        content = parse_body(item.get("body") or "")
        if content is None:
            return None
        return Posted(int(item["id"]), str(item["html_url"]), str(item["node_id"]), content)

    def _again(self, posted: Posted) -> Posted | None:
        """The comment as it is now; `None` when it was deleted, or is no longer ours."""
        try:
            return self._posted(self._github.get(self._path(posted)))
        except NotFoundError:
            return None

    def _put(self, posted: Posted, content: Content, lease: Lease) -> bool:
        """Write `content` into a comment; whether there was time, and it is still there."""
        left = lease.until - self._clock()
        if left <= 0:
            return False
        try:
            self._github.patch(self._path(posted), {"body": write_body(content)}, patience_seconds=left)
        except NotFoundError:
            return False
        return True

    def _post(self, content: Content) -> Posted:
        item = self._github.post(self._comments, {"body": write_body(content)})
        return Posted(int(item["id"]), str(item["html_url"]), str(item["node_id"]), content)

    def _remove(self, copies: tuple[Posted, ...] | list[Posted]) -> None:
        for copy in copies:
            with suppress(GitHubError):  # the next writer does it
                self._github.delete(self._path(copy))

    def _hide(self, earlier: tuple[Posted, ...]) -> None:
        for posted in earlier[-MOST_HIDDEN:] if self._mode == "hide-and-new" else ():
            with suppress(GitHubError):  # the next writer does it
                self._github.graphql(MINIMIZE, comment=posted.node)

    def _path(self, posted: Posted) -> str:
        return self._github.path("issues", "comments", posted.id)


def _line(own: list[Posted]) -> Line | None:
    """The current comment is the newest that follows another, otherwise the oldest; later ones are copies of it.

    One whose state nobody can read, as after an edit by hand, is not taken for a copy.
    """
    if not own:
        return None
    start = max((place for place, one in enumerate(own) if one.content.state.follows), default=0)
    copies = tuple(one for one in own[start + 1 :] if one.content.state.writes)
    return Line(tuple(own[:start]), own[start], copies)


def _with_copies(content: Content, copies: tuple[Posted, ...], name: str) -> Content:
    """`content` with what copies hold beyond it, but for what the write named `name` put into one."""
    for copy in copies:
        writes = set(copy.content.state.writes)
        if not writes <= {*content.state.writes, name}:
            content = merge(content, copy.content)
    return content


def _of_same_run(before: Content, after: Content) -> bool:
    """Whether all that changed is about workflow runs that the comment already tells of."""
    old, new = before.state.sections, after.state.sections
    changed = [section for key, section in new.items() if section != old.get(key)]
    known = {(section.run, section.attempt) for section in old.values()}
    return all((section.run, section.attempt) in known for section in changed)


def _passes(error: GitHubError) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, (UnknownOutcomeError, RateLimitedError)):
        return True
    return type(error) is GitHubError and (error.status is None or error.status >= 500)
