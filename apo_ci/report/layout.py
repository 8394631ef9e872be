"""The sections of a Markdown report, in the order in which a reader needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import jinja2

from apo_ci.report import gains, sentences, views, words
from apo_ci.report.escape import Markdown, code, prose
from apo_ci.report.model import ComparisonReport, PromptReport, Report, Suggestion
from apo_ci.report.sentences import MARKDOWN

OWN_COMMENT = re.compile(r"(<!--\s*/?\s*)apo-ci(?=:)")
COMMIT = re.compile(r"[0-9a-f]{40,64}")
SHOWN_COMMIT = 10
WITH_DIFF = frozenset({"better", "inconclusive"})


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is shown: numbers of rows, lines, nodes and characters; 0 leaves the thing out."""

    provenance: bool = True
    ledger: bool = True
    chart_nodes: int = 30
    whole_prompt: int = 8_000
    cases: int = 10
    excerpt: int = 90
    gradients: int = 6
    diff_lines: int = 120
    sections: int = 1_000
    full_sections: int = 1_000
    rows: int = 1_000
    notes: int = 100
    every_prompt: bool = False


@cache
def _environment() -> jinja2.Environment:
    """Templates whose every expression is escaped as prose, unless it is `Markdown` already."""
    return jinja2.Environment(  # noqa: S701  # Markdown, not HTML: `finalize` is the escaping
        loader=jinja2.PackageLoader("apo_ci.report", "templates"),
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _finalize(value: Any) -> str:
    return value if isinstance(value, Markdown) else prose(str(value))


def _fill(template: str, view: views.View) -> str:
    return _environment().get_template(f"{template}.md.jinja").render(view).strip("\n")


def lay_out(report: Report, detail: Detail, *, left_out: str = "", elsewhere: str = "", more: str = "") -> str:
    """The whole report as Markdown: verdict, table, notes, one section a prompt, ledger, provenance, foot.

    `more` is a line to put after the table, where more than the foot follows.
    """
    prompts = sentences.by_severity(report.prompts)
    notes = [Markdown(note) for note in sentences.notes(report, MARKDOWN)[: detail.notes]]
    foot = _fill("foot", {"left_out": left_out, "elsewhere": elsewhere, "line": _foot(report)})
    noted = _fill("notes", {"notes": notes}) if notes else ""
    if not prompts:
        parts = [_head(report, prompts), more if noted else "", noted, foot]
    elif not notes and all(map(sentences.is_unchanged, prompts)) and not detail.every_prompt:
        parts = [f"{_head(report, prompts)} {_power(prompts)}"]
    else:
        parts = [
            _head(report, prompts),
            _fill("table", views.table(prompts, detail.rows)) if detail.rows else "",
            _power(prompts),
            more,
            noted,
            *_sections(prompts, detail),
            _fill("ledger", views.ledger(report.ledger, report)) if detail.ledger else "",
            _fill("provenance", views.provenance(report.provenance)) if detail.provenance else "",
            foot,
        ]
    return "\n\n".join(part if part is more else _without_own_comments(part) for part in parts if part) + "\n"


def _without_own_comments(text: str) -> str:
    """`text` with nothing in it that could be taken for apo-ci's own marks, not even in a block of code."""
    return OWN_COMMENT.sub(r"\1‹apo-ci›", text)


def headline_alone(report: Report, *, note: str) -> str:
    """The verdict and nothing else."""
    return f"{_head(report, [])}\n\n*{prose(note)}*\n"


def _head(report: Report, prompts: list[PromptReport]) -> str:
    """The verdict; why, where it is about one prompt; a better prompt, if there is one."""
    lines: list[str] = []
    if len(prompts) == 1:
        prompt = prompts[0]
        lines += [" ".join(sentences.explanation(prompt, MARKDOWN))]
        lines += [sentences.second_verdict(prompt, MARKDOWN)]
        lines += [gains.suggestion_sentence(prompt.suggestion, MARKDOWN) if prompt.suggestion else ""]
    elif not report.prompts and report.verdict != "pass":
        lines += [" ".join(MARKDOWN.prose(reason) for reason in report.reasons[: sentences.MAX_REASONS])]
    elif prompts and all(map(sentences.is_unchanged, prompts)):
        lines += ["Every case got the same reply as before."]
    view = {
        "symbol": words.SYMBOLS[report.verdict],
        "headline": Markdown(sentences.headline(report, MARKDOWN)),
        "text": Markdown("\n\n".join(filter(None, lines))),
    }
    return _fill("head", view)


def _power(prompts: list[PromptReport]) -> str:
    """What size of drop the comparisons could have seen."""
    judged = [prompt.comparison for prompt in prompts if prompt.verdict != "error"]
    comparisons = [comparison for comparison in judged if comparison is not None]
    drops = sorted(comparison.detectable_drop for comparison in comparisons)
    if not comparisons:
        return ""
    if len(comparisons) == 1 or not 0 < drops[0] <= drops[-1] < 1:
        return sentences.power_line(comparisons[0]) if len(comparisons) == 1 else ""
    least, most = words.drop_seen(drops[0]), words.drop_seen(drops[-1])
    if least == most:
        return f"These checks see drops of {least} or more."
    return f"The smallest drop that these checks see lies between {least} and {most}, by their number of cases."


def _sections(prompts: list[PromptReport], detail: Detail) -> list[str]:
    wanted = [prompt for prompt in prompts if detail.every_prompt or _is_noteworthy(prompt)]
    alone = len(prompts) == 1
    plain = replace(detail, diff_lines=0, whole_prompt=0, gradients=0, cases=0, chart_nodes=0)
    parts: list[str] = []
    for position, prompt in enumerate(wanted[: detail.sections]):
        parts += [] if alone else _introduction(prompt)
        parts += _findings(prompt, detail if position < detail.full_sections else plain)
    return parts


def _is_noteworthy(prompt: PromptReport) -> bool:
    found, comparison = prompt.suggestion, prompt.comparison
    return (
        prompt.verdict != "pass"
        or prompt.head_verdict is not None
        or (found is not None and found.status in WITH_DIFF)
        or (comparison is not None and comparison.n_broken + comparison.n_fixed > 0)
    )


def _introduction(prompt: PromptReport) -> list[str]:
    return [
        f"#### {words.SYMBOLS[prompt.verdict]} {MARKDOWN.name(prompt.path)}",
        " ".join(sentences.explanation(prompt, MARKDOWN)),
        sentences.second_verdict(prompt, MARKDOWN),
    ]


def _findings(prompt: PromptReport, detail: Detail) -> list[str]:
    cases = _cases(prompt.comparison, detail) if prompt.verdict != "error" else ""
    return [_suggestion(prompt.suggestion, detail), cases, _search(prompt.suggestion, detail)]


def _suggestion(found: Suggestion | None, detail: Detail) -> str:
    if found is None:
        return ""
    return _fill(
        "suggestion",
        views.suggestion(found, gradients=detail.gradients, diff_lines=detail.diff_lines, whole=detail.whole_prompt),
    )


def _cases(comparison: ComparisonReport | None, detail: Detail) -> str:
    if comparison is None or not detail.cases or not (comparison.broken or comparison.fixed):
        return ""
    return _fill("cases", views.cases(comparison, limit=detail.cases, excerpt=detail.excerpt))


def _search(found: Suggestion | None, detail: Detail) -> str:
    view = views.search(found, detail.chart_nodes) if found is not None else None
    return _fill("search", view) if view is not None else ""


def _foot(report: Report) -> Markdown:
    origin = report.provenance
    commits = f"{_commit(origin.base_commit, 'no base')} → {_commit(origin.head_commit, 'working tree')}"
    spent = words.cost(report.ledger.calls, report.ledger.usd)
    return Markdown(f"{prose(f'apo-ci {origin.version}', 40)} · {commits} · {spent}")


def _commit(commit: str | None, otherwise: str) -> str:
    if commit is None:
        return otherwise
    return code(commit[:SHOWN_COMMIT]) if COMMIT.fullmatch(commit) else prose(commit, 40)
