"""Plans dealt out to worker processes, each with the interpreter that its methods need."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from benchmarks.search.methods import METHODS, Method
from benchmarks.search.real import Options
from benchmarks.search.results import Plan, Run, from_json
from benchmarks.search.worker import setting_of

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Interpreters:
    """The Python that runs this package's own methods, and the one that has the peers installed."""

    own: str
    peers: str

    def of(self, method: Method) -> str:
        """The one that runs `method`."""
        return self.own if method.package is None else self.peers


def obstacle(method: Method, interpreters: Interpreters) -> str | None:
    """Why `method` cannot run with its interpreter; `None` when it can."""
    question = (
        f"from benchmarks.search.methods import METHODS, obstacle; print(obstacle(METHODS[{method.name!r}]) or '')"
    )
    command = [interpreters.of(method), "-c", question]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        return answer.stderr.strip().rpartition("\n")[2] or f"{command[0]} failed"
    return answer.stdout.strip() or None


def carry_out(plans: Sequence[Plan], options: Options, interpreters: Interpreters, jobs: int) -> Iterator[Run]:
    """Run all plans, `jobs` workers at a time; runs come as they end."""
    done: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
    batches = list(_batches(plans, interpreters))

    def work(batch: tuple[str, list[Plan]]) -> None:
        try:
            for run in _worker(*batch, options):
                done.put(run)
        finally:
            done.put(None)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for batch in batches:
                pool.submit(work, batch)
            for _ in batches:
                yield from iter(done.get, None)
        finally:
            pool.shutdown(cancel_futures=True)


def _batches(plans: Sequence[Plan], interpreters: Interpreters) -> Iterator[tuple[str, list[Plan]]]:
    """Plans that share a server and an interpreter, in the order of worlds."""

    def key(plan: Plan) -> tuple[object, ...]:
        return *setting_of(plan), interpreters.of(METHODS[plan.method])

    for shared, group in groupby(sorted(plans, key=lambda plan: tuple(map(str, key(plan)))), key=key):
        yield str(shared[-1]), list(group)


def _worker(interpreter: str, plans: Sequence[Plan], options: Options) -> Iterator[Run]:
    """One process for `plans`; what it did not get done when it died is noted as failed."""
    command = [interpreter, "-m", "benchmarks.search.worker"]
    lines = [json.dumps(asdict(options)), *(json.dumps(asdict(plan)) for plan in plans)]
    open_plans = dict.fromkeys(plans)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin:
                process.stdin.write("\n".join(lines) + "\n")
            for line in process.stdout:
                run = from_json(json.loads(line))
                open_plans.pop(run.plan)
                yield run
        finally:
            if open_plans:
                process.terminate()
    for plan in open_plans:
        yield Run(plan=plan, error=f"the worker process ended with status {process.returncode}")
