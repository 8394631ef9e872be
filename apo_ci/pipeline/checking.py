"""A pull request's check, from the event to the finished comment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from apo_ci import pipeline
from apo_ci.config import Budget, Config, PublishSettings
from apo_ci.errors import ApoError
from apo_ci.inputs.pull_request import PullRequest
from apo_ci.pipeline import Finished, RunOptions
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.telling import could_not, tell
from apo_ci.publish.facts import Facts, read_facts
from apo_ci.publish.handover import Handover, write_handover
from apo_ci.publish.job import PullRequestEvent
from apo_ci.publish.state import Content, Spent, State
from apo_ci.publish.surface import Place, Surface
from apo_ci.report.model import Report
from apo_ci.report.progress import Progress

FORK = "this is a fork's pull request, which meets no key"
NOTHING_LEFT = "the runs of this pull request have spent its budget (`pull_request_budget`)"


@dataclass(frozen=True)
class Checked:
    """A finished run with what its place on the pull request held before it; `report` knows what people accepted."""

    finished: Finished
    report: Report
    pull_request: PullRequest
    before: Content
    settings: PublishSettings


def check_pull_request(desk: Desk, event: PullRequestEvent) -> int:
    """Check the head of `event`; the exit code."""
    if event.is_fork:
        return check_fork(desk, event)
    facts = None if desk.github is None else read_facts(desk.github, event.number)
    if facts is not None and facts.head != event.head:
        desk.say(
            f"{event.head[:10]} is not the head of #{event.number} any more; the run for {facts.head[:10]} reports."
        )
        return 0
    return check(desk, desk.options(event.base, event.head), facts, event.head)


def check(desk: Desk, options: RunOptions, facts: Facts | None, head: str) -> int:
    """Run `options`, and tell the pull request of `facts`, the log, the summary and the outputs; the exit code."""
    surface: Surface | None = None
    try:
        pull_request = pipeline.read(options)
        settings = desk.inputs.publishing(pull_request.config.publish)
        surface = open_surface(desk, facts, head, settings)
        before = surface.content() if surface else Content(State(), {})
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
    pull_request = pipeline.read(options)
    finished = run(desk, options, pull_request, None)
    settings = desk.inputs.publishing(pull_request.config.publish)
    handover = Handover(section=desk.inputs.section_key, head=event.head, report=finished.report)
    write_handover(handover, desk.out, finished.redactor)
    return tell(desk, None, Checked(finished, finished.report, pull_request, Content(State(), {}), settings))


def open_surface(desk: Desk, facts: Facts | None, head: str, settings: PublishSettings) -> Surface | None:
    """The job's place on the pull request; `None` where it may not write."""
    if desk.github is None or facts is None:
        return None
    job = desk.job
    place = Place(facts, head, desk.inputs.section_key, job.run, job.attempt, job.run_url)
    return Surface(desk.github, place, settings, desk.sticky(facts, settings.comment), desk.warn)


def within_pull_request(options: RunOptions, config: Config, state: State) -> RunOptions:
    """`options` with no more budget than the pull request has left; without any, no model is asked."""
    caps, wanted = config.pull_request_budget, options.budget.over(config.budget)
    waiting = sum(state.reserved.values(), start=state.spent)
    left = {
        name: max(0, cap - getattr(waiting, name))
        for name in ("calls", "tokens", "usd")
        if (cap := getattr(caps, name)) is not None
    }
    if 0 in left.values():
        return replace(options, without_model=NOTHING_LEFT, search=False)
    capped = {name: _least(getattr(wanted, name), value) for name, value in left.items()}
    return replace(options, budget=Budget(**{**wanted.model_dump(), **capped}))


def _least(cap: float | None, left: float) -> float:
    return left if cap is None else min(cap, left)


def run(desk: Desk, options: RunOptions, pull_request: PullRequest, surface: Surface | None) -> Finished:
    """The run itself; `surface` is told when it begins to spend, and the reports are written."""
    announcement = _Announcement(surface, _reserved(options, pull_request.config))
    with Progress(desk.stdout, desk.redactor) as progress:
        try:
            finished = asyncio.run(pipeline.run(options, progress, pull_request, on_begin=announcement.begin))
        finally:
            announcement.wait()
    pipeline.write_reports(finished.report, finished.redactor, desk.out)
    return finished


def _reserved(options: RunOptions, config: Config) -> Spent:
    """The most that the run can spend: what is set aside on the pull request's account while it goes on."""
    budget = options.budget.over(config.budget)
    return Spent(calls=budget.calls or 0, tokens=budget.tokens or 0, usd=budget.usd or 0)


class _Announcement:
    """Says that the run is under way as soon as it costs something, beside the run's own work."""

    def __init__(self, surface: Surface | None, reserved: Spent) -> None:
        self._thread: threading.Thread | None = None
        self._tell: Callable[[], None] | None = None
        if surface is not None:
            self._tell = lambda: surface.announce(reserved)

    def begin(self) -> None:
        """The first request is about to leave."""
        if self._tell is not None and self._thread is None:
            self._thread = threading.Thread(target=self._tell, daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Until what was begun is told."""
        if self._thread is not None:
            self._thread.join()


def with_accepted(report: Report, state: State) -> Report:
    """`report`, no longer blocking where a person accepted every verdict that blocks."""
    accepted = {digest for one in state.ignored for digest in one.digests}
    blocking = [prompt.digest for prompt in report.prompts if prompt.blocks]
    if not blocking or not accepted.issuperset(blocking):
        return report
    return report.model_copy(update={"blocks": False})
