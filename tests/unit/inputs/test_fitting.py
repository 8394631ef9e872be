"""Placeholders and inputs must meet, and targets must be such that a reply can reach them."""

from __future__ import annotations

import pytest

from apo_ci.errors import InputError
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import EvalSettings
from apo_ci.inputs.fitting import missing_inputs, shapes_of, target_lines_of, unusable_targets, unused_inputs
from apo_ci.inputs.prompts import parse_prompt

PROMPT = parse_prompt("---\nmodel: m\n---\nuser:\nText\n{{ review }} {% if tone %}x{% endif %}\n", "p.prompt.md")


def case(line: int, target: object = "x", **inputs: object) -> Case:
    return Case(str(line), inputs, target, line=line)


def scored(scorer: dict[str, object]) -> EvalSettings:
    return EvalSettings.model_validate({"prompt": "p", "dataset": "d.jsonl", "scorers": [scorer]})


def test_a_prompt_that_fits_has_no_problem() -> None:
    shapes = shapes_of([case(1, review="a", tone="b"), case(2, tone="b", review="a")])

    assert shapes == {frozenset({"review", "tone"}): 1}
    assert missing_inputs(PROMPT, "d.jsonl", shapes) == unused_inputs([PROMPT], "d.jsonl", shapes) == []


def test_a_placeholder_without_an_input_is_told_where_it_stands() -> None:
    (problem,) = missing_inputs(PROMPT, "d.jsonl", shapes_of([case(1, reviews="a", tone="b")]))

    assert str(problem) == (
        "p.prompt.md:6: The placeholder `review` has no input in d.jsonl.\n"
        "  Did you mean `reviews`? To take it from a column of another name: `columns: {review: COLUMN}`."
    )


def test_a_row_without_an_input_is_told_by_its_line() -> None:
    (problem,) = missing_inputs(PROMPT, "d.jsonl", shapes_of([case(1, review="a", tone="b"), case(9, review="a")]))

    assert (
        str(problem) == "d.jsonl:9: The row has no input `tone`, which p.prompt.md needs.\n  Add `tone` to every row."
    )


def test_an_input_without_a_placeholder_is_told_by_its_line() -> None:
    shapes = shapes_of([case(1, review="a", tone="b"), case(4, review="a", tone="b", who="c")])
    (problem,) = unused_inputs([PROMPT], "d.jsonl", shapes)

    assert str(problem) == (
        "d.jsonl:4: The input `who` has no placeholder in p.prompt.md.\n"
        "  Write {{ who }} in the prompt, or move it away: `columns: {metadata.who: who}`."
    )


def test_an_input_that_one_of_the_prompts_uses_is_used() -> None:
    other = parse_prompt("{{ who }}", "q.prompt.md")

    assert unused_inputs([PROMPT, other], "d", shapes_of([case(1, review=1, tone=2, who=3)])) == []


@pytest.mark.parametrize(
    ("scorer", "good", "bad"),
    [
        ({"type": "label", "labels": ["Yes", "No"]}, ["yes", "NO"], "Maybe"),
        ({"type": "label", "labels": ["Yes", "No"], "case_sensitive": True}, ["Yes"], "yes"),
        ({"type": "label", "labels": ["true", "false"]}, [True, False], "yes"),
        ({"type": "label", "labels": ["very good", "bad"]}, ["very_good", "Very Good"], "good"),
        ({"type": "number"}, [3, "1,000", "-2.5"], "three"),
        ({"type": "regex"}, ["a+", "(?i)b"], "(a"),
    ],
)
def test_targets_that_no_reply_can_reach_are_told(scorer: dict[str, object], good: list[object], bad: str) -> None:
    settings = scored(scorer)
    fine = [case(number, target) for number, target in enumerate(good, start=1)]

    assert unusable_targets(settings, "d.jsonl", target_lines_of(fine)) == []
    (problem,) = unusable_targets(settings, "d.jsonl", target_lines_of([*fine, case(7, bad)]))
    assert (problem.path, problem.line) == ("d.jsonl", 7)
    assert bad in problem.message
    assert isinstance(problem, InputError)
    assert problem.cure


def test_a_pattern_of_its_own_makes_no_demand_on_targets() -> None:
    assert unusable_targets(scored({"type": "regex", "pattern": "a"}), "d", {"(": 1}) == []
