"""The step summary: the comment's content, with every prompt, more cases and longer diffs."""

from __future__ import annotations

from apo_ci.report.comment import ELSEWHERE, shortened
from apo_ci.report.detail import Detail
from apo_ci.report.model import Report
from apo_ci.report.places import from_the_root
from apo_ci.report.redact import Redactor, redacted

MAX_BYTES = 1_000_000  # GitHub takes 1 MiB a step
DETAIL = Detail(
    chart_nodes=80,
    whole_prompt=100_000,
    cases=100,
    excerpt=300,
    gradients=50,
    diff_lines=2_000,
    every_prompt=True,
)


def render_summary(report: Report, redactor: Redactor) -> str:
    """`summary.md`, in less than 1 MiB."""
    return shortened(redacted(from_the_root(report), redactor), DETAIL, redactor, limit=MAX_BYTES, elsewhere=ELSEWHERE)
