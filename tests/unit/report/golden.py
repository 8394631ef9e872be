"""What people read in each situation, kept in `golden/`; `python -m tests.unit.report.golden` writes it anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from apo_ci.report.comment import render_comment
from apo_ci.report.model import Report
from apo_ci.report.redact import Redactor
from apo_ci.report.summary import render_summary
from apo_ci.report.terminal import render_terminal
from tests.unit.report.samples import SITUATIONS

FOLDER = Path(__file__).parent / "golden"
RENDERINGS: dict[str, Callable[[Report], str]] = {
    "comment.md": lambda report: render_comment(report, Redactor()),
    "summary.md": lambda report: render_summary(report, Redactor()),
    "terminal.txt": lambda report: render_terminal(report, Redactor()),
}
COMMENTS = [(name, "comment.md") for name in SITUATIONS]
OTHERS = [
    *((name, "summary.md") for name in ("fail_with_better_suggestion", "pass_unchanged")),
    *(
        (name, "terminal.txt")
        for name in ("fail_with_better_suggestion", "many_prompts", "several_searches", "hostile", "new_prompt")
    ),
]


def path_of(situation: str, rendering: str) -> Path:
    """The file that holds the expected text."""
    return FOLDER / f"{situation}.{rendering}"


if __name__ == "__main__":
    for situation, rendering in COMMENTS + OTHERS:
        path_of(situation, rendering).write_text(RENDERINGS[rendering](SITUATIONS[situation]), encoding="utf-8")
