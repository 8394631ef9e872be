"""From the event to the finished comment: `apo-ci action` as a process, against a fake GitHub and a simulated model.

The fake checks every request and answer against GitHub's description, which costs some milliseconds each; `--delay`
adds what a request to the real GitHub takes. Requests are counted at the fake.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from tests.github import events
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults
from tests.integration.loopback import Loopback
from tests.integration.project import DATASET, HARM, KEY, KEY_NAME, RULE, Project, World, prompt_text
from tests.integration.workflow import NUMBER, Workflow

WORSE = f"You label product reviews. {HARM}"
COMMAND = str(Path(sys.executable).with_name("apo-ci"))


@dataclass(frozen=True)
class Measured:
    """One job: seconds from the start of the process to its end, requests to GitHub, and comments afterwards."""

    seconds: float
    requests: int
    comments: int
    code: int


class Bench:
    """A pull request on the fake GitHub, checked by processes."""

    def __init__(self, stack: ExitStack, *, delay: float) -> None:
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(patch.dict(os.environ, {KEY_NAME: KEY}))
        world = World()
        server = stack.enter_context(Loopback(world, key=KEY))
        self.github = stack.enter_context(FakeGitHub())
        self.github.delay = lambda: delay
        self.project = Project(self._folder / "repository", server.url, world=world)
        self.workflow = Workflow(self.project, self.github, self._folder / "jobs")
        self._jobs = 0

    def open(self, prompts: int) -> None:
        """A pull request that changes one prompt, or makes `prompts` new ones beside."""
        for number in range(prompts - 1):
            path = f"prompts/p{number}.prompt.md"
            self.project.write(path, prompt_text(f"You label product reviews. {HARM if number % 5 == 0 else RULE}"))
            self.project.write(
                f"evals/p{number}.yaml",
                f"prompt: {path}\ndataset: {DATASET}\nmetric: accuracy\ngate: {{min: 0.8}}\n"
                "scorers: [{type: label, labels: [Yes, No]}]\n",
            )
        self.workflow.open(WORSE)

    def run(self, **inputs: str) -> Measured:
        """`apo-ci action` for the head."""
        self._jobs += 1
        folder = self._folder / f"process-{self._jobs}"
        folder.mkdir()
        event = events.pull_request_event("synchronize", NUMBER, self.workflow.head, self.workflow.base)
        (folder / "event.json").write_text(json.dumps(event), encoding="utf-8")
        environment = {
            **os.environ,
            **self.workflow.environment("pull_request", folder, run=100 + self._jobs, **inputs),
        }
        self.github.log.clear()
        start = time.perf_counter()
        done = subprocess.run([COMMAND, "action"], env=environment, capture_output=True, check=False)
        seconds = time.perf_counter() - start
        if done.returncode not in (0, 1):
            sys.exit(done.stderr.decode())
        return Measured(seconds, len(self.github.log), len(self.github.comments(NUMBER)), done.returncode)


def cached(prompts: int, rounds: int, delay: float, **inputs: str) -> list[Measured]:
    """The same head again and again, with every reply in the cache, after the first time."""
    with ExitStack() as stack:
        bench = Bench(stack, delay=delay)
        bench.open(prompts)
        bench.run(**inputs)
        return [bench.run(**inputs) for _ in range(rounds)]


def broken(seeds: int) -> list[Measured]:
    """A pull request whose check meets a GitHub that fails half of all requests, in real time."""
    found = []
    for seed in range(seeds):
        with ExitStack() as stack:
            bench = Bench(stack, delay=0)
            bench.open(1)
            bench.github.faults = Faults(0.5, random.Random(seed))
            found.append(bench.run(search="false"))
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10, help="runs with a failing GitHub")
    parser.add_argument("--delay", type=float, default=0.1, help="seconds that each request takes besides")
    arguments = parser.parse_args()
    table = Table("situation", "seconds, median (most)", "requests, most", "comments")
    for name, measure in situations(arguments):
        found = measure()
        seconds = [one.seconds for one in found]
        table.add_row(
            name,
            f"{statistics.median(seconds):.2f} ({max(seconds):.2f})",
            str(max(one.requests for one in found)),
            ", ".join(sorted({str(one.comments) for one in found})),
        )
    Console().print(table)


def situations(arguments: argparse.Namespace) -> list[tuple[str, Callable[[], list[Measured]]]]:
    """What is measured."""
    rounds, delay = arguments.rounds, arguments.delay
    plenty = {"search": "false", "budget_calls": "20000"}
    return [
        ("one prompt with a suggestion, cached", lambda: cached(1, rounds, delay)),
        ("50 prompts, cached", lambda: cached(50, rounds, delay, **plenty)),
        ("one prompt, GitHub fails half of all requests", lambda: broken(arguments.seeds)),
    ]


if __name__ == "__main__":
    main()
