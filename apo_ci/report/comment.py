"""The pull-request comment: the verdict first, never longer than GitHub takes."""

from __future__ import annotations

import bisect
from dataclasses import replace
from typing import Any

from apo_ci.report import words
from apo_ci.report.detail import NOTHING_BESIDE, Beside, Detail
from apo_ci.report.layout import headline_alone, lay_out
from apo_ci.report.model import Report
from apo_ci.report.places import from_the_root
from apo_ci.report.redact import Redactor, redacted

MARKER = "<!-- apo-ci:comment -->"
MORE = "<!-- apo-ci:more -->"  # what comes before it may stand alone
# GitHub takes 65,536 characters. Counted in bytes, which is never less, whatever its unit of counting.
MAX_BYTES = 65_000
ELSEWHERE = "The whole report is in report.json."
# From the least important end: what is left out, the label it replaces, and the detail that remains.
STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("provenance", "provenance", {"provenance": False}),
    ("ledger", "ledger", {"ledger": False}),
    ("search", "the search's path", {"chart_nodes": 0}),
    ("whole", "suggested prompts in full", {"whole_prompt": 0}),
    ("cases", "most cases", {"cases": 3}),
    *(("prompts", "details of most prompts", {"full_sections": number}) for number in (30, 20, 12, 8, 5, 3, 2, 1)),
    ("cases", "cases", {"cases": 0}),
    ("gradients", "what led to suggestions", {"gradients": 0}),
    ("hunks", "what each change brought", {"hunks": 0}),
    ("tradeoff", "what suggestions cost", {"tradeoff": False}),
    ("diff", "most of the diff", {"diff_lines": 30}),
    ("diff", "diffs", {"diff_lines": 0}),
    ("prompts", "sections of most prompts", {"sections": 20}),
    ("prompts", "sections of prompts", {"sections": 0}),
    ("notes", "most notes", {"notes": 5}),
    *(("rows", "rows of the table", {"rows": number}) for number in (200, 100, 50, 20)),
    ("rows", "the table", {"rows": 0}),
    ("notes", "notes", {"notes": 0}),
)


def render_comment(report: Report, redactor: Redactor) -> str:
    """The comment's Markdown; it begins with the hidden `MARKER` and the verdict, and ends with a newline."""
    return f"{MARKER}\n{render_section(report, redactor, limit=MAX_BYTES - len(MARKER) - 1)}"


def render_section(report: Report, redactor: Redactor, *, limit: int, beside: Beside = NOTHING_BESIDE) -> str:
    """The comment without its marker, in at most `limit` bytes of UTF-8.

    The line `MORE` divides the verdict and the table from what follows, where something does. It stands there once.
    """
    clean = redacted(from_the_root(report), redactor)
    return shortened(clean, Detail(), redactor, limit=limit, beside=beside, more=MORE, elsewhere=ELSEWHERE)


def shortened(
    report: Report,
    detail: Detail,
    redactor: Redactor,
    *,
    limit: int,
    beside: Beside = NOTHING_BESIDE,
    more: str = "",
    elsewhere: str,
) -> str:
    """`report` as Markdown in at most `limit` bytes of UTF-8, leaving out one thing after the other.

    The verdict is always there, and what was left out is named. `beside` and `more` are for `lay_out`.
    """

    def after(steps: int) -> str:
        """The text after so many of the steps."""
        changes = {name: value for _, _, change in STEPS[:steps] for name, value in change.items()}
        left_out = words.listed({key: label for key, label, _ in STEPS[:steps]}.values())
        shown = replace(detail, **changes)
        where = elsewhere if steps else ""
        return redactor(lay_out(report, shown, beside=beside, left_out=left_out, elsewhere=where, more=more))

    fits = bisect.bisect_left(range(len(STEPS)), True, key=lambda steps: _size(after(steps)) <= limit)
    text = after(fits)
    if _size(text) <= limit:
        return text
    return redactor(headline_alone(report, note=f"Shortened to fit: only the verdict is left. {elsewhere}"))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
