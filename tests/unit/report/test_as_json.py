"""`report.json` and its schema."""

from __future__ import annotations

import json

import jsonschema
import pytest

from apo_ci.report.as_json import json_schema, render_json
from apo_ci.report.escape import is_hidden
from apo_ci.report.redact import Redactor
from tests.unit.report.samples import HOSTILE, LEDGER, SITUATIONS, hostile, report, sentiment


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("situation", sorted(SITUATIONS.keys() - {"huge_shortened"}))  # the validator is slow
def test_every_report_fits_its_schema(situation: str) -> None:
    jsonschema.validate(json.loads(render_json(SITUATIONS[situation], Redactor())), json_schema())


def test_the_schema_says_what_every_figure_of_a_comparison_means() -> None:
    properties = json_schema()["$defs"]["ComparisonReport"]["properties"]
    assert all(field.get("description") for field in properties.values())


def test_the_keys_are_those_that_scripts_read() -> None:
    data = json.loads(render_json(SITUATIONS["fail_with_better_suggestion"], Redactor()))
    comparison = {"n", "base", "head", "delta", "ci_low", "ci_high", "p_value", "detectable_drop", "errored"}
    suggestion = {"status", "delta", "delta_over_base", "ci_low", "ci_high", "p_value", "text", "diff", "lineage"}
    ledger = {"calls", "prompt_tokens", "completion_tokens", "usd", "seconds", "cache_hits", "purposes"}
    assert data["verdict"] == "fail"
    assert comparison <= data["prompts"][0]["comparison"].keys()
    assert suggestion <= data["prompts"][0]["suggestion"].keys()
    assert ledger <= data["ledger"].keys()
    assert list(data["ledger"]["purposes"]) == ["base", "head", "search", "confirm"]
    assert data["finish_reason"] == "complete"


def test_only_the_seconds_vary() -> None:
    first = report(sentiment(), verdict="fail")
    later = report(sentiment(), verdict="fail", ledger=LEDGER.model_copy(update={"seconds": 3.0}))
    texts = [render_json(value, Redactor()).splitlines() for value in (first, later)]
    assert [line.split(":")[0].strip() for line in set(texts[0]) ^ set(texts[1])] == ['"seconds"'] * 2


def test_texts_are_exact_and_yet_harmless_in_a_log() -> None:
    text = render_json(hostile(), Redactor())
    assert json.loads(text)["warnings"] == [HOSTILE]
    assert not any(is_hidden(character) for character in text)
    assert "::error" not in text
    assert "##[" not in text


def test_other_scripts_stay_readable() -> None:
    assert "日本語 ❤" in render_json(report(warnings=("日本語 ❤",)), Redactor())
