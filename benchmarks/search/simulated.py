"""Runs in simulated worlds: the true gain of what a method suggests, and the calls that the server counted."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from apo_ci.config import ModelSettings, Parameters
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import LabelSettings
from apo_ci.inputs.prompts import Prompt, parse_prompt
from apo_ci.search.result import RoundReport
from benchmarks.search.methods import METHODS, Method, settings_of
from benchmarks.search.peers.contract import OPTIMIZER_MODEL, TASK_MODEL, PeerResult, PeerTask
from benchmarks.search.problems import Problem, instruction_of
from benchmarks.search.results import Plan, Point, Run
from benchmarks.search.searching import search
from benchmarks.search.server import Server
from benchmarks.search.world import PROMPT_TAIL, World

SUITE = "simulated"
PATH = "benchmark.prompt.md"
ADAPTERS = {"gepa": "benchmarks.search.peers.gepa", "promptolution": "benchmarks.search.peers.capo"}


def problem_of(world: World, url: str, concurrency: int) -> Problem:
    """What a method is given of `world`, whose models answer at `url`."""

    def model(name: str, parameters: Parameters) -> ModelSettings:
        return ModelSettings(name=name, base_url=url, concurrency=concurrency, parameters=parameters)

    return Problem(
        name=str(world.seed),
        start=parse_prompt(world.start + PROMPT_TAIL, PATH),
        splits=world.splits,
        labels=world.labels,
        scorer=make_scorer((LabelSettings(type="label", labels=world.labels),)),
        metric=make_metric("accuracy", None, world.labels),
        task_model=model(TASK_MODEL, Parameters(temperature=0)),
        optimizer_model=model(OPTIMIZER_MODEL, Parameters()),
        search={},
    )


def render(instruction: str, case: Case) -> str:
    """The request's text for `case`: the bytes that `start` with that instruction would render."""
    return instruction + PROMPT_TAIL.replace("{{ text }}", str(case.inputs["text"]))


@dataclass
class Judge:
    """Knows the truth about a world, which no method sees, and counts at the server."""

    world: World
    server: Server

    def __post_init__(self) -> None:
        self.start = 100 * self.world.accuracy(self.world.start, self.world.splits.test)

    def gain(self, instruction: str) -> float:
        """The true gain over the start on the test cases, in points."""
        return 100 * self.world.accuracy(instruction, self.world.splits.test) - self.start

    def gain_of(self, prompt: Prompt) -> float:
        """The same for a prompt file."""
        return self.gain(instruction_of(prompt, PROMPT_TAIL))

    def calls(self) -> Mapping[str, int]:
        """What has arrived so far."""
        return self.server.stats()


def run(plan: Plan, world: World, server: Server) -> Run:
    """Carry out `plan` on a server whose counts begin at 0."""
    server.reset()
    judge = Judge(world, server)
    method = METHODS[plan.method]
    done = _peer(plan, judge, method) if method.package else _own(plan, judge)
    count = judge.calls()
    return replace(
        done,
        calls=count["calls"],
        task_calls=count["task"],
        optimizer_calls=count["optimizer"],
        start_score=judge.start,
    )


def _own(plan: Plan, judge: Judge) -> Run:
    settings = settings_of(METHODS[plan.method], plan.seed).model_dump(exclude_unset=True)
    trace: list[Point] = []

    def progress(report: RoundReport) -> None:
        trace.append((judge.calls()["calls"], judge.gain_of(parse_prompt(report.best_source, PATH))))

    problem = problem_of(judge.world, judge.server.url, plan.concurrency)
    searched = asyncio.run(search(problem, settings, plan.budget, progress))
    result, suggested = searched.result, searched.result.status == "better"
    winner_gain = judge.gain_of(result.winner.prompt)
    return Run(
        plan=plan,
        status=result.status,
        suggested=suggested,
        gain=winner_gain if suggested else 0.0,
        winner_gain=winner_gain,
        trace=(*trace, (judge.calls()["calls"], winner_gain)),
        seconds=searched.seconds,
        finish_reason=result.finish_reason,
        operators=tuple(candidate.operator for candidate in result.lineage),
        instruction=instruction_of(result.winner.prompt, PROMPT_TAIL),
    )


def _peer(plan: Plan, judge: Judge, method: Method) -> Run:
    world, scorer = judge.world, make_scorer((LabelSettings(type="label", labels=judge.world.labels),))
    task = PeerTask(
        start=world.start,
        render=render,
        train=world.splits.train,
        dev=world.splits.dev,
        labels=world.labels,
        scorer=scorer,
        url=judge.server.url,
        cap=plan.budget,
        seed=plan.seed,
        concurrency=plan.concurrency,
    )
    started = time.perf_counter()
    adapter = importlib.import_module(ADAPTERS[method.package or ""])
    result: PeerResult = adapter.optimize(task, **method.settings)
    seconds = time.perf_counter() - started
    gain = judge.gain(result.best)
    return Run(
        plan=plan,
        status="best",
        suggested=result.best != world.start,
        gain=gain,
        winner_gain=gain,
        trace=tuple((calls, judge.gain(text)) for calls, text in result.trace),
        seconds=seconds,
        finish_reason=result.finish_reason,
        instruction=result.best,
    )
