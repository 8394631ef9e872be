"""Requests to the simulated models, for the tests of them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from apo_ci.inputs.datasets import Case
from benchmarks.search.messages import Message
from benchmarks.search.models import SimulatedModels
from benchmarks.search.passage import take_apart
from benchmarks.search.statement import Statement
from benchmarks.search.wordings import say
from benchmarks.search.world import PROMPT_TAIL, World


def task_body(world: World, case: Case, instruction: str | None = None) -> dict[str, Any]:
    """The request of a prompt with `instruction` for a case."""
    text = (world.start if instruction is None else instruction) + PROMPT_TAIL.replace(
        "{{ text }}", case.inputs["text"]
    )
    return {"model": "task", "messages": [{"role": "user", "content": text}], "temperature": 0}


def optimizer_body(text: str, schema: dict[str, Any] | None = None, *earlier: Message) -> dict[str, Any]:
    """A request to the optimizer model."""
    messages = [{"role": one.role, "content": one.text} for one in earlier] + [{"role": "user", "content": text}]
    body: dict[str, Any] = {"model": "optimizer", "messages": messages, "temperature": 0.7}
    if schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
    return body


def rule_of(world: World, nth: int = 0) -> Statement:
    """One of the true rules, the most frequent first."""
    rule = world.hidden.rules[nth]
    return Statement("rule", rule.feature, rule.label)


def said_in(world: World, text: str) -> set[Statement]:
    """What `text` says."""
    return set(take_apart(text, world.recognition, world.truths).statements)


def worded(world: World, *statements: Statement, seed: int = 0) -> str:
    """A prompt that says these things."""
    rng = Random(seed)
    return " ".join(say(statement, world.hidden, rng) for statement in statements)


def cases_needing(world: World, statement: Statement, cases: Sequence[Case] | None = None) -> list[Case]:
    """The cases that need a rule and no other one, without a trap in them, with the right target in the file."""
    return [
        case
        for case in (world.cases if cases is None else cases)
        if (truth := world.truths[case.id.removeprefix("ref-")]).label == truth.target == statement.label
        and [rule.feature for rule in truth.rules] == [statement.subject]
        and not truth.traps
    ]


def failures(world: World, statement: Statement, number: int) -> str:
    """Cases that need a rule, with right and wrong answers, as a list in a request."""
    shown = [
        f"Text: {case.inputs['text']}\nRight answer: {case.target}\n"
        f"The model's answer: {world.truths[case.id.removeprefix('ref-')].surface}"
        for case in cases_needing(world, statement)[:number]
    ]
    return "\n\n".join(shown)


def samples(world: World, body: dict[str, Any], number: int) -> list[str]:
    """`number` replies to the same request."""
    models = SimulatedModels(world)
    return [models.reply(body) for _ in range(number)]
