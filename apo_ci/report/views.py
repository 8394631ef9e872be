"""What the templates are filled with: for each section of a report, figures and foreign text, already escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from apo_ci.report import gains, words
from apo_ci.report.chart import fates, search_chart
from apo_ci.report.diff import for_readers
from apo_ci.report.escape import Markdown, block, cell, code, html, one_line, prose
from apo_ci.report.hunks import MOST_TEXT, TITLE
from apo_ci.report.hunks import lines as worth_of
from apo_ci.report.model import (
    Account,
    CaseChange,
    ComparisonReport,
    FloorReport,
    HeadVerdict,
    LedgerReport,
    LineageStep,
    PromptReport,
    Provenance,
    Report,
    Suggestion,
)
from apo_ci.report.naming import unambiguous
from apo_ci.report.tradeoff import COLUMNS, Tradeoff, figures

View = dict[str, Any]
NOTHING = "–"
MAX_ROW_PATH = 40
MAX_DIFF_LINE = 2_000
MAX_DIFF = 16_000
MAX_OPEN_DIFF = 40  # lines; a longer diff is folded
MAX_GRADIENT = 400
MAX_REPLY = 60
COMMIT = re.compile(r"[0-9a-f]{40,64}")
SHOWN_COMMIT = 10
SHOWN_HASH = 12
MAX_ID = 16
MAX_ITEMS = 50
ORIGINS = frozenset({"start", "base"})


def table(prompts: Sequence[PromptReport], rows: int) -> View:
    """The table of `prompts`, the worst first, in at most `rows` rows.

    Symbols and costs are columns only where they tell more than the verdict and the ledger do.
    """
    intervals = points_title(prompt.comparison.confidence for prompt in prompts if prompt.comparison)
    shown = []
    for prompt, name in zip(prompts[:rows], unambiguous(prompts), strict=False):
        shown.append(_row(prompt, words.SYMBOLS[prompt.verdict], cell(name)))
        if prompt.head_verdict is not None:
            shown.append(_second_row(prompt.head_verdict))
    return {
        "change": intervals,
        "with_symbols": len(shown) > 1,
        "with_cost": len(prompts) > 1,
        "rows": shown,
        "missing": len(prompts) - min(rows, len(prompts)),
    }


def points_title(levels: Iterable[float]) -> Markdown:
    """`Points (95% CI)`, over differences with intervals at `levels` of confidence; `Points` where there are none."""
    distinct = set(levels)
    level = words.confidence(distinct.pop()) if len(distinct) == 1 else "CI" if distinct else ""
    return Markdown(f"Points ({level})" if level else "Points")


def _row(prompt: PromptReport, symbol: str, name: str) -> View:
    cost = _cost(prompt.cost) if prompt.cost else NOTHING
    return {
        "symbol": symbol,
        "name": name,
        "cost": Markdown(cost),
        **_figures(prompt.comparison, prompt.floor, prompt.is_new),
    }


def _cost(cost: Account) -> str:
    """Dollars where they are known and there are any, else calls."""
    return words.dollars(cost.usd) if cost.usd else words.count(cost.calls, "call")


def _second_row(head: HeadVerdict) -> View:
    return {
        "symbol": words.SYMBOLS[head.verdict],
        "name": "↳ by its own eval set",
        "cost": NOTHING,
        **_figures(head.comparison, head.floor, False),
    }


def _ours(**texts: str) -> View:
    """Figures and words of our own: Markdown as they stand."""
    return {name: Markdown(text) for name, text in texts.items()}


def _figures(comparison: ComparisonReport | None, floor: FloorReport | None, is_new: bool) -> View:
    if comparison is not None and comparison.n:
        bounds = f" ({words.interval(comparison.ci_low, comparison.ci_high)})" if comparison.changed else ""
        return _ours(
            cases=_counted(comparison.n, comparison.errored),
            base=words.percent(comparison.base),
            head=words.percent(comparison.head),
            change=f"**{words.points(comparison.delta)}**{bounds}",
            p=words.p_value(comparison.p_value).replace(" ", "") if comparison.changed else NOTHING,
        )
    if floor is not None:
        least = "no floor" if floor.min is None else f"floor {words.percent(floor.min)}"
        return _ours(
            cases=_counted(floor.n, floor.errored),
            base=NOTHING,
            head=words.percent(floor.head),
            change=f"new ({least})" if is_new else least,
            p=NOTHING,
        )
    return dict.fromkeys(("cases", "base", "head", "change", "p"), NOTHING)


def _counted(cases: int, errored: int) -> str:
    return f"{cases:,} ({errored:,} errored)" if errored else f"{cases:,}"


def diff(found: Suggestion, lines: int) -> View | None:
    """The suggested change; folded where nothing is confirmed, or where it is long."""
    if not found.diff or lines < 1:
        return None
    shown = for_readers(found.diff, max_lines=lines, max_line=MAX_DIFF_LINE, max_characters=MAX_DIFF)
    length = sum(not line.startswith(("--- ", "+++ ")) for line in found.diff.splitlines())
    return {
        "diff": block(shown, "diff"),
        "folded": not found.is_offered or length > MAX_OPEN_DIFF,
        "lines": Markdown(words.count(length, "line")),
    }


def tradeoff(found: Tradeoff) -> View:
    """The rows of the table of quality and cost."""
    return {"columns": COLUMNS, "rows": [[Markdown(figure) for figure in row] for row in figures(found)]}


def hunks(found: Suggestion, most: int) -> View | None:
    """What each piece of an offered change is worth; `None` where there is nothing to say about pieces."""
    lines = worth_of(found.hunks, lambda text: code(text, MOST_TEXT), most) if found.is_offered and most else []
    return {"title": Markdown(TITLE), "lines": [Markdown(line) for line in lines]} if lines else None


def whole_prompt(found: Suggestion, longest: int) -> View | None:
    """The suggested file as it is, where it has a diff and at most `longest` characters."""
    text = found.text or ""
    return {"whole": block(text)} if found.diff and 0 < len(text) <= longest else None


def _steps(found: Suggestion) -> list[View]:
    made = [step for step in found.lineage if step.operator not in ORIGINS]
    if not made:
        return [{"made": "gradient", "gradient": prose(gradient, MAX_GRADIENT)} for gradient in found.gradients]
    return [_step(step) for step in made]


def _step(step: LineageStep) -> View:
    scored = "" if step.dev_score is None else f", {words.percent(step.dev_score)} on {step.n} dev cases"
    gradient = prose(step.gradient, MAX_GRADIENT) if step.gradient else None
    return {"made": Markdown(f"**{prose(step.operator, 40)}** in round {step.round}{scored}"), "gradient": gradient}


def cases(comparison: ComparisonReport, *, limit: int, excerpt: int) -> View:
    """The cases that broke, then those that were fixed, at most `limit` of each."""
    groups = []
    for label, changes, total in (
        ("Broken", comparison.broken, comparison.n_broken),
        ("Fixed", comparison.fixed, comparison.n_fixed),
    ):
        shown = [_case(change, excerpt) for change in changes[:limit]]
        if shown:
            part = "" if len(shown) >= total else f", {len(shown)} of {total:,}"
            groups.append({"title": Markdown(f"**{label}**{part}"), "cases": shown})
    return {"groups": groups, **_ours(n_broken=f"{comparison.n_broken:,}", n_fixed=f"{comparison.n_fixed:,}")}


def _case(change: CaseChange, excerpt: int) -> View:
    return {
        "id": cell(change.id, MAX_ID),
        "input": cell(change.input, excerpt),
        "target": cell(change.target, MAX_REPLY),
        "base": "errored" if change.base_reply is None else cell(change.base_reply, MAX_REPLY),
        "head": "errored" if change.head_reply is None else cell(change.head_reply, MAX_REPLY),
    }


def search(found: Suggestion, *, nodes: int, gradients: int, of: str) -> View | None:
    """What the search tried and what led to its suggestion; `None` when there is nothing of it to show.

    `of` is the prompt's path where the title is to name it.
    """
    chart = search_chart(found, nodes)
    steps = _steps(found) if gradients else []
    if chart is None and not steps:
        return None
    rounds = max((trial.round for trial in found.trials), default=0)
    named = f" for <code>{html(one_line(words.short_path(of, MAX_ROW_PATH)))}</code>" if of else ""
    tried = f"{words.count(len(found.trials), 'candidate')} in {words.count(rounds, 'round')}"
    return {
        "title": Markdown(f"The search{named}: {tried}, {words.cost(found.calls, found.usd)}"),
        "steps": steps[:gradients],
        "led": gains.LED_TO_IT if found.gradients else "How it was made:",
        "missing_steps": max(len(steps) - gradients, 0),
        "chart": block(chart, "mermaid") if chart is not None else None,
        "lines": [Markdown(line) for line in _search_lines(found)] if chart is not None else [],
    }


def _search_lines(found: Suggestion) -> list[str]:
    legend = "Scores are on dev cases" + ("; thick arrows lead to the suggestion." if found.lineage else ".")
    lines = [legend, "Candidates: " + ", ".join(f"{n:,} {prose(fate, 60)}" for fate, n in fates(found)[:10]) + "."]
    if found.status != "none" and found.explanation:
        return [*lines, prose(found.explanation, MAX_GRADIENT)]
    return lines


def ledger(spent: LedgerReport, report: Report) -> View:
    """What the run spent, by purpose."""
    rows = [(name, getattr(spent.purposes, name)) for name in ("base", "head", "search", "confirm")]
    return {
        "total": Markdown(words.cost(spent.calls, spent.usd)),
        "rows": [_account(name, account) for name, account in [*rows, ("total", spent)]],
        "budget": Markdown(f"Took {words.duration(spent.seconds)}. {_caps(report)}"),
    }


def _account(name: str, account: Account) -> View:
    counted = ("calls", "prompt_tokens", "completion_tokens", "cache_hits")
    figures = {key: f"{getattr(account, key):,}" for key in counted}
    return _ours(name=name, usd=words.dollars(account.usd), **figures)


def _caps(report: Report) -> str:
    caps = report.budget
    shown = [
        None if caps.calls is None else words.count(caps.calls, "call"),
        None if caps.tokens is None else words.count(caps.tokens, "token"),
        None if caps.usd is None else words.dollars(caps.usd),
        None if caps.seconds is None else words.duration(caps.seconds),
    ]
    given = [cap for cap in shown if cap]
    return f"The budget was {words.listed(given)}." if given else "There was no budget."


def provenance(origin: Provenance) -> View:
    """What it takes to repeat the run."""
    rows: list[tuple[str, str]] = [
        ("versions", prose(f"apo-ci {origin.version}, Python {origin.python}, openai {origin.openai}")),
        ("base", cell(origin.base_commit) if origin.base_commit else "none"),
        ("head", cell(origin.head_commit) if origin.head_commit else "working tree"),
        ("seed", str(origin.seed)),
        ("configuration", _hash(origin.config_hash)),
        ("run", _hash(origin.run)),
    ]
    for model in origin.models:
        parameters = ", ".join(f"{key} {value}" for key, value in model.parameters.items())
        named = f"{cell(model.name, 80)} at {cell(model.provider, 120)}"
        rows.append((f"{model.role} model", Markdown(named + (f", {cell(parameters, 200)}" if parameters else ""))))
    for path, fingerprint in list(origin.datasets.items())[:MAX_ITEMS]:
        rows.append(("dataset", Markdown(f"{_path(path)} {_hash(fingerprint)}")))
    for path, hashes in list(origin.prompts.items())[:MAX_ITEMS]:
        rows.append(("prompt", Markdown(f"{_path(path)} base {_hash(hashes.base)}, head {_hash(hashes.head)}")))
    return {"rows": [{"name": name, "value": value} for name, value in rows]}


def commit(commit: str | None, otherwise: str) -> str:
    """The beginning of a commit's name; `otherwise` where there is none."""
    if commit is None:
        return otherwise
    return code(commit[:SHOWN_COMMIT]) if COMMIT.fullmatch(commit) else prose(commit, 40)


def _path(path: str) -> Markdown:
    return cell(words.short_path(path, 80))


def _hash(value: str | None) -> Markdown:
    return cell(value[:SHOWN_HASH]) if value else Markdown("none")
