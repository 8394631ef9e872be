"""A merge queue's question, answered from what is known: replies in the cache, verdicts on the pull request."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Any

from apo_ci import pipeline
from apo_ci.config import PublishSettings
from apo_ci.errors import GitHubError
from apo_ci.gate import Verdict, worst
from apo_ci.pipeline.checked import Checked
from apo_ci.pipeline.checking import run
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.telling import tell
from apo_ci.publish.check import CheckRun, conclusion
from apo_ci.publish.facts import read_facts
from apo_ci.publish.job import MergeGroupEvent
from apo_ci.publish.state import Content, State
from apo_ci.publish.surface import check_name
from apo_ci.publish.texts import check_summary, check_title
from apo_ci.report.model import Outcome, PromptReport, Report
from apo_ci.report.redact import Redactor

QUEUE = "a merge queue is answered from what is known"
KNOWN = "The same prompt, cases and settings had this verdict on the pull request."


def check_merge_group(desk: Desk, event: MergeGroupEvent) -> int:
    """Give the verdict on the group's content without a request to a model; the exit code."""
    options = replace(desk.options(event.base, event.head), without_model=QUEUE, search=False)
    pull_request = pipeline.read(options)
    finished = run(desk, options, pull_request, None)
    content = _known(desk, event) if any(map(_is_open, finished.report.prompts)) else Content(State(), {})
    report = with_known(finished.report, content.state)
    settings = desk.inputs.publishing(pull_request.config.publish)
    if settings.check:
        _conclude(desk, event, report, finished.redactor, settings)
    return tell(desk, None, Checked(finished, report, pull_request, content, settings))


def _conclude(
    desk: Desk, event: MergeGroupEvent, report: Report, redactor: Redactor, settings: PublishSettings
) -> None:
    """Complete the group's check run: a queue that requires it would wait for it in vain otherwise."""
    if desk.github is None:
        return
    job, section = desk.job, desk.inputs.section_key
    check_run = CheckRun(
        desk.github,
        check_name(section),
        event.head,
        details_url=job.run_url,
        external_id=f"{job.run}-{job.attempt}-{section}",
    )
    found = conclusion(report.verdict, report.blocks, inconclusive=settings.inconclusive)
    try:
        check_run.finish(found, check_title(report), check_summary(report, redactor), "", ())
    except GitHubError as error:
        desk.warn(f"The check run was not written: {error}")


def _is_open(prompt: PromptReport) -> bool:
    return prompt.verdict == "inconclusive"


def _known(desk: Desk, event: MergeGroupEvent) -> Content:
    """What the comment of the pull request that the group adds remembers."""
    if desk.github is None or event.number is None:
        return Content(State(), {})
    try:
        sticky = desk.sticky(read_facts(desk.github, event.number), "update")
        return (sticky.read() if sticky else None) or Content(State(), {})
    except GitHubError as error:
        desk.warn(f"What the pull request was told is not known: {error}")
        return Content(State(), {})


def with_known(report: Report, state: State) -> Report:
    """`report` with the verdicts that `state` remembers for equal content, and without blocking what was accepted."""
    known = {digest: verdict for section in state.sections.values() for digest, verdict in section.verdicts.items()}
    accepted = {digest for one in state.ignored for digest in one.digests}
    prompts = [_with_verdict(prompt, known.get(prompt.digest), accepted) for prompt in report.prompts]
    if not prompts:
        return report
    overall = worst([Verdict(prompt.verdict, prompt.reasons, prompt.blocks) for prompt in prompts])
    return report.model_copy(
        update={
            "prompts": tuple(prompts),
            "verdict": overall.outcome,
            "reasons": overall.reasons,
            "blocks": overall.blocks,
        }
    )


def _with_verdict(prompt: PromptReport, known: Outcome | None, accepted: Set[str]) -> PromptReport:
    update: dict[str, Any] = {}
    if _is_open(prompt) and known is not None:
        blocks = known in ("fail", "error") or (known == "inconclusive" and prompt.blocks)
        update = {"verdict": known, "blocks": blocks, "reasons": (KNOWN,)}
    if prompt.digest in accepted:
        update["blocks"] = False
    return prompt.model_copy(update=update)
