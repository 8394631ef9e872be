"""A finished check, before anybody is told of it."""

from __future__ import annotations

from dataclasses import dataclass

from apo_ci.config import PublishSettings
from apo_ci.inputs.pull_request import PullRequest
from apo_ci.pipeline import Finished
from apo_ci.publish.state import Content, State
from apo_ci.report.model import Report


@dataclass(frozen=True)
class Checked:
    """A run with what its comment held `before` it; `report` is the run's, and knows what people accepted."""

    finished: Finished
    report: Report
    pull_request: PullRequest
    before: Content
    settings: PublishSettings


def with_accepted(report: Report, state: State) -> Report:
    """`report`, no longer blocking where a person accepted every verdict that blocks."""
    accepted = {digest for one in state.ignored for digest in one.digests}
    blocking = [prompt.digest for prompt in report.prompts if prompt.blocks]
    if not blocking or not accepted.issuperset(blocking):
        return report
    return report.model_copy(update={"blocks": False})
