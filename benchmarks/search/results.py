"""One finished run as data, and the file that keeps them, a line for each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HARM = 1.0  # points on the test cases; a suggestion that is truly worse by more does harm
Point = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: a method on a problem (a world's number, or a task's name) within a cap on calls.

    `latency` is in seconds and `concurrency` in requests; both leave the result as it is and change its wall time.
    """

    suite: str
    method: str
    problem: str
    seed: int
    budget: int
    null: bool = False
    veiled: bool = False
    latency: float = 0.0
    concurrency: int = 32

    @property
    def key(self) -> str:
        """What tells runs apart."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a plan. Gains are in points of the metric, over the start, on the test cases.

    In simulated worlds they are the true ones, and calls were counted at the server; on real tasks they were measured
    after the search, and calls are those that were charged. `calls` has the confirmation's in it.
    `gain` is that of what was suggested (0 when nothing was), `winner_gain` that of the best on dev. `trace` has the
    calls and the gain of the best so far, at each report of progress. `error` says why there is no result.
    """

    plan: Plan
    calls: int = 0
    task_calls: int = 0
    optimizer_calls: int = 0
    status: str = "none"
    suggested: bool = False
    start_score: float = 0.0
    gain: float = 0.0
    winner_gain: float = 0.0
    trace: tuple[Point, ...] = ()
    seconds: float = 0.0
    finish_reason: str = ""
    operators: tuple[str, ...] = ()
    instruction: str = ""
    error: str | None = None

    @property
    def overshoot(self) -> int:
        """Calls above the cap."""
        return max(0, self.calls - self.plan.budget)

    @property
    def harmed(self) -> bool:
        """Whether it suggested what is truly worse."""
        return self.suggested and self.gain < -HARM


def as_json(run: Run) -> dict[str, Any]:
    """Plain data."""
    return asdict(run)


def from_json(data: Mapping[str, Any]) -> Run:
    """The run that `as_json` described."""
    rest = {key: value for key, value in data.items() if key not in ("plan", "trace", "operators")}
    trace = tuple((int(calls), float(gain)) for calls, gain in data["trace"])
    return Run(plan=Plan(**data["plan"]), trace=trace, operators=tuple(data["operators"]), **rest)


class Journal:
    """The runs that are finished, in a file that grows by a line for each; a half line at its end is passed over."""

    def __init__(self, path: Path):
        self._path = path
        self._runs: dict[str, Run] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                run = from_json(json.loads(line))
            except (json.JSONDecodeError, KeyError, TypeError):
                continue
            self._runs[run.plan.key] = run

    def add(self, run: Run) -> None:
        """Keep `run`."""
        self._runs[run.plan.key] = run
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("\n" if _cut(self._path) else "") + json.dumps(as_json(run)) + "\n")

    def open_plans(self, plans: Iterable[Plan]) -> list[Plan]:
        """Those of `plans` that have no result yet; one that failed is open."""
        return [plan for plan in plans if plan.key not in self._runs or self._runs[plan.key].error is not None]

    def runs(self, plans: Sequence[Plan]) -> list[Run]:
        """The runs of `plans`, in their order, of those that there are."""
        return [self._runs[plan.key] for plan in plans if plan.key in self._runs]


def _cut(path: Path) -> bool:
    """Whether the file's last line was cut off, as by a kill."""
    data = path.read_bytes() if path.exists() else b""
    return bool(data) and not data.endswith(b"\n")


def write_runs(path: Path, runs: Sequence[Run]) -> None:
    """Put `runs` into one JSON file."""
    path.write_text(json.dumps({"runs": [as_json(run) for run in runs]}, indent=1) + "\n", encoding="utf-8")


def read_runs(path: Path) -> list[Run]:
    """The runs of a file that `write_runs` made."""
    return [from_json(run) for run in json.loads(path.read_text(encoding="utf-8"))["runs"]]
