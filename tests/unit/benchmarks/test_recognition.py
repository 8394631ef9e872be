"""Statements are found again in whatever words they are made."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.search.hidden import ADVICE
from benchmarks.search.statement import Kind, Statement
from benchmarks.search.wordings import criticise, say
from benchmarks.search.world import World, make_world

KINDS: tuple[Kind, ...] = ("task", "format", "labels", "steps", "order")


@pytest.fixture(scope="module", params=range(4))
def world(request: pytest.FixtureRequest) -> World:
    return make_world(request.param)


def statements(world: World) -> list[Statement]:
    rules = [Statement("rule", rule.feature, rule.label) for rule in world.hidden.rules]
    harmful = [Statement("rule", trap.feature, trap.label) for trap in world.hidden.traps]
    advice = [Statement("advice", name) for name in ADVICE]
    return [*(Statement(kind) for kind in KINDS), *rules, *harmful, *advice]


def test_every_wording_of_a_statement_is_recognised_as_that_statement_alone(world: World) -> None:
    rng = Random(1)
    for statement in statements(world):
        for _ in range(60):
            sentence = say(statement, world.hidden, rng)
            assert world.recognition.statements(sentence) == (statement,), sentence


def test_rewordings_are_plentiful(world: World) -> None:
    rng = Random(1)
    for statement in statements(world):
        wordings = {say(statement, world.hidden, rng) for _ in range(200)}
        assert len(wordings) >= (100 if statement.kind == "rule" else 9), statement


def test_a_reason_names_the_rule_that_is_missing(world: World) -> None:
    rng = Random(1)
    for statement in statements(world):
        if statement.kind in ("rule", "advice"):
            reason = criticise(statement, world.hidden, rng)
            assert world.recognition.statements(reason) == (statement,), reason


def test_a_feature_without_a_label_is_a_garbled_rule(world: World) -> None:
    feature = world.hidden.rules[0].feature
    assert world.recognition.statements(f"Mind the {feature}.") == (Statement("garbled", feature),)


def test_a_label_that_is_denied_does_not_count(world: World) -> None:
    feature, (one, other) = world.hidden.rules[0].feature, world.labels[:2]
    sentence = f"With a {feature} the answer is {one}, not {other}."
    assert world.recognition.statements(sentence) == (Statement("rule", feature, one),)


def test_two_features_in_a_sentence_are_two_rules(world: World) -> None:
    first, second = world.hidden.rules[0].feature, world.hidden.rules[1].feature
    found = world.recognition.statements(f"A {first} or two {second}s: {world.labels[0]}")
    assert found == (Statement("rule", first, world.labels[0]), Statement("rule", second, world.labels[0]))


@pytest.mark.parametrize(
    "sentence",
    [
        "Your task is to write a new instruction for the assistant.",
        "Give four different reasons why the prompt could have led to these answers.",
        "Say the same in other words.",
    ],
)
def test_what_is_said_to_an_optimizer_states_no_task(world: World, sentence: str) -> None:
    assert Statement("task") not in world.recognition.statements(sentence)
