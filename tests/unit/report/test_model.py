"""The report's value."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from apo_ci.report.model import ComparisonReport, Report
from tests.unit.report.samples import SITUATIONS, WORSE, report, sentiment


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_report_survives_json(situation: str) -> None:
    value = SITUATIONS[situation]
    assert Report.model_validate_json(value.model_dump_json()) == value


def test_half_a_surrogate_pair_from_a_reply_becomes_a_replacement_character() -> None:
    value = report(warnings=("a\ud83db", "\ud83d\ude00"))
    assert value.warnings == ("a\ufffdb", "😀")


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_is_finite(figure: float) -> None:
    with pytest.raises(ValidationError):
        ComparisonReport.model_validate({**WORSE.model_dump(), "delta": figure})


def test_unknown_keys_are_rejected() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        report(verdicts="pass")


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        sentiment().path = "other"
