"""The text of a pull request that offers better prompts: what each gains, how that was measured, what merging means."""

from __future__ import annotations

from apo_ci.report import gains, words
from apo_ci.report.detail import Detail
from apo_ci.report.escape import cell
from apo_ci.report.layout import folded_account, folded_search, version_line
from apo_ci.report.model import PromptReport, Report, Suggestion
from apo_ci.report.places import from_the_root
from apo_ci.report.redact import Redactor, redacted
from apo_ci.report.views import MAX_ROW_PATH, NOTHING, points_title

MAX_ROWS = 200


def render_proposal(report: Report, redactor: Redactor, *, run_url: str, limit: int) -> str:
    """The Markdown for the better prompts of `report`, which the run at `run_url` measured.

    In at most `limit` bytes of UTF-8: folded details are left out from the end.
    """
    clean = redacted(from_the_root(report), redactor)
    found = [(prompt, prompt.suggestion) for prompt in clean.prompts if prompt.suggestion is not None]
    better = [(prompt, suggestion) for prompt, suggestion in found if suggestion.is_offered]
    better.sort(key=lambda pair: -(pair[1].delta or 0.0))
    head = [_opening([suggestion for _, suggestion in better], run_url), _table(better), _merging(len(better))]
    folded = [fold for fold in (*_searches(better), *folded_account(clean, Detail())) if fold]
    foot = f"<sub>{version_line(clean)}</sub>"
    while True:
        text = redactor("\n\n".join([*head, *folded, foot]) + "\n")
        if len(text.encode()) <= limit or not folded:
            return text
        folded.pop()


def _opening(found: list[Suggestion], run_url: str) -> str:
    kinds = {suggestion.status for suggestion in found}
    kind = "cheaper" if kinds == {"cheaper"} else "better"
    them = f"A {kind} prompt" if len(found) == 1 else f"{kind.capitalize()} prompts"
    return f"**{them}**, found by [this run]({run_url}) and confirmed on cases that its search had not seen:"


def _table(better: list[tuple[PromptReport, Suggestion]]) -> str:
    change = points_title(suggestion.confidence for _, suggestion in better)
    rows = [f"| Prompt | Cases | {change} | p |", "|:--|--:|:--|--:|"]
    rows += [_row(prompt, suggestion) for prompt, suggestion in better[:MAX_ROWS]]
    return "\n".join(rows) + (f"\n\n{len(better) - MAX_ROWS} more are not shown." if len(better) > MAX_ROWS else "")


def _row(prompt: PromptReport, suggestion: Suggestion) -> str:
    gain = f"**{words.points(suggestion.delta or 0.0)}**"
    if suggestion.ci_low is not None and suggestion.ci_high is not None:
        gain += f" ({words.interval(suggestion.ci_low, suggestion.ci_high)})"
    if suggestion.status == "cheaper":
        gain = ", ".join(filter(None, (gains.saving(suggestion), gain)))
    p = NOTHING if suggestion.p_value is None else words.p_value(suggestion.p_value).replace(" ", "")
    return f"| {cell(words.short_path(prompt.path, MAX_ROW_PATH))} | {suggestion.n:,} | {gain} | {p} |"


def _merging(number: int) -> str:
    whole = "The prompt was" if number == 1 else "Each prompt was"
    return (
        f"{whole} measured as a whole: a part of its change never was. A later run commits what it finds to this "
        "branch; close this pull request to decline these versions."
    )


def _searches(better: list[tuple[PromptReport, Suggestion]]) -> list[str]:
    return [folded_search(suggestion, Detail(), of=prompt.path) for prompt, suggestion in better]
