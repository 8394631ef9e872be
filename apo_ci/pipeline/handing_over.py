"""The second stage of a fork's check: what the first one found is posted by a workflow that may write."""

from __future__ import annotations

from apo_ci.config import PublishSettings
from apo_ci.errors import ConfigError
from apo_ci.pipeline.checking import open_surface
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.telling import could_not, exit_code, outputs
from apo_ci.publish.check import Conclusion, conclusion
from apo_ci.publish.facts import read_facts
from apo_ci.publish.github import GitHub
from apo_ci.publish.handover import Handover, read_handover
from apo_ci.publish.job import HandoverEvent
from apo_ci.publish.state import SectionState
from apo_ci.publish.surface import Surface
from apo_ci.publish.texts import check_title, forks_section
from apo_ci.report import notices
from apo_ci.report.model import Report
from apo_ci.report.summary import render_summary


def post_handover(desk: Desk, event: HandoverEvent) -> int:
    """Post the handover of the workflow run that `event` tells of; the exit code.

    The pull request is found by the event's head repository, branch and commit, never by the artifact; nothing of the
    fork is checked out. Anybody can write the file, so what it says has a check run of its own, which can become red
    or neutral, never green, and it never takes the place of what was measured here.
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
    facts = read_facts(desk.github, number)
    if not facts.is_fork:
        desk.say(f"#{number} is not from a fork: its own check reports.")
        return 0
    settings = desk.inputs.publishing(PublishSettings())
    surface = open_surface(desk, facts, handover.head, settings, is_hearsay=True)
    assert surface is not None
    known = surface.content().state.sections.get(surface.place.section)
    if known is not None and known.head == handover.head and known.verdicts:
        desk.say(f"#{number} was measured here at this commit, which counts for more than what the fork's run found.")
        return 0
    if handover.problem is not None:
        could_not(desk, surface, handover.problem.error)
        return handover.problem.error.exit_code
    assert handover.report is not None
    url = _post_report(desk, surface, handover.report)
    desk.say(f"Told #{number} what the fork's run found: {url or 'no comment was written'}.")
    return exit_code(desk, handover.report)


def _post_report(desk: Desk, surface: Surface, report: Report) -> str:
    """Tell what the fork's run reported; the comment's address."""
    place = surface.place
    section = SectionState(
        head=place.head,
        run=place.run,
        attempt=place.attempt,
        verdict=report.verdict,
        blocks=report.blocks,
        run_url=place.run_url,
    )
    url = surface.publish(section, forks_section(report, desk.redactor)) or ""
    found = conclusion(report.verdict, report.blocks, inconclusive="neutral")
    outcome: Conclusion = "failure" if found == "failure" else "neutral"
    surface.conclude(outcome, check_title(report), notices.from_a_fork(), ())
    desk.files.add_summary(render_summary(report, desk.redactor))
    desk.files.set_outputs(outputs(desk, report, "", url))
    return url
