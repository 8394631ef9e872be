"""Tests of whole runs against the simulated server: what it counts, and what is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.evals import LabelSettings
from benchmarks.search.peers.client import CappedClient, CapReachedError
from benchmarks.search.peers.contract import PeerTask
from benchmarks.search.results import Plan
from benchmarks.search.server import Server
from benchmarks.search.simulated import render, run
from benchmarks.search.worker import attempt
from benchmarks.search.world import make_world

WORLD = make_world(3)
PLAN = Plan("simulated", "apo", "3", 3, 320)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(WORLD) as server:
        yield server


@pytest.fixture
def task(server: Server) -> PeerTask:
    server.reset()
    return PeerTask(
        start=WORLD.start,
        render=render,
        train=WORLD.splits.train,
        dev=WORLD.splits.dev,
        labels=WORLD.labels,
        scorer=make_scorer((LabelSettings(type="label", labels=WORLD.labels),)),
        url=server.url,
        cap=20,
        seed=3,
        concurrency=32,
    )


def test_a_run_counts_at_the_server_within_the_cap_and_is_the_same_again(server: Server) -> None:
    first, again = run(PLAN, WORLD, server), run(PLAN, WORLD, server)

    assert replace(first, seconds=0) == replace(again, seconds=0)
    assert 0 < first.calls <= 320
    assert first.task_calls + first.optimizer_calls == first.calls
    assert [calls for calls, _ in first.trace] == sorted(calls for calls, _ in first.trace)
    assert first.trace[-1] == (first.calls, first.winner_gain)
    assert first.start_score == pytest.approx(100 * WORLD.accuracy(WORLD.start, WORLD.splits.test))


def test_what_was_not_confirmed_is_not_suggested_and_gains_nothing(server: Server) -> None:
    done = run(replace(PLAN, budget=150), WORLD, server)  # too little for a confirmation on 128 cases

    assert (done.suggested, done.gain, done.harmed) == (False, 0.0, False)


def test_a_peers_client_stops_hard_at_the_cap_under_full_concurrency(server: Server, task: PeerTask) -> None:
    with CappedClient(task) as client:
        with pytest.raises(CapReachedError):
            client.try_out(WORLD.start, WORLD.splits.dev)
        with pytest.raises(CapReachedError):
            client.write(["Improve this."], 1.0)

        assert client.exhausted
    assert server.stats()["calls"] == client.calls == 20


def test_a_peer_pays_once_for_equal_requests_at_temperature_zero(server: Server, task: PeerTask) -> None:
    cases = WORLD.splits.dev[:8]
    with CappedClient(task) as client:
        first, again = client.try_out(WORLD.start, cases), client.try_out(WORLD.start, cases)

    assert first == again
    assert {answer.value for answer in first} <= {0.0, 1.0}
    assert server.stats()["task"] == 8


@pytest.mark.parametrize(("method", "package"), [("gepa", "gepa"), ("gepa_default", "gepa"), ("capo", "promptolution")])
def test_a_peer_spends_its_cap_and_no_call_more(server: Server, method: str, package: str) -> None:
    pytest.importorskip(package, reason="an optional peer")

    done = run(replace(PLAN, method=method, budget=300), WORLD, server)

    assert done.error is None
    assert (done.calls, done.overshoot, done.finish_reason) == (300, 0, "cap")
    assert done.optimizer_calls > 0


def test_what_goes_wrong_with_a_run_is_noted_in_it() -> None:
    def broken(plan: Plan) -> Any:
        raise RuntimeError("no luck")

    assert attempt(PLAN, broken).error == "RuntimeError: no luck"
