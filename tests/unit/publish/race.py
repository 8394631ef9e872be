"""Jobs that write at the same time, one request at a time, in an order that a test chooses; time is what they sleep.

Each job runs on a thread of its own and stops before every request. When all have stopped, `choose` says whose is sent
next. A request takes a little time. Nobody sleeps in truth: when all that are left sleep, time moves to the first who
wakes.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from apo_ci.publish.comment import Mode, StickyComment
from apo_ci.publish.github import GitHub
from tests.github.fake import FakeGitHub

BOT = "github-actions[bot]"
NUMBER = 7
START = 1_760_000_000.0
REQUEST_SECONDS = 0.4
Choose = Callable[[list[str]], str]


class Cancelled(BaseException):
    """The job was ended from outside, as GitHub does it with runs that a newer one replaces."""


class Time:
    """A clock that moves by sleeping."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.seconds += seconds


def opened(fake: FakeGitHub) -> FakeGitHub:
    """`fake` with one pull request, `NUMBER`."""
    fake.branch("main", {"a.txt": "base"})
    fake.branch("edit", {"a.txt": "head"}, parent="main")
    fake.pull_request(NUMBER)
    return fake


class StoppingGitHub(GitHub):
    """Calls `stop` before every request."""

    def __init__(self, fake: FakeGitHub, time: Time, stop: Callable[[], None] = lambda: None, **options: Any) -> None:
        settings: dict[str, Any] = {"sleep": time.sleep, "clock": time.now, "generator": random.Random(1), **options}
        super().__init__(SecretStr(fake.token), fake.repository, api_url=fake.url, **settings)
        self._stop = stop
        self.sleep: Callable[[float], None] = settings["sleep"]

    def get(self, path: str, /, **query: str | int) -> Any:
        self._stop()
        return super().get(path, **query)

    def pages(self, path: str, /, **options: Any) -> Iterator[dict[str, Any]]:
        self._stop()
        yield from super().pages(path, **options)

    def created(self, path: str, body: Mapping[str, Any], **options: Any) -> tuple[Any, bool]:
        self._stop()
        return super().created(path, body, **options)

    def patch(self, path: str, body: Mapping[str, Any], **options: Any) -> Any:
        self._stop()
        return super().patch(path, body, **options)

    def delete(self, path: str) -> None:
        self._stop()
        super().delete(path)


Job = Callable[[StickyComment, StoppingGitHub], Any]


@dataclass
class Runner:
    """One job: `state` is running, ready, asleep (until `wakes`) or over."""

    name: str
    state: str = "running"
    wakes: float = 0.0
    go: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class Race:
    """Jobs side by side; one moves at a time."""

    def __init__(self, fake: FakeGitHub, time: Time) -> None:
        self._fake, self._time = fake, time
        self._runners: dict[str, Runner] = {}
        self._changed = threading.Condition()
        self.order: list[tuple[str, tuple[str, ...]]] = []  # who was chosen, out of whom

    def run(self, jobs: Mapping[str, Job], choose: Choose, *, mode: Mode) -> None:
        """Let all jobs come to their ends. What one of them raises is raised here."""
        self._runners = {name: Runner(name) for name in jobs}
        threads = [threading.Thread(target=self._job, args=(name, job, mode)) for name, job in jobs.items()]
        for thread in threads:
            thread.start()
        self._drive(choose)
        for thread in threads:
            thread.join()
        errors = [one.error for one in self._runners.values() if one.error is not None]
        if errors:
            raise errors[0]

    def _job(self, name: str, job: Job, mode: Mode) -> None:
        generator = random.Random(name)
        sleep = self._sleeping(name)
        runner = self._runners[name]
        try:
            with StoppingGitHub(
                self._fake, self._time, lambda: self._stop(name, "ready"), sleep=sleep, generator=generator
            ) as github:
                comment = StickyComment(
                    github, NUMBER, BOT, mode=mode, sleep=sleep, generator=generator, clock=self._time.now
                )
                job(comment, github)
        except BaseException as error:
            runner.error = error
        finally:
            with self._changed:
                runner.state = "over"
                self._changed.notify_all()

    def _sleeping(self, name: str) -> Callable[[float], None]:
        def sleep(seconds: float) -> None:
            self._runners[name].wakes = self._time.now() + seconds
            self._stop(name, "asleep")

        return sleep

    def _stop(self, name: str, state: str) -> None:
        runner = self._runners[name]
        with self._changed:
            runner.go.clear()
            runner.state = state
            self._changed.notify_all()
        runner.go.wait()

    def _drive(self, choose: Choose) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: all(one.state != "running" for one in self._runners.values()))
                chosen = self._next(choose)
                if chosen is None:
                    return
                chosen.state = "running"
                chosen.go.set()

    def _next(self, choose: Choose) -> Runner | None:
        now = self._time.now()
        ready = [
            one.name
            for one in self._runners.values()
            if one.state == "ready" or (one.state == "asleep" and one.wakes <= now)
        ]
        if ready:
            name = choose(ready)
            self._time.sleep(REQUEST_SECONDS)
            self.order.append((name, tuple(ready)))
            return self._runners[name]
        asleep = [one for one in self._runners.values() if one.state == "asleep"]
        if not asleep:
            return None
        first = min(asleep, key=lambda one: one.wakes)
        self._time.seconds = max(self._time.seconds, first.wakes)
        return first


def schedules(most_switches: int, run: Callable[[Choose], Race]) -> int:
    """Call `run` with every order that switches `most_switches` times at most from a job that could have gone on.

    That is iterative context bounding (Musuvathi and Qadeer, PLDI 2007). Gives the number of orders.
    """
    waiting: list[tuple[str, ...]] = [()]
    number = 0
    while waiting:
        prefix = waiting.pop()
        number += 1
        race = run(_following(prefix))
        chosen = tuple(name for name, _ in race.order)
        for place in range(len(prefix), len(chosen)):
            for other in race.order[place][1]:
                way = (*chosen[:place], other)
                if other != chosen[place] and _switches(way, race.order) <= most_switches:
                    waiting.append(way)
    return number


def _following(prefix: tuple[str, ...]) -> Choose:
    """First the jobs of `prefix`, then the one before goes on as long as it can."""
    made: list[str] = []

    def choose(ready: list[str]) -> str:
        wanted = prefix[len(made)] if len(made) < len(prefix) else made[-1] if made else ready[0]
        made.append(wanted if wanted in ready else ready[0])
        return made[-1]

    return choose


def _switches(way: tuple[str, ...], order: list[tuple[str, tuple[str, ...]]]) -> int:
    """How often a job of `way` was left though it was ready."""
    return sum(
        before != after and before in ready
        for before, after, (_, ready) in zip(way[:-1], way[1:], order[1 : len(way)], strict=True)
    )
