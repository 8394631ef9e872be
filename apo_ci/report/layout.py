"""The sections of a Markdown report, in the order in which a reader needs them."""

from __future__ import annotations

import re
from dataclasses import replace

from apo_ci.report import gains, sentences, shares, views, words
from apo_ci.report.detail import NOTHING_BESIDE, Beside, Detail
from apo_ci.report.escape import Markdown, prose
from apo_ci.report.filling import fill
from apo_ci.report.headlines import headline
from apo_ci.report.model import ComparisonReport, PromptReport, Report, Suggestion
from apo_ci.report.naming import unambiguous
from apo_ci.report.sentences import MARKDOWN

OWN_COMMENT = re.compile(r"(<!--\s*/?\s*)apo-ci(?=:)")
MANY_UNCHANGED = 3
OPEN_SECTIONS = 5
WITH_DIFF = frozenset({"better", "cheaper", "inconclusive"})


def lay_out(
    report: Report,
    detail: Detail,
    *,
    beside: Beside = NOTHING_BESIDE,
    left_out: str = "",
    elsewhere: str = "",
    more: str = "",
) -> str:
    """The whole report as Markdown: verdict, table, why, suggestion, how to take it, notes, folded details, foot.

    `more` is a line to put after the figures and what they mean, where more than the foot follows.
    """
    prompts = sentences.by_severity(report.prompts)
    notes = [Markdown(note) for note in sentences.notes(report, MARKDOWN)[: detail.notes]]
    noted = fill("notes", {"notes": notes}) if notes else ""
    head = [_headline(report), beside.origin]
    foot = _foot(report, detail, beside, left_out, elsewhere)
    if not prompts:
        body = [_reasons(report), more if noted else "", noted]
    elif not notes and all(map(sentences.is_unchanged, prompts)) and not detail.every_prompt:
        body = [_power(prompts)] if len(prompts) > 1 else [_why(prompts[0])]
        foot = foot if beside.account or left_out else ""
    else:
        shown, unchanged = _told_apart(prompts)
        head += [_table(shown, detail)]
        if len(prompts) == 1:
            body = _of_one(prompts[0], detail, beside, noted, more)
        else:
            body = [
                _power(prompts),
                more,
                noted,
                *_sections(prompts, detail, beside.taking),
                _folded_rows(unchanged, detail),
            ]
        body += folded_account(report, detail)
    parts = [*head, *body, foot]
    return "\n\n".join(part if part is more else _without_own_comments(part) for part in parts if part) + "\n"


def _without_own_comments(text: str) -> str:
    """`text` with nothing in it that could be taken for apo-ci's own marks, not even in a block of code."""
    return OWN_COMMENT.sub(r"\1‹apo-ci›", text)


def headline_alone(report: Report, *, note: str) -> str:
    """The verdict and nothing else."""
    return f"{_headline(report)}\n\n*{prose(note)}*\n"


def _headline(report: Report) -> str:
    return f"### {words.SYMBOLS[report.verdict]} {headline(report, MARKDOWN)}"


def _reasons(report: Report) -> str:
    """Why, where there is no prompt to say it."""
    reasons = [] if report.prompts or report.verdict == "pass" else report.reasons[: sentences.MAX_REASONS]
    return " ".join(MARKDOWN.prose(reason) for reason in reasons)


def _told_apart(prompts: list[PromptReport]) -> tuple[list[PromptReport], list[PromptReport]]:
    """Those that the table has, and those that answer as before, where they are so many that they are folded."""
    shown = [prompt for prompt in prompts if not sentences.is_unchanged(prompt)]
    unchanged = [prompt for prompt in prompts if sentences.is_unchanged(prompt)]
    return (shown, unchanged) if shown and len(unchanged) >= MANY_UNCHANGED else (prompts, [])


def _table(prompts: list[PromptReport], detail: Detail) -> str:
    """The figures; nothing for one prompt that was not evaluated."""
    has_figures = len(prompts) > 1 or prompts[0].comparison is not None or prompts[0].floor is not None
    return fill("table", views.table(prompts, detail.rows)) if has_figures and detail.rows else ""


def _folded_rows(unchanged: list[PromptReport], detail: Detail) -> str:
    if not unchanged or not detail.rows:
        return ""
    title = Markdown(f"{words.count(len(unchanged), 'prompt')} that answer as before")
    return fill("unchanged", {"title": title, "table": Markdown(_table(unchanged, detail))})


def _why(prompt: PromptReport) -> str:
    return " ".join(sentences.explanation(prompt, MARKDOWN, power=_power([prompt])))


def _of_one(prompt: PromptReport, detail: Detail, beside: Beside, noted: str, more: str) -> list[str]:
    """What follows the table where there is one prompt."""
    found = prompt.suggestion
    return [
        _why(prompt),
        sentences.second_verdict(prompt, MARKDOWN, with_figures=False),
        gains.search_sentence(found, MARKDOWN) if found else "",
        more,
        _tradeoff(found, detail),
        _diff(found, detail),
        _hunks(found, detail),
        beside.taking,
        noted,
        *_folded(prompt, detail),
    ]


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


