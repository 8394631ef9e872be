"""A pull request's check, from the event to the finished comment."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

from apo_ci import pipeline
from apo_ci.config import Config, PublishSettings
from apo_ci.errors import ApoError, BudgetExhaustedError, GitHubError
from apo_ci.inputs.pull_request import PullRequest
from apo_ci.pipeline import Finished, RunOptions
from apo_ci.pipeline.account import (
    NO_ROOM,
    has_account,
    has_room,
    spent,
    within_pull_request,
    without_account,
    worst_case,
)
from apo_ci.pipeline.checked import Checked, with_accepted
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.forks import check_authority
from apo_ci.pipeline.options import make_out
from apo_ci.pipeline.telling import could_not, tell
from apo_ci.publish.facts import Facts, read_facts
from apo_ci.publish.handover import Handover, Problem, write_handover
from apo_ci.publish.job import PullRequestEvent
from apo_ci.publish.state import Content, Spent, State
from apo_ci.publish.surface import Place, Surface
from apo_ci.report.progress import Progress

FORK = "this is a fork's pull request, which meets no key"


def check_pull_request(desk: Desk, event: PullRequestEvent) -> int:
    """Check the head of `event`; the exit code."""
    if event.is_fork:
        return check_fork(desk, event)
    facts = _facts(desk, event.number)
    if facts is not None and facts.head != event.head:
        desk.say(
            f"{event.head[:10]} is not the head of #{event.number} any more; the run for {facts.head[:10]} reports."
        )
        return 0
    return check(desk, desk.options(event.base, event.head), facts, event.head)


def _facts(desk: Desk, number: int) -> Facts | None:
    """The pull request as it is; `None` where GitHub does not tell, and then the log and the summary are told all."""
    try:
        return None if desk.github is None else read_facts(desk.github, number)
    except GitHubError as error:
        desk.warn(f"The pull request gets no comment and no check run: {error}")
        return None


def check(desk: Desk, options: RunOptions, facts: Facts | None, head: str) -> int:
    """Run `options`, and tell the pull request of `facts`, the log, the summary and the outputs; the exit code."""
    surface: Surface | None = None
    try:
        pull_request = pipeline.read(options)
        if facts is not None and facts.is_fork:
            check_authority(options, pull_request)
        settings = desk.inputs.publishing(pull_request.config.publish)
        surface = open_surface(desk, facts, head, settings)
        before = surface.content() if surface else Content(State(), {})
        if has_account(pull_request.config) and not (surface is not None and surface.is_read):
            options = without_account(options)
        else:
            options = within_pull_request(options, pull_request.config, before.state)
        finished = run(desk, options, pull_request, surface)
    except ApoError as error:
        could_not(desk, surface or open_surface(desk, facts, head, desk.inputs.publishing(PublishSettings())), error)
        raise
    report = with_accepted(finished.report, before.state)
    return tell(desk, surface, Checked(finished, report, pull_request, before, settings))


def check_fork(desk: Desk, event: PullRequestEvent) -> int:
    """Check a fork's head without a key and without writing anywhere; the exit code.

    What was found goes to `handover.json`, which a second workflow posts.
    """
    options = replace(desk.options(event.base, event.head), without_model=FORK, search=False)
    section = desk.inputs.section_key
    try:
        pull_request = pipeline.read(options)
        finished = run(desk, options, pull_request, None)
    except ApoError as error:
        problem = Problem.of(error, desk.redactor)
        write_handover(Handover(section=section, head=event.head, problem=problem), make_out(options), desk.redactor)
        could_not(desk, None, error)
        raise
    settings = desk.inputs.publishing(pull_request.config.publish)
    handover = Handover(section=section, head=event.head, report=finished.report)
    write_handover(handover, desk.out, finished.redactor)
    return tell(desk, None, Checked(finished, finished.report, pull_request, Content(State(), {}), settings))


def open_surface(
    desk: Desk, facts: Facts | None, head: str, settings: PublishSettings, *, is_hearsay: bool = False
) -> Surface | None:
    """The job's place on the pull request; `None` where it may not write."""
    if desk.github is None or facts is None:
        return None
    job = desk.job
    place = Place(facts, head, desk.inputs.section_key, job.run, job.attempt, job.run_url, is_hearsay)
    return Surface(desk.github, place, settings, desk.sticky(facts, settings.comment), desk.warn)


def run(desk: Desk, options: RunOptions, pull_request: PullRequest, surface: Surface | None) -> Finished:
    """The run itself; `surface` is told when it begins to spend and what it spent, and the reports are written."""
    announcement = _Announcement(surface, pull_request.config, options)
    with Progress(desk.stdout, desk.redactor) as progress:
        try:
            finished = asyncio.run(pipeline.run(options, progress, pull_request, on_begin=announcement.begin))
        except KeyboardInterrupt:
            announcement.withdraw(spent(progress.paid))
            raise
        finally:
            announcement.end(spent(progress.paid))
    pipeline.write_reports(finished.report, finished.redactor, desk.out)
    return finished


class _Announcement:
    """Says that the run is under way as soon as it costs something, beside the run's own work.

    Where the pull request has a budget, nothing is spent before the account has the run's worst case.
    """

    def __init__(self, surface: Surface | None, config: Config, options: RunOptions) -> None:
        self._surface = surface
        self._config = config
        self._reserved = worst_case(options, config)
        self._has_account = has_account(config)
        self._thread: threading.Thread | None = None
        self._is_granted = True

    def begin(self) -> None:
        """The first request is about to leave. Raises `BudgetExhaustedError` when the account has no room for it."""
        if self._surface is not None and self._thread is None:
            self._thread = threading.Thread(target=self._announce, args=(self._surface,), daemon=True)
            self._thread.start()
            if self._has_account:
                self._thread.join()
        if self._has_account and not self._is_granted:
            raise BudgetExhaustedError(NO_ROOM, cap="calls")

    def _announce(self, surface: Surface) -> None:
        silently = not self._has_account and surface.settings.unchanged == "silent" and not surface.has_section

        def room(state: State) -> bool:
            return has_room(state, self._reserved, self._config)

        self._is_granted = surface.announce(self._reserved, silently=silently, room=room)

    def end(self, paid: Spent) -> None:
        """The run ended, somehow, and `paid` so much."""
        if self._thread is not None:
            self._thread.join()
        if self._surface is not None:
            self._surface.spent = paid

    def withdraw(self, paid: Spent) -> None:
        """The run was cancelled: nobody is to wait for its result."""
        self.end(paid)
        if self._surface is not None and self._thread is not None:
            self._surface.withdraw()
