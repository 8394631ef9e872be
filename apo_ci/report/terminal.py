"""The report on a terminal, or in a log: the comment's words and figures, without its folds."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from apo_ci.report import gains, sentences, shares, words
from apo_ci.report.diff import for_readers
from apo_ci.report.escape import clip, one_line, terminal
from apo_ci.report.headlines import headline
from apo_ci.report.hunks import MOST_TEXT, TITLE
from apo_ci.report.hunks import lines as worth_of
from apo_ci.report.model import ComparisonReport, PromptReport, Report, Suggestion
from apo_ci.report.places import from_the_root
from apo_ci.report.progress import Progress
from apo_ci.report.redact import Redactor, redacted
from apo_ci.report.sentences import TERMINAL
from apo_ci.report.tradeoff import COLUMNS, Tradeoff, figures
from apo_ci.report.views import NOTHING

__all__ = ["Progress", "print_report", "render_terminal"]

COLORS = {"pass": "green", "fail": "red", "inconclusive": "yellow", "error": "yellow"}
DIFF_COLORS = {"+": "green", "-": "red", "@": "cyan"}
FIGURES = ("Cases", "Base", "Head", "Points", "p", "Errored")
LEFT = frozenset({"Verdict", "Points", "Cost"})
WIDTHS = (60, 400)
LOG_WIDTH = 200
WIDE = 130  # columns that a table with costs needs
MAX_PROMPTS = 50
MAX_DIFF_LINES = 200
MAX_DIFF_LINE = 500
MAX_DIFF = 20_000
MAX_GRADIENT = 400
MAX_HUNKS = 8


def render_terminal(report: Report, redactor: Redactor, *, width: int = 100, color: bool = False) -> str:
    """The report in lines of at most `width` columns; with ANSI colours only when `color` is set."""
    clean = redacted(from_the_root(report), redactor)
    low, high = WIDTHS
    console = Console(
        file=io.StringIO(),
        width=min(max(width, low), high),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        for part in _parts(clean, console.width):
            console.print(part)
    return redactor("\n".join(line.rstrip() for line in capture.get().splitlines())) + "\n"


def print_report(report: Report, redactor: Redactor, stream: TextIO) -> None:
    """Write the report to `stream`: as wide as its terminal and in colours, or plain where it is none."""
    console = Console(file=stream)
    color = console.is_terminal and console.color_system is not None
    stream.write(
        render_terminal(report, redactor, width=console.width if console.is_terminal else LOG_WIDTH, color=color)
    )


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    prompts = sentences.by_severity(report.prompts)[:MAX_PROMPTS]
    symbol = words.SYMBOLS[report.verdict]
    yield Text(f"{symbol} {headline(report, TERMINAL)}", style=f"bold {COLORS[report.verdict]}")
    if prompts:
        yield Text()
        yield _table(prompts, width)
    if len(report.prompts) > len(prompts):
        yield Text(f"{len(report.prompts) - len(prompts)} more prompts are in report.json.")
    names = _names(prompts)
    for prompt, name in zip(prompts, names, strict=True):
        if prompt.verdict != "pass" or prompt.suggestion is not None or len(prompts) == 1:
            yield from _prompt(prompt, None if len(prompts) == 1 else name)
    yield from _shares(prompts, names)
    notes = sentences.notes(report, TERMINAL)
    if notes:
        yield Text()
        yield from (Text(f"- {note}") for note in notes)
    yield Text()
    yield Text(_spent(report))


def _table(prompts: list[PromptReport], width: int) -> Table:
    """Verdict, errored and cost are columns only where they tell something and there is room."""
    rows = [_row(prompt) for prompt in prompts]
    left_out = {
        *(["Verdict"] if len(prompts) == 1 else []),
        *(["Errored"] if all(row["Errored"] in {"0", NOTHING} for row in rows) else []),
        *(["Cost"] if width < WIDE else []),
    }
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Prompt", overflow="fold")
    columns = [name for name in rows[0] if name not in left_out]
    for name in columns:
        table.add_column(name, justify="left" if name in LEFT else "right", no_wrap=True)
    for prompt, name, row in zip(prompts, _names(prompts), rows, strict=True):
        color = COLORS[prompt.verdict]
        table.add_row(Text(name), *(Text(row[name], style=color if name == "Verdict" else "") for name in columns))
    return table


def _names(prompts: list[PromptReport]) -> list[str]:
    """What to call each prompt: its path, and its eval set where it has several."""
    paths = [prompt.path for prompt in prompts]
    names = words.short_paths(paths)
    return [
        one_line(names[prompt.path] + (f" ({prompt.eval})" if paths.count(prompt.path) > 1 else ""))
        for prompt in prompts
    ]


def _row(prompt: PromptReport) -> dict[str, str]:
    cost = words.cost(prompt.cost.calls, prompt.cost.usd) if prompt.cost else NOTHING
    figures = dict(zip(FIGURES, _figures(prompt), strict=True))
    return {"Verdict": prompt.verdict, **figures, "Cost": cost}


def _figures(prompt: PromptReport) -> tuple[str, ...]:
    comparison, floor = prompt.comparison, prompt.floor
    if comparison is not None and comparison.n:
        return _compared(comparison)
    if floor is not None:
        figures = (f"{floor.n:,}", NOTHING, words.percent(floor.head))
        return (*figures, "new" if prompt.is_new else NOTHING, NOTHING, f"{floor.errored:,}")
    return (NOTHING,) * 6


def _compared(comparison: ComparisonReport) -> tuple[str, ...]:
    bounds = f" ({words.interval(comparison.ci_low, comparison.ci_high)})"
    return (
        f"{comparison.n:,}",
        words.percent(comparison.base),
        words.percent(comparison.head),
        words.points(comparison.delta) + (bounds if comparison.changed else ""),
        words.p_value(comparison.p_value) if comparison.changed else NOTHING,
        f"{comparison.errored:,}",
    )


def _shares(prompts: list[PromptReport], names: list[str]) -> Iterator[RenderableType]:
    """How several searches shared the budget, the largest share first."""
    pairs = zip(names, prompts, strict=True)
    found = [(name, prompt.search_share) for name, prompt in pairs if prompt.search_share is not None]
    if len(found) < 2 or not any(share.calls for _, share in found):
        return
    rows = [(name, shares.figures(share)) for name, share in sorted(found, key=lambda pair: -pair[1].calls)]
    yield Text()
    yield _figures_table("Search", shares.COLUMNS, rows)


def _prompt(prompt: PromptReport, name: str | None) -> Iterator[RenderableType]:
    yield Text()
    if name is not None:
        yield Text(f"{words.SYMBOLS[prompt.verdict]} {name}", style="bold")
    for sentence in [" ".join(sentences.explanation(prompt, TERMINAL)), sentences.second_verdict(prompt, TERMINAL)]:
        if sentence:
            yield Text(sentence)
    if prompt.comparison is not None and prompt.verdict != "error":
        yield Text(sentences.power_line(prompt.comparison))
    if prompt.suggestion is not None:
        yield Text()
        yield _suggestion(prompt.suggestion)


def _suggestion(found: Suggestion) -> RenderableType:
    parts: list[RenderableType] = [
        Text(f"{gains.search_sentence(found, TERMINAL)} {gains.cost_sentence(found)}".rstrip())
    ]
    if found.tradeoff is not None and found.status != "none":
        parts.append(Padding(_tradeoff(found.tradeoff), (1, 0, 0, 0)))
    if found.diff and found.status != "none":
        shown = for_readers(found.diff, max_lines=MAX_DIFF_LINES, max_line=MAX_DIFF_LINE, max_characters=MAX_DIFF)
        parts.append(Padding(_diff(terminal(shown)), (1, 0, 0, 2)))
    worth = worth_of(found.hunks, lambda text: f"“{one_line(text, MOST_TEXT)}”", MAX_HUNKS) if found.is_offered else []
    if worth:
        parts += [Text(), Text(TITLE), *(Text(f"- {line}") for line in worth)]
    if found.gradients:
        parts += [Text(), Text(gains.LED_TO_IT)]
        parts += [Text(f"- {TERMINAL.prose(clip(gradient, MAX_GRADIENT))}") for gradient in found.gradients[:5]]
    return Group(*parts)


def _tradeoff(found: Tradeoff) -> Table:
    """Quality and cost of the suggestion beside what is there now."""
    return _figures_table("", COLUMNS, [(row[0], row[1:]) for row in figures(found)])


def _figures_table(title: str, columns: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]]) -> Table:
    """Named rows of figures under `columns`."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(title, overflow="fold")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for name, figures_of_it in rows:
        table.add_row(Text(name), *map(Text, figures_of_it))
    return table


def _diff(diff: str) -> Text:
    lines = [Text(line, style=DIFF_COLORS.get(line[:1], "")) for line in diff.split("\n")]
    return Text("\n").join(lines)


def _spent(report: Report) -> str:
    spent = report.ledger
    cached = f", {words.count(spent.cache_hits, 'reply', 'replies')} from the cache" if spent.cache_hits else ""
    return f"{words.capitalized(words.cost(spent.calls, spent.usd))}{cached}, {words.duration(spent.seconds)}."