def _sections(prompts: list[PromptReport], detail: Detail, taking: str) -> list[str]:
    """One section a prompt that has something to tell, those after the first few in one fold.

    `taking` stands after the last better suggestion that is not folded.
    """
    wanted = [prompt for prompt in prompts if detail.every_prompt or _is_noteworthy(prompt)][: detail.sections]
    plain = replace(detail, diff_lines=0, hunks=0, whole_prompt=0, gradients=0, cases=0, chart_nodes=0)
    shown = [detail if place < detail.full_sections else plain for place in range(len(wanted))]
    places = [place for place, prompt in enumerate(wanted[:OPEN_SECTIONS]) if _has_better(prompt)]
    parts: list[str] = []
    for place, (prompt, how) in enumerate(zip(wanted[:OPEN_SECTIONS], shown, strict=False)):
        parts += _section(prompt, how, taking if place == max(places, default=-1) else "")
    parts += [] if places else [taking]
    return [*parts, *_folded_sections(wanted[OPEN_SECTIONS:], shown[OPEN_SECTIONS:])]


def _folded_sections(prompts: list[PromptReport], details: list[Detail]) -> list[str]:
    parts = [part for prompt, detail in zip(prompts, details, strict=True) for part in _section(prompt, detail, "")]
    title = f"<details><summary>{words.count(len(prompts), 'more prompt')}</summary>"
    return [title, *parts, "</details>"] if parts else []


def _has_better(prompt: PromptReport) -> bool:
    return prompt.suggestion is not None and prompt.suggestion.is_offered


def _section(prompt: PromptReport, detail: Detail, taking: str) -> list[str]:
    found = prompt.suggestion
    return [
        f"#### {words.SYMBOLS[prompt.verdict]} {MARKDOWN.name(prompt.path)}",
        " ".join(sentences.explanation(prompt, MARKDOWN)),
        sentences.second_verdict(prompt, MARKDOWN, with_figures=False),
        gains.search_sentence(found, MARKDOWN) if found else "",
        _tradeoff(found, detail),
        _diff(found, detail),
        _hunks(found, detail),
        taking,
        *_folded(prompt, detail),
    ]


def _is_noteworthy(prompt: PromptReport) -> bool:
    found, comparison = prompt.suggestion, prompt.comparison
    return (
        prompt.verdict != "pass"
        or prompt.head_verdict is not None
        or (found is not None and found.status in WITH_DIFF)
        or (comparison is not None and comparison.n_broken + comparison.n_fixed > 0)
    )


def _tradeoff(found: Suggestion | None, detail: Detail) -> str:
    """Quality and cost of the suggestion beside what is there now."""
    if found is None or found.tradeoff is None or found.status not in WITH_DIFF or not detail.tradeoff:
        return ""
    return fill("tradeoff", views.tradeoff(found.tradeoff))


def _diff(found: Suggestion | None, detail: Detail) -> str:
    view = views.diff(found, detail.diff_lines) if found is not None else None
    return fill("diff", view) if view is not None else ""


def _hunks(found: Suggestion | None, detail: Detail) -> str:
    view = views.hunks(found, detail.hunks) if found is not None else None
    return fill("hunks", view) if view is not None else ""


def _folded(prompt: PromptReport, detail: Detail) -> list[str]:
    """The details of one prompt, each folded: its suggestion in full, how that was found, the cases that changed."""
    found = prompt.suggestion
    cases = _cases(prompt.comparison, detail) if prompt.verdict != "error" else ""
    if found is None:
        return [cases]
    whole = views.whole_prompt(found, detail.whole_prompt) if detail.diff_lines else None
    return [cases, fill("whole", whole) if whole is not None else "", folded_search(found, detail)]


def _cases(comparison: ComparisonReport | None, detail: Detail) -> str:
    if comparison is None or not detail.cases or not (comparison.broken or comparison.fixed):
        return ""
    return fill("cases", views.cases(comparison, limit=detail.cases, excerpt=detail.excerpt))


def folded_search(found: Suggestion, detail: Detail, *, of: str = "") -> str:
    """How a suggestion was found; `of` names its prompt where the text around does not."""
    view = views.search(found, nodes=detail.chart_nodes, gradients=detail.gradients, of=of)
    return fill("search", view) if view is not None else ""


def folded_account(report: Report, detail: Detail) -> list[str]:
    """What the run cost, and what it takes to repeat it."""
    spent = report.ledger
    ledger = detail.ledger and (spent.calls or spent.cache_hits)
    return [
        _shares(report, detail),
        fill("ledger", views.ledger(spent, report)) if ledger else "",
        fill("provenance", views.provenance(report.provenance)) if detail.provenance else "",
    ]


def _shares(report: Report, detail: Detail) -> str:
    """How several searches shared the budget."""
    searched = [prompt for prompt in report.prompts if prompt.search_share is not None]
    found = [prompt.search_share for prompt in searched if prompt.search_share is not None]
    view = shares.table(list(zip(unambiguous(searched), found, strict=True)), detail.rows if detail.ledger else 0)
    return fill("shares", view) if view is not None else ""


def version_line(report: Report) -> Markdown:
    """`apo-ci 0.1.0 · 3f1c9a7be2 → 9d8c7b6a5f`."""
    origin = report.provenance
    commits = f"{views.commit(origin.base_commit, 'no base')} → {views.commit(origin.head_commit, 'working tree')}"
    return Markdown(f"{prose(f'apo-ci {origin.version}', 40)} · {commits}")


def _foot(report: Report, detail: Detail, beside: Beside, left_out: str, elsewhere: str) -> str:
    """The last line: what checked which commits; the cost, where nothing above says it."""
    parts = [
        version_line(report),
        "" if detail.ledger and report.prompts else words.cost(report.ledger.calls, report.ledger.usd),
        beside.account,
    ]
    line = Markdown(" · ".join(filter(None, parts)))
    return fill("foot", {"left_out": left_out, "elsewhere": elsewhere, "line": line})
