"""A confirmed suggestion, offered: committed where that is asked for, else as a review on the lines of the diff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apo_ci.errors import ApoError
from apo_ci.pipeline.checked import Checked
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.fixes import Offer, globs_of
from apo_ci.publish.commit import commit_fixes, commit_message
from apo_ci.publish.review import apply_command, digest_of, plan_review
from apo_ci.publish.surface import Surface
from apo_ci.report import notices


@dataclass(frozen=True)
class Offered:
    """What came of an offer: the digest of what a review `reviewed`, and the comment's words on a commit."""

    reviewed: str = ""
    is_committed: bool = False
    note: str = ""


def offer(desk: Desk, surface: Surface, checked: Checked, offers: Sequence[Offer]) -> Offered:
    """Commit the suggestions or offer them in a review, as the settings say."""
    if not offers:
        return Offered()
    if checked.settings.commit == "auto":
        return _commit(desk, checked, surface, offers)
    if checked.settings.suggest != "review":
        return Offered()
    suggestions = [each.suggestion for each in offers]
    digest = digest_of(suggestions)
    earlier = checked.before.state.sections.get(surface.place.section)
    if earlier is not None and earlier.reviewed == digest:
        return Offered(digest)
    is_told = checked.settings.comment != "off"  # the comment has the command then
    command = "" if is_told else command_of(desk)
    return Offered(digest if surface.review(plan_review(suggestions, command=command)) else "")


def how_to_take(desk: Desk, checked: Checked, offers: Sequence[Offer], offered: Offered) -> str:
    """What the comment says after the suggestion: what came of a commit, else how to apply it."""
    if not offers or checked.settings.suggest == "off" or offered.is_committed:
        return offered.note
    manual = notices.how_to_apply(command_of(desk), number=len(offers), reviewed=bool(offered.reviewed))
    return "\n\n".join(filter(None, [offered.note, manual]))


def command_of(desk: Desk) -> str:
    """The shell line that applies this run's suggestions."""
    return apply_command(desk.job.run, desk.job.repository, desk.inputs.artifact)


def _commit(desk: Desk, checked: Checked, surface: Surface, offers: Sequence[Offer]) -> Offered:
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
        return Offered(note=notices.not_committed(error, desk.redactor))
    return Offered(is_committed=True, note=notices.committed(made.oid, made.url))
