"""How long `apo-ci --help` takes, and what `apo-ci validate` takes for a dataset of 1,000,000 rows."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from apo_ci.inputs.repository import Repository

COMMAND = Path(sys.executable).with_name("apo-ci")
SLOWEST_HELP, LARGEST_MEGABYTES = 0.3, 400
FILES = {
    "apo-ci.yaml": "version: 1\nmodel: {name: task}\n",
    "prompts/large.prompt.md": "system:\nYou label product reviews.\nuser:\nReview: {{ review }}\nLabel:\n",
    "evals/large.yaml": (
        "prompt: prompts/large.prompt.md\ndataset: evals/large.jsonl\nmetric: accuracy\n"
        "scorers: [{type: label, labels: [Yes, No]}]\n"
    ),
}


@dataclass(frozen=True, slots=True)
class Measurement:
    """Wall time in seconds, and the most memory that the process held at once, in megabytes (10^6 bytes)."""

    seconds: float
    megabytes: float


def measure(*arguments: str) -> Measurement:
    """Run the installed command, which must succeed."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen((COMMAND, *arguments), stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(output.read().decode())
    return Measurement(seconds, usage.ru_maxrss * 1024 / 1e6)  # Linux counts in KiB


def write_project(root: Path, rows: int) -> int:
    """A project whose dataset has `rows` rows, all different; the dataset's size in bytes."""
    Repository.create(root)
    for path, text in FILES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    dataset = root / "evals" / "large.jsonl"
    with dataset.open("w", encoding="utf-8") as stream:
        for number in range(rows):
            review = f"Order {number}: it came after {number * 7919 % 97} days, and the lid did not fit the kettle."
            stream.write(json.dumps({"review": review, "target": "No" if number % 2 else "Yes"}) + "\n")
    return dataset.stat().st_size


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=15, help="of --help")
    given = parser.parse_args()
    helps = [measure("--help") for _ in range(given.repeats + 1)][1:]  # the first one may compile and read from disk
    with tempfile.TemporaryDirectory() as folder:
        size = write_project(Path(folder) / "repository", given.rows)
        validation = measure("validate", "--repo", str(Path(folder) / "repository"))
    table = Table("", "seconds", "peak MB", "target")
    seconds = [measured.seconds for measured in helps]
    table.add_row(
        "apo-ci --help",
        f"{median(seconds):.2f} (median of {len(seconds)}; {min(seconds):.2f} to {max(seconds):.2f})",
        f"{max(measured.megabytes for measured in helps):.0f}",
        f"{SLOWEST_HELP} s",
    )
    table.add_row(
        f"apo-ci validate, {given.rows:,} rows ({size / 1e6:.0f} MB)",
        f"{validation.seconds:.1f}",
        f"{validation.megabytes:.0f}",
        f"{LARGEST_MEGABYTES} MB",
    )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
