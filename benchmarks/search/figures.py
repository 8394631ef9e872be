"""Figures of a results file: gain against calls, with standard errors, as SVG; and the table as Markdown.

python -m benchmarks.search.figures results.json --out docs/benchmarks
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.search.methods import METHODS
from benchmarks.search.results import Run, read_runs
from benchmarks.search.summary import Row, curve, summarize
from benchmarks.search.table import markdown

STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "apo-ci",  # the same results give the same bytes
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
SIZE = (7.0, 4.2)
Curve = Sequence[tuple[int, float, float]]


def draw(runs: Sequence[Run], folder: Path) -> list[Path]:
    """The figures of `runs` in `folder`, veiled worlds in their own; needs matplotlib (the extra `bench`)."""
    folder.mkdir(parents=True, exist_ok=True)
    usable = [run for run in runs if run.error is None and not run.plan.null]
    veiled = [run for run in usable if run.plan.veiled]
    plain = [run for run in usable if not run.plan.veiled]
    paths = _draw(plain, folder, "") if plain or not veiled else []
    return [*paths, *(_draw(veiled, folder, "-veiled") if veiled else [])]


def _draw(runs: Sequence[Run], folder: Path, suffix: str) -> list[Path]:
    suggested = by_budget(summarize(runs))
    first = folder / f"gain-by-budget{suffix}.svg"
    largest = max((run.plan.budget for run in runs), default=0)
    traces = by_calls([run for run in runs if run.plan.budget == largest])
    second, title = folder / f"gain-by-calls{suffix}.svg", f"calls, of {largest:,} allowed"
    return [
        _figure(suggested, first, "calls allowed", "true gain of what is suggested"),
        _figure(traces, second, title, "true gain of the best so far", steps=True),
    ]


def by_budget(rows: Sequence[Row]) -> dict[str, Curve]:
    """For each method the gain of what it suggests, at each budget."""
    methods = dict.fromkeys(row.method for row in rows)
    return {
        method: [(row.budget, row.gain.mean, row.gain.error or 0.0) for row in rows if row.method == method]
        for method in methods
    }


def by_calls(runs: Sequence[Run]) -> dict[str, Curve]:
    """For each method the mean gain of its best so far, as the search goes on."""
    methods = [name for name in METHODS if any(run.plan.method == name for run in runs)]
    return {method: [(0, 0.0, 0.0), *curve([run for run in runs if run.plan.method == method])] for method in methods}


def _figure(curves: dict[str, Curve], path: Path, across: str, up: str, *, steps: bool = False) -> Path:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(SIZE, layout="constrained")
        axes = figure.subplots()
        for index, (method, points) in enumerate(curves.items()):
            _line(axes, method, points, index, steps=steps)
        axes.axhline(0, color="0.7", linewidth=0.8)
        axes.set(xlabel=across, ylabel=f"{up}, points")
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        figure.savefig(path, format="svg", metadata={"Date": None})
    return path


def _line(axes: Any, method: str, points: Curve, index: int, *, steps: bool) -> None:
    across, means, errors = (list(values) for values in zip(*points, strict=True))
    low, high = [m - e for m, e in zip(means, errors, strict=True)], [m + e for m, e in zip(means, errors, strict=True)]
    color, dashes = f"C{index % 10}", ("-", "--", ":")[index // 10 % 3]
    if steps:
        axes.step(across, means, dashes, where="post", color=color, label=method, linewidth=1.4)
        axes.fill_between(across, low, high, step="post", color=color, alpha=0.12, linewidth=0)
    else:
        axes.errorbar(
            across, means, errors, color=color, fmt=f"o{dashes}", markersize=4, label=method, capsize=2.5, linewidth=1.4
        )


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    runs = [run for path in arguments.results for run in read_runs(path)]
    print(markdown(summarize(runs)))
    for path in draw(runs, arguments.out):
        print(f"\n{path}")


if __name__ == "__main__":
    main()
