"""Tests of the benchmark's tables."""

from __future__ import annotations

from benchmarks.search.results import Plan, Run
from benchmarks.search.summary import summarize
from benchmarks.search.table import markdown


def run(
    method: str, seed: int, gain: float, *, null: bool = False, veiled: bool = False, suggested: bool = True
) -> Run:
    plan = Plan("simulated", method, str(seed), seed, 1500, null=null, veiled=veiled)
    trace = ((400, gain),)
    return Run(plan, 1400, suggested=suggested, gain=gain, winner_gain=gain, trace=trace, seconds=2.0)


def test_the_table_holds_every_figure_that_is_reported() -> None:
    runs = [run("apo", seed, gain) for seed, gain in enumerate((10.0, 14.0))]
    runs += [run("protegi", seed, gain) for seed, gain in enumerate((9.0, -2.0))]

    assert markdown(summarize(runs)).splitlines() == [
        "| method | calls allowed | runs | gain of what is suggested | gain of the best on dev "
        "| apo is ahead by (95% interval) | suggested | harm (95% interval) | overshoot | calls to 90% of protegi "
        "| seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| apo | 1,500 | 2 | +12.0 ± 2.0 | +12.0 ± 2.0 "
        "|  | 100% | 0 of 2: 0.0% (0.0% to 84.2%) | 0 | 400 (29%) | 2.0 |",
        "| protegi | 1,500 | 2 | +3.5 ± 5.5 | +3.5 ± 5.5 "
        "| +8.5 (-86.8 to +103.8) | 100% | 1 of 2: 50.0% (1.3% to 98.7%) | 0 | 400 (29%) | 2.0 |",
    ]


def test_null_worlds_have_a_table_of_false_alarms() -> None:
    table = markdown(summarize([run("apo", 0, 0.0, null=True), run("apo", 1, 0.0, null=True, suggested=False)]))

    assert "false `better`" in table
    assert "| apo | 1,500 | 2 | 1 of 2: 50.0% (1.3% to 98.7%) | +0.0 ± 0.0 | 0 | 2.0 |" in table


def test_veiled_worlds_have_a_table_that_says_so_and_compares_with_plain_ones() -> None:
    runs = [
        run("apo", seed, gain, veiled=veiled) for seed in (0, 1) for gain, veiled in ((9.0 + seed, False), (8.0, True))
    ]
    plain, veiled = (part.splitlines() for part in markdown(summarize(runs)).split("\n\n"))

    assert "veiled" not in plain[0]
    assert veiled[0].startswith("| method, veiled |")
    assert veiled[0].endswith("| less than in plain worlds by |")
    assert veiled[2].endswith("| +1.5 (-4.9 to +7.9) |")
    assert markdown(summarize([run("apo", 0, 0.0, null=True, veiled=True)])).startswith("| method, veiled | calls")


def test_nothing_makes_no_table() -> None:
    assert markdown([]) == ""
