"""A confirmed suggestion, offered: committed where that is asked for, else as a review on the lines of the diff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apo_ci.errors import ApoError
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.fixes import Offer, globs_of
from apo_ci.publish.commit import commit_fixes, commit_message
from apo_ci.publish.review import apply_command, digest_of, plan_review
from apo_ci.publish.surface import Surface
from apo_ci.report import notices

if TYPE_CHECKING:
    from apo_ci.pipeline.checking import Checked


def offer(desk: Desk, surface: Surface, checked: Checked, offers: Sequence[Offer]) -> tuple[str, list[str]]:
    """Commit the suggestions or offer them in a review, as the settings say; the review's digest, and notes."""
    if not offers:
        return "", []
    if checked.settings.commit == "auto":
        return "", [_commit(desk, checked, surface, offers)]
    if checked.settings.suggest != "review":
        return "", []
    suggestions = [each.suggestion for each in offers]
    digest = digest_of(suggestions)
    earlier = checked.before.state.sections.get(surface.place.section)
    if earlier is not None and earlier.reviewed == digest:
        return digest, []
    command = apply_command(desk.job.run, desk.job.repository, desk.inputs.artifact)
    return (digest if surface.review(plan_review(suggestions, command=command)) else ""), []


def _commit(desk: Desk, checked: Checked, surface: Surface, offers: Sequence[Offer]) -> str:
    """Commit what may be committed, and say what came of it."""
    assert desk.github is not None
    place = surface.place
    fixes = [each.fix for each in offers]
    try:
        made = commit_fixes(
            desk.github,
            facts=place.facts,
            expected_head=place.head,
            fixes=fixes,
            message=commit_message(fixes, run_url=place.run_url, requested_by=None),
            prompts=globs_of(checked.pull_request),
        )
    except ApoError as error:
        desk.warn(f"The suggestion was not committed: {error}")
        return notices.not_committed(error, desk.redactor)
    return notices.committed(made.oid, made.url)
