"""What the comment says besides a report: that a run is under way or could not begin, how to apply, who accepted."""

from __future__ import annotations

import re

from apo_ci.errors import ApoError
from apo_ci.report import words
from apo_ci.report.escape import block, code, prose, sentence
from apo_ci.report.redact import Redactor

BEFORE = "<details><summary>The result for the commit before</summary>"
WITHOUT_RESULT = ("### ⏳", "### ⏹️")
SHOWN_COMMIT = 10
MAX_REASON = 500
MAX_LOGIN = 60
VERDICT = re.compile(r"^### \S+ (Fail|Error|Inconclusive):")


def in_progress(head: str, run_url: str, previous: str = "") -> str:
    """The check of `head` is under way at `run_url`; `previous` is the section that it will replace."""
    now = f"### ⏳ Checking {code(head[:SHOWN_COMMIT])} …\n\n[The run]({run_url}) will put its result here.\n"
    return _with_result(now, previous)


def cancelled(head: str, run_url: str, previous: str = "") -> str:
    """The check of `head` was ended before it had a result; `previous` is the section before it."""
    text = f"### ⏹️ The check of {code(head[:SHOWN_COMMIT])} was cancelled\n\n[The run]({run_url}) has no result.\n"
    return _with_result(text, previous)


def _with_result(text: str, previous: str) -> str:
    return f"{text}\n{BEFORE}\n\n{previous.strip()}\n\n</details>\n" if previous else text


def result_in(section: str) -> str:
    """The result that a section shows; that which it folds, where it only says `in_progress` or `cancelled`."""
    if not section.lstrip("\n").startswith(WITHOUT_RESULT):
        return section
    return section.partition(BEFORE)[2].strip().removesuffix("</details>")


def could_not_run(error: ApoError, head: str, run_url: str, redactor: Redactor) -> str:
    """`error` kept the check of `head` from being made."""
    place = f"{error.path}:{error.line}" if error.line else error.path or ""
    where = f"{code(redactor(place))}: " if place else ""
    cure = f"\n\n{sentence(redactor(error.cure), MAX_REASON)}" if error.cure else ""
    what = sentence(redactor(error.message), MAX_REASON)
    return (
        f"### ⚠️ The prompts of {code(head[:SHOWN_COMMIT])} could not be checked\n\n{where}{what}{cure}\n\n"
        f"[The run]({run_url}) has the log.\n"
    )


def how_to_apply(command: str, *, number: int, reviewed: bool) -> str:
    """How to take `number` suggestions over: a shell `command`, and whether a review offers them on their lines."""
    them, what = ("it", "suggestion") if number == 1 else ("them", "suggestions")
    ways = f"commit the {what} of the review, comment" if reviewed else "comment"
    return (
        f"**To apply {them},** {ways} `/apo apply` (where the command workflow is installed), or run\n\n"
        f"{block(command, 'sh')}"
    )


def with_acceptance(section: str, by: str, reason: str) -> str:
    """`section` with a verdict that a person accepted: its headline says so, and the line under it who and why."""
    headline, _, rest = section.lstrip("\n").partition("\n")
    marked = VERDICT.sub(r"### ⚪ \1, accepted:", headline)
    return f"{marked}\n\nAccepted by {code(by, MAX_LOGIN)}: {prose(reason, MAX_REASON)}\n{rest}"


def spent(calls: int, usd: float, cap_calls: int | None, cap_usd: float | None) -> str:
    """What the pull request's runs spent together, where they have a cap, for the last line; else nothing."""
    parts = []
    if cap_calls is not None:
        parts.append(f"{calls:,} of {words.count(cap_calls, 'call')}")
    if cap_usd is not None:
        parts.append(f"{usd:,.2f} of {cap_usd:,.2f} dollars")  # two dollar signs on a line could be a formula
    return f"all runs of this pull request: {', '.join(parts)}" if parts else ""


def from_a_fork() -> str:
    """What is said comes from a run that anybody can change."""
    return (
        "> The fork's own run reported this, and whoever pushes to the fork can change it. A maintainer can comment "
        "`/apo optimize` to have the prompts measured here."
    )


def committed(commit: str, url: str) -> str:
    """The suggestion is on the branch."""
    return f"**Committed** to this branch as [{code(commit[:SHOWN_COMMIT])}]({url})."


def not_committed(error: ApoError, redactor: Redactor) -> str:
    """A guard, or GitHub, refused the commit."""
    cure = f" {sentence(redactor(error.cure), MAX_REASON)}" if error.cure else ""
    return f"**Not committed:** {sentence(redactor(error.message), MAX_REASON)}{cure}"
