"""What the templates are filled with: for each section of a report, figures and foreign text, already escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apo_ci.report import gains, words
from apo_ci.report.chart import fates, search_chart
from apo_ci.report.diff import for_readers
from apo_ci.report.escape import Markdown, block, cell, prose
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
from apo_ci.report.sentences import MARKDOWN

View = dict[str, Any]
NOTHING = "–"
MAX_ROW_PATH = 40
MAX_DIFF_LINE = 2_000
MAX_DIFF = 16_000
MAX_GRADIENT = 400
MAX_REPLY = 60
SHOWN_HASH = 12
MAX_ID = 16
MAX_ITEMS = 50
ORIGINS = frozenset({"start", "base"})


def table(prompts: Sequence[PromptReport], rows: int) -> View:
    """The table of all prompts, the worst first, in at most `rows` rows."""
    levels = {prompt.comparison.confidence for prompt in prompts if prompt.comparison}
    paths = [prompt.path for prompt in prompts]
    names = words.short_paths(paths)
    shown = []
    for prompt in prompts[:rows]:
        name = names[prompt.path]
        if paths.count(prompt.path) > 1:
            name = f"{name} ({words.short_path(prompt.eval, MAX_ROW_PATH)})"
        shown.append(_row(prompt, words.SYMBOLS[prompt.verdict], cell(name)))
        if prompt.head_verdict is not None:
            shown.append(_second_row(prompt.head_verdict))
    intervals = "" if not levels else f" ({words.confidence(levels.pop()) if len(levels) == 1 else 'CI'})"
    return {
        "change": Markdown(f"Points{intervals}"),
        "rows": shown,
        "missing": len(prompts) - min(rows, len(prompts)),
    }


def _row(prompt: PromptReport, symbol: str, name: str) -> View:
    cost = words.cost(prompt.cost.calls, prompt.cost.usd) if prompt.cost else NOTHING
    return {
        "symbol": symbol,
        "name": name,
        "cost": Markdown(cost),
        **_figures(prompt.comparison, prompt.floor, prompt.is_new),
    }


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
            cases=f"{comparison.n:,}",
            base=words.percent(comparison.base),
            head=words.percent(comparison.head),
            change=f"**{words.points(comparison.delta)}**{bounds}",
            p=words.p_value(comparison.p_value).replace(" ", "") if comparison.changed else NOTHING,
            errored=f"{comparison.errored:,}",
        )
    if floor is not None:
        least = "no floor" if floor.min is None else f"floor {words.percent(floor.min)}"
        return _ours(
            cases=f"{floor.n:,}",
            base=NOTHING,
            head=words.percent(floor.head),
            change=f"new ({least})" if is_new else least,
            p=NOTHING,
            errored=f"{floor.errored:,}",
        )
    return dict.fromkeys(("cases", "base", "head", "change", "p", "errored"), NOTHING)


def suggestion(found: Suggestion, *, gradients: int, diff_lines: int, whole: int) -> View:
    """A suggested prompt: its gain, the diff, what led to it."""
    steps = _steps(found)
    diff = _diff(found, diff_lines)
    text = found.text or ""
    return {
        **_ours(sentence=gains.search_sentence(found, MARKDOWN)),
        "diff": block(diff, "diff") if diff else None,
        "folded": found.status != "better",
        "steps": steps[:gradients],
        "led": gains.LED_TO_IT if found.gradients else "How it was made:",
        "missing_steps": max(len(steps) - gradients, 0) if gradients else 0,
        "whole": block(text) if diff and 0 < len(text) <= whole else None,
    }


def _diff(found: Suggestion, lines: int) -> str | None:
    if not found.diff or lines < 1:
        return None
    return for_readers(found.diff, max_lines=lines, max_line=MAX_DIFF_LINE, max_characters=MAX_DIFF)


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


def search(found: Suggestion, nodes: int) -> View | None:
    """The search's path; `None` when nothing was tried."""
    chart = search_chart(found, nodes)
    if chart is None:
        return None
    rounds = max((trial.round for trial in found.trials), default=0)
    lines = ["Candidates: " + ", ".join(f"{number:,} {prose(fate, 60)}" for fate, number in fates(found)[:10]) + "."]
    if found.status != "none" and found.explanation:
        lines.append(prose(found.explanation, MAX_GRADIENT))
    elif found.finish_reason:
        lines.append(f"Why it ended: {prose(found.finish_reason, 120).rstrip('.')}.")
    return {
        "candidates": Markdown(f"{words.count(len(found.trials), 'candidate')} in {words.count(rounds, 'round')}"),
        "chart": block(chart, "mermaid"),
        "legend": "Scores are on dev cases" + ("; thick arrows lead to the suggestion." if found.lineage else "."),
        "lines": [Markdown(line) for line in lines],
    }


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


def _path(path: str) -> Markdown:
    return cell(words.short_path(path, 80))


def _hash(value: str | None) -> Markdown:
    return cell(value[:SHOWN_HASH]) if value else Markdown("none")
