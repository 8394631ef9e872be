"""Tests of the benchmark's figures."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.search.figures import by_budget, by_calls, draw
from benchmarks.search.results import Plan, Run
from benchmarks.search.summary import summarize


def run(method: str, seed: int, budget: int, gain: float, *, veiled: bool = False) -> Run:
    plan = Plan("simulated", method, str(seed), seed, budget, veiled=veiled)
    trace = ((budget // 2, gain / 2), (budget, gain))
    return Run(plan, budget, suggested=True, gain=gain, winner_gain=gain, trace=trace)


RUNS = [
    run(method, seed, budget, seed + budget / 100 + bonus)
    for method, bonus in (("protegi", 0), ("apo", 3))
    for seed in (0, 2)
    for budget in (500, 1000)
]


def test_the_first_figure_shows_each_budget_with_its_standard_error() -> None:
    curves = by_budget(summarize(RUNS))

    assert list(curves) == ["apo", "protegi"]
    assert list(chain(*curves["apo"])) == pytest.approx([500, 9.0, 1.0, 1000, 14.0, 1.0])
    assert list(chain(*curves["protegi"])) == pytest.approx([500, 6.0, 1.0, 1000, 11.0, 1.0])


def test_the_second_figure_begins_without_calls_and_without_gain() -> None:
    curves = by_calls([run for run in RUNS if run.plan.budget == 1000])

    assert list(curves) == ["apo", "protegi"]
    assert list(chain(*curves["apo"])) == pytest.approx([0, 0.0, 0.0, 500, 7.0, 0.5, 1000, 14.0, 1.0])


def test_the_figures_name_the_methods_and_are_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra `bench`")

    paths = draw(RUNS, tmp_path / "once")
    again = draw(RUNS, tmp_path / "twice")

    for path, other in zip(paths, again, strict=True):
        words = {element.text for element in ElementTree.parse(path).iter() if element.text}
        assert {"apo", "protegi"} <= {word.strip() for word in words}
        assert path.read_bytes() == other.read_bytes()


def test_veiled_worlds_are_drawn_apart(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra `bench`")

    veiled = [run("apo", seed, 500, 1.0, veiled=True) for seed in (0, 1)]
    plain, both = draw(RUNS, tmp_path / "plain"), draw([*RUNS, *veiled], tmp_path / "both")

    names = ["gain-by-budget.svg", "gain-by-calls.svg"]
    assert [path.name for path in both] == [*names, "gain-by-budget-veiled.svg", "gain-by-calls-veiled.svg"]
    assert [path.read_bytes() for path in both[:2]] == [path.read_bytes() for path in plain]
    assert [path.name for path in draw(veiled, tmp_path / "veiled")] == [path.name for path in both[2:]]
