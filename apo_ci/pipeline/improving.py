"""A scheduled run: every prompt of a branch is optimized, and what is better becomes a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from apo_ci import pipeline
from apo_ci.inputs.pull_request import PullRequest
from apo_ci.pipeline.checked import Checked
from apo_ci.pipeline.checking import run
from apo_ci.pipeline.desk import EVERY_PROMPT, Desk
from apo_ci.pipeline.fixes import globs_of, offers_of, whole_path
from apo_ci.pipeline.telling import tell
from apo_ci.publish.branches import open_pull_request
from apo_ci.publish.commit import Fix, commit_message
from apo_ci.publish.facts import read_login
from apo_ci.publish.job import ScheduledEvent
from apo_ci.publish.state import Content, State
from apo_ci.report.comment import MAX_BYTES
from apo_ci.report.model import Report
from apo_ci.report.proposal import render_proposal

BRANCH = "apo-ci/better-prompts"


def improve(desk: Desk, event: ScheduledEvent) -> int:
    """Search for better versions of the prompts at `event.head`; the exit code."""
    options = replace(desk.options(None, None), compare=False, paths=EVERY_PROMPT, search=True)
    pull_request = pipeline.read(options)
    finished = run(desk, options, pull_request, None)
    settings = desk.inputs.publishing(pull_request.config.publish)
    code = tell(desk, None, Checked(finished, finished.report, pull_request, Content(State(), {}), settings))
    offers = offers_of(finished, pull_request, desk.job.run)
    if not offers or not settings.pull_request or desk.github is None:
        return code
    fixes = [offer.fix for offer in offers]
    message = commit_message(fixes, run_url=desk.job.run_url, requested_by=None)
    section = desk.inputs.section_key
    url = open_pull_request(
        desk.github,
        base=event.branch,
        base_head=event.head,
        branch=f"{BRANCH}-{section.replace('/', '-')}" if section else BRANCH,
        fixes=fixes,
        message=message,
        title=message.headline,
        body=render_proposal(
            _offered(finished.report, pull_request, fixes),
            finished.redactor,
            run_url=desk.job.run_url,
            limit=MAX_BYTES,
        ),
        login=read_login(desk.github),
        prompts=globs_of(pull_request),
    )
    desk.say(f"Pull request: {url}")
    desk.files.set_outputs({"pull-request-url": url})
    return code


def _offered(report: Report, pull_request: PullRequest, fixes: Sequence[Fix]) -> Report:
    """`report` on the prompts of `fixes` alone."""
    paths = {fix.path for fix in fixes}
    prompts = [prompt for prompt in report.prompts if whole_path(pull_request, prompt.path) in paths]
    return report.model_copy(update={"prompts": tuple(prompts)})
