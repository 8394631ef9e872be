"""What the comment says besides a report: that a run is under way or could not begin, how to apply, who accepted."""

from __future__ import annotations

from apo_ci.errors import ApoError
from apo_ci.report import words
from apo_ci.report.escape import block, code, prose
from apo_ci.report.redact import Redactor

BEFORE = "<details><summary>The result for the commit before</summary>"
SHOWN_COMMIT = 10
MAX_REASON = 500
MAX_LOGIN = 60


def in_progress(head: str, run_url: str, previous: str = "") -> str:
    """The check of `head` is under way at `run_url`; `previous` is the section that it will replace."""
    now = f"### ⏳ Checking {code(head[:SHOWN_COMMIT])} …\n\n[The run]({run_url}) will put its result here.\n"
    if not previous:
        return now
    return f"{now}\n{BEFORE}\n\n{previous.strip()}\n\n</details>\n"


def result_in(section: str) -> str:
    """The result that a section shows, if it is not one that only says `in_progress`."""
    return section.partition(BEFORE)[2].strip().removesuffix("</details>") if "### ⏳" in section[:10] else section


def could_not_run(error: ApoError, head: str, run_url: str, redactor: Redactor) -> str:
    """`error` kept the check of `head` from being made."""
    place = f"{error.path}:{error.line}" if error.line else error.path or ""
    where = f"{code(redactor(place))}: " if place else ""
    cure = f"\n\n{prose(redactor(error.cure), MAX_REASON)}" if error.cure else ""
    what = prose(redactor(error.message), MAX_REASON)
    return (
        f"### ⚠️ The prompts of {code(head[:SHOWN_COMMIT])} could not be checked\n\n{where}{what}{cure}\n\n"
        f"<sub>[The run]({run_url})</sub>\n"
    )


def how_to_apply(command: str, *, reviewed: bool) -> str:
    """How to take the suggestion over: a shell `command`, and whether a review offers it on its lines."""
    ways = "commit it from the review, comment" if reviewed else "comment"
    return (
        f"**To apply it,** {ways} `/apo apply` (where the command workflow is installed), or run\n\n"
        f"{block(command, 'sh')}\n"
    )


def ignored(by: str, reason: str) -> str:
    """Somebody accepted what the gate would refuse."""
    return f"> ⚪ Accepted by {code(by, MAX_LOGIN)}: {prose(reason, MAX_REASON)}\n"


def spent(calls: int, usd: float, cap_calls: int | None, cap_usd: float | None) -> str:
    """What the pull request's runs spent together, where they have a cap; else nothing."""
    parts = []
    if cap_calls is not None:
        parts.append(f"{calls:,} of {words.count(cap_calls, 'call')}")
    if cap_usd is not None:
        parts.append(f"{words.dollars(usd)} of {words.dollars(cap_usd)}")
    return f"<sub>All runs of this pull request: {', '.join(parts)}.</sub>\n" if parts else ""


def from_a_fork() -> str:
    """The figures come from a run that anybody can change."""
    return (
        "> These figures come from the fork's own run, which met no secret and asked no model. "
        "A maintainer can comment `/apo optimize` to have them measured here.\n"
    )


def committed(commit: str, url: str) -> str:
    """The suggestion is on the branch."""
    return f"**Committed:** the suggestion is [{code(commit[:SHOWN_COMMIT])}]({url}) on this branch.\n"


def not_committed(error: ApoError, redactor: Redactor) -> str:
    """A guard, or GitHub, refused the commit."""
    return f"**Not committed:** {prose(redactor(error.message), MAX_REASON)}\n"
