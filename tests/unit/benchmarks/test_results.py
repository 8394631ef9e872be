"""Tests of the benchmark's runs and the file that keeps them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.search.results import Journal, Plan, Run, read_runs, write_runs

PLAN = Plan("simulated", "apo", "3", 3, 500)
RUN = Run(
    PLAN, calls=499, status="better", suggested=True, gain=2.5, trace=((96, 0.0), (300, 2.5)), operators=("start",)
)


def test_a_finished_run_is_not_planned_again_by_who_reads_the_file_anew(tmp_path: Path) -> None:
    Journal(tmp_path / "runs.jsonl").add(RUN)

    other = replace(PLAN, budget=1000)

    assert Journal(tmp_path / "runs.jsonl").open_plans([PLAN, other]) == [other]


def test_a_run_comes_out_of_the_file_as_it_went_in(tmp_path: Path) -> None:
    Journal(tmp_path / "runs.jsonl").add(RUN)
    write_runs(tmp_path / "runs.json", [RUN])

    assert Journal(tmp_path / "runs.jsonl").runs([PLAN]) == [RUN]
    assert read_runs(tmp_path / "runs.json") == [RUN]


def test_lines_from_before_there_were_veiled_worlds_are_of_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    Journal(path).add(RUN)
    path.write_text(path.read_text().replace('"veiled": false, ', ""))

    assert "veiled" not in path.read_text()
    assert Journal(path).open_plans([PLAN, replace(PLAN, veiled=True)]) == [replace(PLAN, veiled=True)]


def test_a_failed_run_is_tried_again_and_replaced(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "runs.jsonl")
    journal.add(Run(PLAN, error="RuntimeError: no"))
    assert journal.open_plans([PLAN]) == [PLAN]

    journal.add(RUN)

    assert Journal(tmp_path / "runs.jsonl").runs([PLAN]) == [RUN]


def test_a_line_that_a_kill_cut_off_costs_only_its_own_run(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    Journal(path).add(RUN)
    whole = path.read_text()
    path.write_text(whole + whole[: len(whole) // 2])
    other = replace(RUN, plan=replace(PLAN, method="protegi"))

    Journal(path).add(other)

    assert Journal(path).runs([PLAN, other.plan]) == [RUN, other]


@pytest.mark.parametrize(
    "change", [{"null": True}, {"veiled": True}, {"seed": 4}, {"latency": 0.2}, {"budget": 501}, {"method": "ucb"}]
)
def test_another_setting_is_another_run(change: dict[str, object]) -> None:
    assert replace(PLAN, **change).key != PLAN.key  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("suggested", "gain", "harmed"),
    [(True, -1.01, True), (True, -1.0, False), (False, -5.0, False), (True, 3.0, False)],
)
def test_harm_is_a_suggestion_that_is_truly_worse_by_more_than_a_point(
    suggested: bool, gain: float, harmed: bool
) -> None:
    assert replace(RUN, suggested=suggested, gain=gain).harmed is harmed


@pytest.mark.parametrize(("calls", "overshoot"), [(499, 0), (500, 0), (503, 3)])
def test_overshoot_is_what_was_called_above_the_cap(calls: int, overshoot: int) -> None:
    assert replace(RUN, calls=calls).overshoot == overshoot
