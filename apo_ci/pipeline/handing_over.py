"""The second stage of a fork's check: what the first one found is posted by a workflow that may write."""

from __future__ import annotations

from apo_ci.config import PublishSettings
from apo_ci.errors import ConfigError
from apo_ci.pipeline.checking import open_surface
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.telling import exit_code, outputs
from apo_ci.publish.check import conclusion
from apo_ci.publish.facts import read_facts
from apo_ci.publish.github import GitHub
from apo_ci.publish.handover import Handover, read_handover
from apo_ci.publish.job import HandoverEvent
from apo_ci.publish.state import SectionState, Spent
from apo_ci.report import notices, sentences, words
from apo_ci.report.comment import MAX_BYTES, render_section
from apo_ci.report.summary import render_summary

ROOM_FOR_NOTICES = 6_000


def post_handover(desk: Desk, event: HandoverEvent) -> int:
    """Post the handover of the workflow run that `event` tells of; the exit code.

    The pull request is found by the event's head repository, branch and commit, never by the artifact; nothing of the
    fork is checked out. The commit's check can become red by it, or neutral, never green: anybody can write the file.
    """
    if desk.github is None or desk.inputs.handover is None:
        raise ConfigError(
            "A handover needs a token and the folder of the downloaded artifact.",
            cure="Set the inputs `token` and `handover`, as in examples/workflows.",
        )
    handover = read_handover(desk.job.workspace / desk.inputs.handover)
    if handover.head != event.head:
        raise ConfigError(
            "The handover is about another commit than the event.", cure="Nothing to do: it is not posted."
        )
    number = find_pull_request(desk.github, event)
    if number is None:
        desk.say(f"No open pull request has the head {event.head[:10]} any more.")
        return 0
    return _post(desk, number, handover)


def find_pull_request(github: GitHub, event: HandoverEvent) -> int | None:
    """The open pull request whose head is the event's commit."""
    owner = event.head_repository.partition("/")[0]
    found = github.pages(github.path("pulls"), state="open", head=f"{owner}:{event.head_branch}")
    return next((int(one["number"]) for one in found if one["head"]["sha"] == event.head), None)


def _post(desk: Desk, number: int, handover: Handover) -> int:
    assert desk.github is not None
    facts, report = read_facts(desk.github, number), handover.report
    settings = desk.inputs.publishing(PublishSettings())
    surface = open_surface(desk, facts, handover.head, settings)
    assert surface is not None
    body = render_section(report, desk.redactor, limit=MAX_BYTES - ROOM_FOR_NOTICES)
    section = SectionState(
        head=handover.head,
        run=surface.place.run,
        attempt=surface.place.attempt,
        verdict=report.verdict,
        blocks=report.blocks,
        run_url=surface.place.run_url,
    )
    url = surface.publish(section, f"{notices.from_a_fork()}\n{body}", Spent())
    found = conclusion(report.verdict, report.blocks, inconclusive="neutral")
    title = f"{words.SYMBOLS[report.verdict]} {sentences.headline(report, sentences.TERMINAL)}"
    surface.conclude("failure" if found == "failure" else "neutral", title, notices.from_a_fork(), ())
    desk.files.add_summary(render_summary(report, desk.redactor))
    desk.files.set_outputs(outputs(desk, report, "", url or ""))
    return exit_code(desk, report)
