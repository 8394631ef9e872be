"""The search's path as a flowchart."""

from __future__ import annotations

import time

from apo_ci.report.chart import fates, search_chart
from apo_ci.report.model import TrialReport
from tests.unit.report.samples import BETTER, HOSTILE, NO_BETTER


def trial(number: int, parent: int | None, score: float | None = 0.5, cases: int = 10) -> TrialReport:
    return TrialReport(
        id=number, parent=parent, operator="edit", round=1, dev_score=score, dev_n=cases, fate="dropped: behind"
    )


def test_the_suggestion_and_its_ancestors_are_joined_by_thick_arrows() -> None:
    chart = search_chart(BETTER, 30)
    assert chart is not None
    lines = chart.splitlines()
    assert lines[0] == "flowchart LR"
    assert '  c5["demonstrations 5<br/>94.4% on 54"]' in lines
    assert "  c0 ==> c2" in lines
    assert "  c0 --> c3" in lines
    assert "refused" not in chart


def test_a_large_search_is_cut_to_the_best_with_their_ancestors() -> None:
    chain = tuple(trial(number, number - 1 if number else None, score=number / 100) for number in range(100))
    chart = search_chart(BETTER.model_copy(update={"trials": chain, "lineage": ()}), 12)
    assert chart is not None
    assert chart.count("[") == 12
    assert chart.count("-->") == 11


def test_parents_that_go_in_circles_end() -> None:
    circle = (trial(1, 2), trial(2, 1))
    assert search_chart(BETTER.model_copy(update={"trials": circle, "lineage": ()}), 5) is not None


def test_a_line_of_ancestors_without_end_is_drawn_in_time() -> None:
    line = tuple(trial(number, number - 1 if number else None) for number in range(20_000))
    began = time.process_time()
    assert search_chart(BETTER.model_copy(update={"trials": line, "lineage": ()}), 30) is not None
    assert time.process_time() - began < 5  # at most 0.5 on an idle machine


def test_without_trials_there_is_no_chart() -> None:
    assert search_chart(NO_BETTER.model_copy(update={"trials": ()}), 30) is None
    assert search_chart(BETTER, 0) is None


def test_an_operator_cannot_leave_its_label() -> None:
    odd = TrialReport(id=0, parent=None, operator=HOSTILE, round=0, dev_score=0.5, dev_n=3, fate="kept")
    chart = search_chart(BETTER.model_copy(update={"trials": (odd,), "lineage": ()}), 5)
    assert chart is not None
    assert chart.count('"') == 2
    assert len(chart.splitlines()) == 3


def test_fates_are_counted_without_their_particulars() -> None:
    trials = (trial(1, None), trial(2, None), trial(3, None).model_copy(update={"fate": "kept"}))
    assert fates(BETTER.model_copy(update={"trials": trials})) == [("dropped", 2), ("kept", 1)]
