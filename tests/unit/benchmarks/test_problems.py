"""Tests of what all methods are given: the same text, the same bytes."""

from __future__ import annotations

import pytest

from apo_ci.inputs.prompts import parse_prompt
from benchmarks.search.problems import instruction_of
from benchmarks.search.simulated import problem_of, render
from benchmarks.search.world import PROMPT_TAIL, make_world

WORLD = make_world(3)
PROBLEM = problem_of(WORLD, "http://127.0.0.1:1/v1", 32)


def test_the_instruction_of_the_start_prompt_is_the_worlds() -> None:
    assert instruction_of(PROBLEM.start, PROMPT_TAIL) == WORLD.start


def test_peers_send_the_bytes_that_this_package_renders() -> None:
    for case in WORLD.splits.dev:
        (message,) = PROBLEM.start.render(case.inputs)
        assert (message.role, message.content) == ("user", render(WORLD.start, case))


def test_worked_examples_are_part_of_the_instruction() -> None:
    shown, other = WORLD.splits.train[:2]
    prompt = PROBLEM.start.with_demonstrations([(shown.inputs, str(shown.target)), (other.inputs, str(other.target))])

    instruction = instruction_of(prompt, PROMPT_TAIL)

    assert instruction.startswith(WORLD.start)
    assert shown.inputs["text"] in instruction
    assert not instruction.endswith("Answer:")


@pytest.mark.parametrize("last", ["Answer with one word.", "Think first.\nThen answer."])
def test_what_stands_behind_the_case_is_part_of_the_instruction(last: str) -> None:
    prompt = parse_prompt(f"Sort it.{PROMPT_TAIL}\n{last}", "p.prompt.md")

    assert instruction_of(prompt, PROMPT_TAIL).endswith(last)
