"""Tests of the benchmark's rows."""

from __future__ import annotations

import pytest

from benchmarks.search.results import Plan, Run
from benchmarks.search.summary import Row, calls_to_reach, curve, gain_at, summarize


def run(
    method: str,
    seed: int,
    gain: float,
    *,
    budget: int = 500,
    calls: int = 500,
    trace: tuple[tuple[int, float], ...] = (),
    suggested: bool = True,
    null: bool = False,
    veiled: bool = False,
    error: str | None = None,
) -> Run:
    plan = Plan("simulated", method, str(seed), seed, budget, null=null, veiled=veiled)
    return Run(plan, calls, suggested=suggested, gain=gain, winner_gain=gain, trace=trace, error=error)


def row(runs: list[Run], method: str) -> Row:
    return next(row for row in summarize(runs) if row.method == method)


def test_a_method_is_compared_on_the_worlds_that_both_were_run_in() -> None:
    runs = [run("apo", seed, gain) for seed, gain in enumerate((10.0, 20.0, 30.0))]
    runs += [run("ucb", seed, gain) for seed, gain in ((1, 15.0), (2, 22.0), (9, 99.0))]

    behind = row(runs, "ucb").behind

    assert behind is not None
    assert (behind.n, behind.mean) == (2, 6.5)
    assert row(runs, "apo").behind is None


def test_budgets_and_null_worlds_have_rows_of_their_own() -> None:
    runs = [run("apo", 0, 1.0), run("apo", 0, 2.0, budget=1000), run("apo", 0, 0.0, null=True)]

    rows = [(row.null, row.budget, row.gain.mean) for row in summarize(runs)]

    assert rows == [(False, 500, 1.0), (False, 1000, 2.0), (True, 500, 0.0)]


def test_veiled_worlds_have_rows_of_their_own_and_say_what_is_lost_against_the_plain_ones() -> None:
    runs = [run("apo", seed, gain) for seed, gain in enumerate((10.0, 20.0))]
    runs += [run("apo", seed, gain, veiled=True) for seed, gain in ((0, 7.0), (1, 18.0), (9, 1.0))]
    runs += [run("ucb", seed, 5.0, veiled=True) for seed in (0, 1)]

    plain, own, other = summarize(runs)

    assert [(one.method, one.veiled) for one in (plain, own, other)] == [("apo", False), ("apo", True), ("ucb", True)]
    assert (plain.lost, plain.gain.mean) == (None, 15.0)
    assert own.lost is not None
    assert (own.lost.n, own.lost.mean) == (2, 2.5)
    assert other.lost is None
    assert other.behind is not None
    assert other.behind.mean == 7.5


def test_failed_runs_are_counted_and_left_out_of_every_mean() -> None:
    found = row([run("apo", 0, 4.0), run("apo", 1, 0.0, error="broke")], "apo")

    assert (found.failed, found.gain.n, found.gain.mean) == (1, 1, 4.0)


def test_a_method_that_only_failed_has_no_row() -> None:
    assert summarize([run("apo", 0, 0.0, error="broke")]) == []


def test_the_share_of_suggestions_and_of_harm_and_the_worst_overshoot_are_reported() -> None:
    runs = [
        run("apo", 0, -3.0, calls=500),
        run("apo", 1, -3.0, suggested=False, calls=502),
        run("apo", 2, 5.0, calls=501),
        run("apo", 3, -0.5),
    ]

    found = row(runs, "apo")

    assert (found.better.count, found.harm.count, found.harm.n, found.overshoot) == (3, 1, 4, 2)


def test_before_its_first_report_a_run_has_gained_nothing() -> None:
    one = run("apo", 0, 5.0, trace=((100, 2.0), (300, 5.0)))

    assert [gain_at(one, calls) for calls in (0, 99, 100, 299, 300, 9999)] == [0.0, 0.0, 2.0, 2.0, 5.0, 5.0]


def test_the_curve_is_the_mean_over_runs_wherever_one_reported() -> None:
    runs = [run("apo", 0, 4.0, trace=((100, 4.0),)), run("apo", 1, 8.0, trace=((200, 8.0),))]

    assert [point[:2] for point in curve(runs)] == [(100, 2.0), (200, 6.0)]
    assert [point[2] for point in curve(runs)] == pytest.approx([2.0, 2.0])


def test_the_reference_is_reached_where_the_mean_curve_is_at_nine_tenths_of_its_end() -> None:
    runs = [run("protegi", seed, 10.0, calls=400, trace=((150, 8.0), (390, 10.0))) for seed in (0, 1)]
    runs += [run("apo", seed, 12.0, trace=((100, 8.9), (120, 9.0), (200, 12.0))) for seed in (0, 1)]
    runs += [run("ucb", seed, 3.0, trace=((100, 3.0),)) for seed in (0, 1)]

    assert (row(runs, "apo").reached, row(runs, "apo").reached_share) == (120, 0.3)
    assert (row(runs, "protegi").reached, row(runs, "ucb").reached) == (390, None)


def test_without_the_reference_there_is_nothing_to_reach() -> None:
    found = row([run("apo", 0, 5.0, trace=((100, 5.0),))], "apo")

    assert (found.target, found.reached) == (None, None)


def test_a_gain_that_no_curve_gets_to_is_never_reached() -> None:
    assert calls_to_reach([run("apo", 0, 1.0, trace=((100, 1.0),))], 1.5) is None
    assert calls_to_reach([], 1.5) is None
