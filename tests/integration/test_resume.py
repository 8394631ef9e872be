"""Kill -9 at random moments of a search: the resumed run ends as if nothing had happened and pays for nothing twice."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apo_ci.config import Parameters
from apo_ci.lm.cache import Cache
from apo_ci.lm.model import Message, Request
from apo_ci.lm.openai_client import provider_name
from tests.integration.loopback import Loopback
from tests.integration.project import HARM, Body, Project, World, make_rows

COMMAND = Path(sys.executable).with_name("apo-ci")
ROWS = 80
CONFIG = "budget: {calls: 520}"
LATENCY = 0.008
MOST_IN_FLIGHT = 2 * 16  # two models of the default concurrency


@dataclass(frozen=True)
class Run:
    """`apo-ci run` with a cache and a folder of its own."""

    project: Project
    seed: int
    folder: Path

    @property
    def cache(self) -> Path:
        """The reply cache."""
        return self.folder / "cache.sqlite"

    def start(self) -> subprocess.Popen[bytes]:
        """The installed command, on its way."""
        options = ("--base", "main", "--seed", str(self.seed), "--cache", self.cache, "--out", self.folder / "out")
        command = (COMMAND, "run", "--repo", self.project.root, *options)
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "output.txt").open("ab") as output:
            return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def finish(self) -> dict[str, Any]:
        """Run to the end; the report, without the wall time and without latencies."""
        assert self.start().wait(120) == 1, (self.folder / "output.txt").read_text(encoding="utf-8")
        text = (self.folder / "out" / "report.json").read_text(encoding="utf-8")
        report: dict[str, Any] = json.loads(re.sub(r'"seconds": [0-9.e+-]+', '"seconds": 0', text))
        return report

    def kill_after(self, calls: int, server: Loopback) -> bool:
        """Start, and kill as soon as the server has seen `calls` in all; whether it was still running."""
        process = self.start()
        while process.poll() is None and server.calls < calls:
            time.sleep(0.001)
        was_running = process.poll() is None
        process.kill()
        process.wait()
        quiet(server)
        return was_running

    def settled(self) -> set[str]:
        """The keys of the replies that are safe in the cache."""
        with Cache(self.cache) as cache:
            return {entry.key for entry in cache.entries()}


def quiet(server: Loopback) -> None:
    """Wait until what the killed process had sent has been read and answered."""
    seen = -1
    while server.in_flight or seen != server.calls:
        seen = server.calls
        time.sleep(0.03)


def is_settled(body: Body, settled: set[str], server: Loopback) -> bool:
    """Whether the reply to a request to the task model is in the cache."""
    messages = tuple(Message(message["role"], message["content"]) for message in body["messages"])
    parameters = Parameters(temperature=body["temperature"], max_tokens=body["max_tokens"])
    return Request(body["model"], messages, parameters).cache_key(provider_name(server.url)) in settled


def to_task(bodies: list[Body]) -> list[Body]:
    """The requests to the task model. Those to the optimizer model have a sample number, which no server sees."""
    return [body for body in bodies if body["model"] == "task"]


def counted(bodies: list[Body]) -> Counter[str]:
    """How often each body came."""
    return Counter(json.dumps(body, sort_keys=True) for body in bodies)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_search_that_was_killed_ten_times_ends_with_the_same_report_and_pays_for_nothing_twice(
    tmp_path: Path, world: World, server: Loopback, seed: int
) -> None:
    world.rows = make_rows(ROWS)
    server.latency = lambda _: LATENCY
    project = Project(tmp_path / "repository", server.url, world=world, config=CONFIG)
    project.edit(f"You label product reviews. {HARM}")

    uninterrupted = Run(project, seed, tmp_path / "uninterrupted")
    expected, calls, expected_bodies = uninterrupted.finish(), server.calls, counted(to_task(server.bodies))
    assert expected["ledger"]["calls"] == calls
    assert expected["prompts"][0]["suggestion"]["status"] in ("better", "inconclusive")

    run = Run(project, seed, tmp_path / "interrupted")
    server.calls, server.bodies = 0, []
    random_ = random.Random(seed)
    moments = sorted([random_.randrange(1, 2 * ROWS), *random_.sample(range(2 * ROWS, calls - 20), 9)])
    lost: list[Body] = []  # requests to the task model that a kill met in flight
    n_lost = 0  # likewise, to both models
    for moment in moments:
        arrived = len(server.bodies)
        assert run.kill_after(max(moment + n_lost, server.calls + 1), server)
        settled = run.settled()
        in_flight = server.calls - n_lost - len(settled)
        assert 0 <= in_flight <= MOST_IN_FLIGHT
        n_lost += in_flight
        lost += [body for body in to_task(server.bodies[arrived:]) if not is_settled(body, settled, server)]
    resumed = run.finish()

    assert resumed["prompts"][0]["suggestion"] == expected["prompts"][0]["suggestion"]
    assert resumed == expected
    assert run.settled() == uninterrupted.settled()
    assert server.calls == calls + n_lost
    assert counted(to_task(server.bodies)) == expected_bodies + counted(lost)
