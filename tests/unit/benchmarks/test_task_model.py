"""The task model answers as the world's chances say, always in the same way, in the form that is asked for."""

from __future__ import annotations

import time

import pytest

from benchmarks.search.models import SimulatedModels
from benchmarks.search.statement import Statement
from benchmarks.search.world import World, make_world
from tests.unit.benchmarks.prompts import rule_of, task_body, worded


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3)


def share_right(world: World, instruction: str) -> float:
    models = SimulatedModels(world)
    right = [
        world.truths[case.id.removeprefix("ref-")].label in models.reply(task_body(world, case, instruction))
        for case in world.cases
    ]
    return sum(right) / len(right)


def test_it_repeats_itself_at_temperature_0(world: World) -> None:
    models = SimulatedModels(world)
    bodies = [task_body(world, case) for case in world.cases[:50]]
    assert [models.reply(body) for body in bodies] == [models.reply(body) for body in bodies]
    assert [models.reply(body) for body in bodies] == [SimulatedModels(make_world(3)).reply(body) for body in bodies]


def test_it_samples_at_a_higher_temperature(world: World) -> None:
    models = SimulatedModels(world)
    replies = [{models.reply({**task_body(world, case), "temperature": 1}) for _ in range(8)} for case in world.cases]
    assert any(len(one) > 1 for one in replies)


def test_it_is_right_as_often_as_the_true_accuracy_says() -> None:
    for seed in range(5):
        one = make_world(seed)
        wordings = [f"{one.start} Variant {number}." for number in range(6)]
        shares = [share_right(one, text) for text in wordings]
        expected = sum(one.accuracy(text, one.cases) for text in wordings) / len(wordings)
        assert sum(shares) / len(shares) == pytest.approx(expected, abs=0.06)


def test_most_of_the_luck_is_the_cases_own(world: World) -> None:
    models = SimulatedModels(world)
    texts = [f"{world.start} Variant {number}." for number in range(2)]
    first, second = ([models.reply(task_body(world, case, text)) for case in world.cases] for text in texts)
    changed = sum(one != other for one, other in zip(first, second, strict=True)) / len(first)
    assert 0.02 < changed < 0.25


def test_case_and_signs_of_a_prompt_do_not_change_its_luck(world: World) -> None:
    models = SimulatedModels(world)
    same = world.start.upper().replace(".", " !")
    for case in world.cases[:40]:
        assert models.reply(task_body(world, case)).lower() == models.reply(task_body(world, case, same)).lower()


def test_the_case_asked_about_is_the_last_one(world: World) -> None:
    models = SimulatedModels(world)
    shown, *others = world.cases[:60]
    example = f"{world.start}\n\nText: {shown.inputs['text']}\nAnswer: {shown.target}"
    answers = [models.reply(task_body(world, case, example)) for case in others]
    assert len(set(answers)) > 1


def test_a_wrong_answer_is_the_surface_where_that_explains_it(world: World) -> None:
    models = SimulatedModels(world)
    rule = rule_of(world)
    needing = [one for one in world.truths.values() if rule.subject in one.text and len(one.rules) == 1]
    cases = {case.id: case for case in world.cases}
    bare = worded(world, Statement("task"), Statement("format"))
    for truth in needing:
        answer = models.reply(task_body(world, cases[f"ref-{truth.reference}"], bare))
        assert answer in (truth.label, truth.surface)


def test_the_answer_has_the_form_that_the_prompt_asks_for(world: World) -> None:
    models, case = SimulatedModels(world), world.cases[0]
    assert models.reply(task_body(world, case)) in world.labels
    assert models.reply(task_body(world, case, "Classify the ticket.")).startswith("The answer is ")
    tags = f"{world.start} Put it between <final_answer> and </final_answer>."
    assert models.reply(task_body(world, case, tags)).startswith("<final_answer>")
    steps = f"{world.start} Think step by step, then end with a line that gives the final answer."
    assert models.reply(task_body(world, case, steps)).splitlines()[-1].startswith("Answer: ")


def test_the_instruction_may_stand_in_the_system_message(world: World) -> None:
    models = SimulatedModels(world)
    for case in world.cases[:40]:
        messages = [
            {"role": "system", "content": world.start},
            {"role": "user", "content": [{"type": "text", "text": f"Text: {case.inputs['text']}\nAnswer:"}]},
        ]
        body = {"model": "openai/task", "messages": messages, "temperature": 0}
        assert models.reply(body) == models.reply(task_body(world, case))


def test_it_gives_thousands_of_answers_a_second(world: World) -> None:
    models = SimulatedModels(world)
    bodies = [task_body(world, case, f"{world.start} Variant {n}.") for n in range(4) for case in world.cases]
    started = time.process_time()
    for body in bodies:
        models.reply(body)
    assert len(bodies) / (time.process_time() - started) > 3_000


def test_another_model_is_refused(world: World) -> None:
    with pytest.raises(KeyError):
        SimulatedModels(world).reply({**task_body(world, world.cases[0]), "model": "other"})
