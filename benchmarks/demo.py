"""`apo-ci demo` on several seeds: wall time, calls, verdict, confirmed gains; then each again on the same cache.

python -m benchmarks.demo --seeds 0:5
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo: its report, its seconds, and how many requests left the process."""

    report: dict[str, Any]
    seconds: float
    new_calls: int
    exit_code: int


def run_demo(seed: int, folder: Path, name: str) -> DemoRun:
    """The installed command, as a user would run it."""
    command = [
        str(Path(sys.executable).with_name("apo-ci")),
        "demo",
        f"--seed={seed}",
        f"--cache={folder / 'cache.sqlite'}",
        f"--out={folder / name}",
        f"--directory={folder / f'{name}-repository'}",
    ]
    started = time.monotonic()
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if finished.returncode:
        raise SystemExit(finished.stdout + finished.stderr)
    sent = re.search(r"([\d,]+) of them now", finished.stdout + finished.stderr)
    if sent is None:
        raise SystemExit(f"The demo did not say how many calls it made:\n{finished.stdout}{finished.stderr}")
    report = json.loads((folder / name / "report.json").read_text(encoding="utf-8"))
    return DemoRun(report, seconds, int(sent[1].replace(",", "")), finished.returncode)


def without_times(report: dict[str, Any]) -> str:
    """The report as bytes would compare, without the run's wall time."""
    ledger = {key: value for key, value in report["ledger"].items() if key != "seconds"}
    return json.dumps({**report, "ledger": ledger})


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="0:5", help="first:last+1 (default 0:5)")
    first, last = (int(part) for part in parser.parse_args().seeds.split(":"))
    table = Table(
        "seed", "seconds", "calls", "verdict", "drop", "status", "over head", "over base", "again: s, calls, same"
    )
    reached = 0
    for seed in range(first, last):
        with tempfile.TemporaryDirectory() as folder:
            run = run_demo(seed, Path(folder), "first")
            again = run_demo(seed, Path(folder), "second")
        prompt = run.report["prompts"][0]
        suggestion = prompt["suggestion"]
        over_head, over_base = suggestion["delta"] or 0, suggestion["delta_over_base"] or 0
        good = suggestion["status"] == "better" and over_head >= 0.20 and over_base >= 0.05
        reached += good and run.report["verdict"] == "fail"
        same = without_times(run.report) == without_times(again.report)
        table.add_row(
            str(seed),
            f"{run.seconds:.0f}",
            str(run.new_calls),
            run.report["verdict"],
            f"{100 * prompt['comparison']['delta']:+.1f}",
            suggestion["status"],
            f"{100 * over_head:+.1f}",
            f"{100 * over_base:+.1f}",
            f"{again.seconds:.1f}, {again.new_calls}, {same}",
        )
    Console(width=120).print(table)
    print(f"Verdict fail, status better, at least 20 over head and 5 over base: {reached} of {last - first} seeds")


if __name__ == "__main__":
    main()
