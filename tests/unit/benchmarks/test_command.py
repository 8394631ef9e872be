"""Tests of the benchmark's command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.search.__main__ import numbers, options_of, parser, plans_of, told
from benchmarks.search.dispatch import Interpreters, carry_out, obstacle
from benchmarks.search.methods import METHODS, named
from benchmarks.search.real import Options
from benchmarks.search.results import Plan, Run
from benchmarks.search.worker import setting_of


def plans(*arguments: str) -> list[Plan]:
    parsed = parser().parse_args(arguments)
    return list(plans_of(parsed, named(parsed.methods), options_of(parsed)))


@pytest.mark.parametrize(("text", "seeds"), [("0:3", [0, 1, 2]), ("7", [7]), ("1,5,9", [1, 5, 9]), ("3:3", [])])
def test_seeds_are_a_range_or_a_list(text: str, seeds: list[int]) -> None:
    assert numbers(text) == seeds


def test_every_method_is_planned_in_every_world_at_every_budget() -> None:
    found = plans("--methods", "apo,ucb", "--seeds", "0:3", "--budget", "500,1500", "--null")

    assert len({plan.key for plan in found}) == 2 * 3 * 2
    assert {(plan.null, plan.concurrency) for plan in found} == {(True, 32)}


def test_veiled_worlds_are_planned_and_named_apart() -> None:
    (plain,), (veiled,) = (plans("--methods", "apo", "--seeds", "1", *more) for more in ((), ("--veiled",)))

    assert (plain.veiled, veiled.veiled) == (False, True)
    assert told(Run(veiled, error="broke")) == "apo on 1 (veiled) within 1500: failed: broke"
    assert setting_of(plain) != setting_of(veiled)


def test_real_tasks_are_the_repositorys_own_unless_a_folder_is_given(tmp_path: Path) -> None:
    (tmp_path / "liar").mkdir()
    (tmp_path / "liar" / "train.jsonl").touch()

    own = plans("--suite", "real", "--seeds", "0", "--methods", "apo")
    given = plans("--suite", "real", "--seeds", "0", "--methods", "apo", "--data", str(tmp_path))

    assert [plan.problem for plan in own] == ["sentiment", "ticket", "jailbreak"]
    assert [plan.problem for plan in given] == ["liar"]


def test_a_method_is_asked_for_with_the_interpreter_that_would_run_it() -> None:
    interpreters = Interpreters(sys.executable, "/bin/false")

    assert obstacle(METHODS["apo"], interpreters) is None
    assert obstacle(METHODS["gepa"], interpreters) == "/bin/false failed"


def test_a_worker_that_dies_leaves_a_failed_run_for_each_plan_and_no_hanging_benchmark() -> None:
    planned = [Plan("simulated", "apo", str(seed), seed, 500) for seed in (0, 1)]

    runs = list(carry_out(planned, Options(), Interpreters("/bin/false", "/bin/false"), jobs=2))

    assert sorted(run.plan.seed for run in runs) == [0, 1]
    assert {run.error for run in runs} == {"the worker process ended with status 1"}
