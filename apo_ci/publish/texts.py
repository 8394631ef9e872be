"""A report as each place on GitHub takes it: the comment's section, the check run, a pull request of our own."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.publish.sections import TEXT_BYTES
from apo_ci.publish.state import Ignored
from apo_ci.report import notices, words
from apo_ci.report.comment import render_section
from apo_ci.report.detail import Beside
from apo_ci.report.headlines import headline
from apo_ci.report.model import Report
from apo_ci.report.redact import Redactor
from apo_ci.report.sentences import TERMINAL

CHECK_BYTES = 60_000  # of the 65,535 that a check run's summary takes
SHOWN_ACCEPTED = 3


def section_text(
    report: Report, redactor: Redactor, *, taking: str = "", account: str = "", accepted: Sequence[Ignored] = ()
) -> str:
    """The comment's section on `report`: how to take the suggestion over, what was spent, who accepted what fails."""
    text = render_section(report, redactor, limit=TEXT_BYTES, beside=Beside(taking=taking, account=account))
    for one in accepted[-SHOWN_ACCEPTED:]:
        text = notices.with_acceptance(text, one.by, one.reason)
    return text


def forks_section(report: Report, redactor: Redactor) -> str:
    """The comment's section on what a fork's own run reported."""
    return render_section(report, redactor, limit=TEXT_BYTES, beside=Beside(origin=notices.from_a_fork()))


def check_title(report: Report) -> str:
    """The check run's title: the verdict in plain text."""
    return f"{words.SYMBOLS[report.verdict]} {headline(report, TERMINAL)}"


def check_summary(report: Report, redactor: Redactor) -> str:
    """The check run's summary: the section without its headline, which the title says."""
    return without_headline(render_section(report, redactor, limit=CHECK_BYTES))


def without_headline(section: str) -> str:
    """`section` from the line after its headline on."""
    return section.partition("\n")[2].lstrip("\n") if section.startswith("### ") else section
