"""Rows as Markdown, for docs/benchmarks.md, and as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from rich.table import Table

from benchmarks.search.estimates import Mean, Share
from benchmarks.search.methods import OWN, REFERENCE
from benchmarks.search.summary import Row

HEADINGS = (
    "method",
    "calls allowed",
    "runs",
    "gain of what is suggested",
    "gain of the best on dev",
    f"{OWN} is ahead by (95% interval)",
    "suggested",
    "harm (95% interval)",
    "overshoot",
    f"calls to 90% of {REFERENCE}",
    "seconds",
)
VEILED_HEADING = "less than in plain worlds by"
NULL_HEADINGS = (
    "method",
    "calls allowed",
    "runs",
    "false `better` (95% interval)",
    "winner's true gain",
    "overshoot",
    "seconds",
)


KINDS = tuple(product((False, True), repeat=2))  # of worlds: null or not, and veiled or not


def headings(*, null: bool, veiled: bool = False) -> tuple[str, ...]:
    """The columns' names; `null` worlds have others, and `veiled` ones say so in the first."""
    names = NULL_HEADINGS if null else HEADINGS
    if not veiled:
        return names
    first, *rest = names
    return (f"{first}, veiled", *rest, *([] if null else [VEILED_HEADING]))


def cells(row: Row) -> tuple[str, ...]:
    """The columns of `row`, in the order of `headings`."""
    runs = str(row.gain.n) + (f" ({row.failed} failed)" if row.failed else "")
    first, last = (row.method, f"{row.budget:,}", runs), (f"{row.seconds:.1f}",)
    if row.null:
        return (*first, _share(row.better), _with_error(row.winner_gain), str(row.overshoot), *last)
    return (
        *first,
        _with_error(row.gain),
        _with_error(row.winner_gain),
        _interval(row.behind),
        f"{row.better.rate:.0%}",
        _share(row.harm),
        str(row.overshoot),
        _reached(row),
        *last,
        *([_interval(row.lost)] if row.veiled else []),
    )


def markdown(rows: Sequence[Row]) -> str:
    """One table for each kind of worlds; empty where there are no rows."""
    parts = (_markdown(_of(rows, null, veiled), null=null, veiled=veiled) for null, veiled in KINDS)
    return "\n\n".join(part for part in parts if part)


def terminal(rows: Sequence[Row], *, null: bool, veiled: bool = False) -> Table:
    """The same for eyes, of one kind of worlds."""
    table = Table(*(heading.replace("`", "") for heading in headings(null=null, veiled=veiled)))
    for row in _of(rows, null, veiled):
        table.add_row(*cells(row))
    return table


def _of(rows: Sequence[Row], null: bool, veiled: bool) -> list[Row]:
    return [row for row in rows if (row.null, row.veiled) == (null, veiled)]


def _markdown(rows: Sequence[Row], *, null: bool, veiled: bool) -> str:
    if not rows:
        return ""
    names = headings(null=null, veiled=veiled)
    lines = [names, ("---",) * len(names), *(cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _with_error(mean: Mean) -> str:
    return f"{mean.mean:+.1f}" + ("" if mean.error is None else f" ± {mean.error:.1f}")


def _interval(mean: Mean | None) -> str:
    if mean is None:
        return ""
    reach = "" if mean.low is None else f" ({mean.low:+.1f} to {mean.high:+.1f})"
    return f"{mean.mean:+.1f}{reach}"


def _share(share: Share) -> str:
    return f"{share.count} of {share.n}: {share.rate:.1%} ({share.low:.1%} to {share.high:.1%})"


def _reached(row: Row) -> str:
    if row.reached is None:
        return "" if row.target is None else "not reached"
    return f"{row.reached:,}" + ("" if row.reached_share is None else f" ({row.reached_share:.0%})")
