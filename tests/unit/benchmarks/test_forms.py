"""Replies of the optimizer model have the form that the request asks for: this product's requests and others'."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from apo_ci.inputs.prompts import Prompt, parse_prompt
from apo_ci.search.writing.chat import CRITIQUE, PARTS, REASONS
from apo_ci.search.writing.replies import read_criticism, read_parts, read_reasons
from apo_ci.search.writing.wording import fill, marked, numbered, plain
from benchmarks.search.messages import Message
from benchmarks.search.statement import Statement
from benchmarks.search.world import PROMPT_TAIL, World, make_world
from tests.unit.benchmarks.prompts import cases_needing, failures, optimizer_body, rule_of, said_in, samples, worded

TASK, FORMAT = Statement("task"), Statement("format")
SYSTEM = Message("system", fill("chat_system", {}))
JSON_LINE = re.compile(r"Reply with JSON: .*? If you cannot write JSON, ", re.DOTALL)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3)


@pytest.fixture(scope="module")
def prompt(world: World) -> Prompt:
    return parse_prompt(worded(world, TASK, rule_of(world, 1), FORMAT) + PROMPT_TAIL, "prompts/world.prompt.md")


def shown(world: World) -> list[dict[str, str]]:
    truths = [world.truths[case.id.removeprefix("ref-")] for case in cases_needing(world, rule_of(world))[:4]]
    return [
        {
            "inputs": f"text: {one.text}",
            "target": one.target,
            "reply": one.surface,
            "reason": f"answered {one.surface}, the target is {one.target}",
        }
        for one in truths
    ]


def asked(
    world: World, name: str, values: Mapping[str, Any], schema: dict[str, Any], number: int = 30
) -> list[list[str]]:
    """Replies to one of the product's requests: with its schema, with the example in the text, and with tags alone."""
    text = fill(name, values)
    in_tags = JSON_LINE.sub("", text).replace("put each", "Put each").replace("write <", "Write <")
    bodies = [
        optimizer_body(text, schema, SYSTEM),
        optimizer_body(text, None, SYSTEM),
        optimizer_body(in_tags, None, SYSTEM),
    ]
    return [samples(world, body, number) for body in bodies]


def parts_said(world: World, prompt: Prompt, reply: str) -> set[Statement]:
    texts = read_parts(reply, len(prompt.parts))
    return said_in(world, prompt.with_parts(texts).body)


def test_gradient(world: World, prompt: Prompt) -> None:
    values = {"prompt": numbered(prompt), "cases": shown(world), "most": 4}
    for replies in asked(world, "chat_gradient", values, REASONS):
        reasons = [read_reasons(reply, 4) for reply in replies]
        assert all(len(one) == 4 for one in reasons)
        found = sum(any(rule_of(world) in said_in(world, text) for text in one) for one in reasons)
        assert found > len(reasons) / 2


def test_edit(world: World, prompt: Prompt) -> None:
    rule = rule_of(world)
    values = {
        "prompt": numbered(prompt),
        "cases": shown(world),
        "reasons": [f"It leaves out that a {rule.subject} means {rule.label}."],
        "tried": [],
        "examples": 0,
    }
    for replies in asked(world, "chat_edit", values, PARTS, number=80):
        assert sum(rule in parts_said(world, prompt, reply) for reply in replies) > 0.7 * len(replies)
        assert all(TASK in parts_said(world, prompt, reply) for reply in replies)


@pytest.mark.parametrize("name", ["chat_paraphrase", "chat_shorten"])
def test_paraphrase_and_shorten(world: World, prompt: Prompt, name: str) -> None:
    for replies in asked(world, name, {"prompt": numbered(prompt)}, PARTS):
        kept = [rule_of(world, 1) in parts_said(world, prompt, reply) for reply in replies]
        assert sum(kept) > 0.75 * len(kept)


@pytest.mark.parametrize(("change", "kind"), [("labels stated", "labels"), ("step by step", "steps")])
def test_restructure(world: World, prompt: Prompt, change: str, kind: str) -> None:
    values = {"prompt": numbered(prompt), "change": change, "labels": list(world.labels)}
    for replies in asked(world, "chat_restructure", values, PARTS):
        assert all(kind in {said.kind for said in parts_said(world, prompt, reply)} for reply in replies)


def test_merge(world: World, prompt: Prompt) -> None:
    other = parse_prompt(worded(world, TASK, rule_of(world), FORMAT, seed=1) + PROMPT_TAIL, "prompts/world.prompt.md")
    values = {"prompt": numbered(prompt), "other": plain(other)}
    for replies in asked(world, "chat_merge", values, PARTS):
        both = [{rule_of(world), rule_of(world, 1)} <= parts_said(world, prompt, reply) for reply in replies]
        assert sum(both) > 0.6 * len(both)


def test_critique(world: World, prompt: Prompt) -> None:
    values = {"prompt": numbered(prompt), "score": "0.55", "cases": shown(world)}
    for replies in asked(world, "chat_critique", values, CRITIQUE):
        assert all(map(read_criticism, replies))
        assert sum(rule_of(world) in parts_said(world, prompt, reply) for reply in replies) > 0.4 * len(replies)


def test_rephrasing_changes_the_marked_phrase_alone(world: World, prompt: Prompt) -> None:
    text = prompt.parts[0].text
    phrase = text.split(". ")[1] + "."
    first = text.index(phrase)
    values = {"prompt": marked(prompt, 0, first, first + len(phrase))}
    for replies in asked(world, "chat_rephrase", values, PARTS):
        new = [read_parts(reply, 1).get(0, "") for reply in replies]
        assert all(said_in(world, one) <= {rule_of(world, 1)} for one in new)
        assert sum(said_in(world, one) == {rule_of(world, 1)} for one in new) > 0.8 * len(new)


def test_the_completion_protocol_gets_one_line(world: World, prompt: Prompt) -> None:
    instruction = prompt.parts[0].text
    values: Sequence[tuple[str, dict[str, Any]]] = (
        ("completion_gradient", {"instruction": instruction, "cases": shown(world)[:1]}),
        ("completion_edit", {"instruction": instruction, "reason": "A silver spoon means nothing."}),
        ("completion_paraphrase", {"instruction": instruction}),
    )
    for name, filled in values:
        body = {**optimizer_body(fill(name, filled)), "stop": ["\n"]}
        replies = samples(world, body, 20)
        assert all(reply.strip() and "\n" not in reply for reply in replies)
        wanted = {"completion_gradient": set[Statement]()}.get(name, {TASK})
        assert all(wanted <= said_in(world, reply) for reply in replies)


def test_a_reflection_in_fences_as_gepa_asks_for_it(world: World) -> None:
    instruction, rule = worded(world, TASK, FORMAT), rule_of(world)
    examples = "\n\n".join(
        f"# Example {number}\n## Inputs\n{one['inputs']}\n\n## Generated Outputs\n{one['reply']}\n\n## Feedback\n"
        f"The generated response is incorrect. The correct answer is '{one['target']}'.\n"
        for number, one in enumerate(shown(world), start=1)
    )
    request = (
        f"I gave an assistant these instructions:\n```\n{instruction}\n```\n\nHere are inputs with its responses and "
        f"feedback:\n```\n{examples}\n```\n\nYour task is to write a new instruction for the assistant. Read the "
        "inputs carefully and put all facts about the task into the instruction.\n\nProvide the new instructions "
        "within ``` blocks."
    )
    replies = samples(world, optimizer_body(request), 60)
    texts = [re.fullmatch(r"```\n(.*)\n```", reply, re.DOTALL) for reply in replies]
    assert all(texts)
    found = [rule in said_in(world, text.group(1)) for text in texts if text is not None]
    assert 0.5 < sum(found) / len(found) < 1


def test_a_crossover_in_tags_as_capo_asks_for_it(world: World) -> None:
    one, other = rule_of(world), rule_of(world, 1)
    request = (
        f"You get two prompts for this task: Classify the {world.hidden.theme.noun}.\nPlease merge the two prompts "
        f"into a single coherent prompt.\nPrompt 1: {worded(world, TASK, one, FORMAT)}\nPrompt 2: "
        f"{worded(world, TASK, other, FORMAT, seed=1)}\n\nReturn the new prompt in the following format:\n"
        "<prompt>new prompt</prompt>"
    )
    for reply in samples(world, optimizer_body(request), 30):
        assert re.fullmatch(r"<prompt>[^<>]+</prompt>", reply)
        assert TASK in said_in(world, reply)


def test_a_mutation_in_tags_as_capo_asks_for_it(world: World) -> None:
    request = (
        f"You get a prompt for this task: Classify the {world.hidden.theme.noun}.\nPlease rephrase the prompt, "
        f"preserving its core meaning while varying the style.\nPrompt: {worded(world, TASK, rule_of(world), FORMAT)}"
        "\n\nReturn the new prompt in the following format:\n<prompt>new prompt</prompt>"
    )
    replies = samples(world, optimizer_body(request), 30)
    assert all(re.fullmatch(r"<prompt>[^<>]+</prompt>", reply) for reply in replies)
    assert sum(rule_of(world) in said_in(world, reply) for reply in replies) > 24


def test_tags_that_are_closed_by_another_tag_and_several_prompts(world: World) -> None:
    rule = rule_of(world)
    prompt = worded(world, TASK, FORMAT)
    head = f'My current prompt is:\n"{prompt}"\n\nIt gets these examples wrong:\n{failures(world, rule, 3)}\n\n'
    reasons = samples(world, optimizer_body(f"{head}give 3 reasons why. Wrap each reason with <START> and <END>"), 10)
    assert all(len(re.findall(r"<START>.+?<END>", reply)) == 3 for reply in reasons)
    edits = samples(
        world,
        optimizer_body(
            f"{head}The problem with this prompt is that it omits that a {rule.subject} means {rule.label}.\n"
            "I wrote 2 different improved prompts. Each prompt is wrapped with <START> and <END>.\n"
            "The 2 new prompts are:"
        ),
        20,
    )
    texts = [text for reply in edits for text in re.findall(r"<START>(.+?)<END>", reply, re.DOTALL)]
    assert len(texts) == 40
    assert sum(rule in said_in(world, text) for text in texts) > 25


def test_an_array_of_prompts_in_json(world: World) -> None:
    request = (
        f"Create overall 3 prompts for this task: Classify the {world.hidden.theme.noun}. Write them within json "
        "format, as an array. Start the array with [ and end with ]."
    )
    for reply in samples(world, optimizer_body(request), 5):
        texts = json.loads(reply)
        assert all(TASK in said_in(world, text) for text in texts)


def test_a_schema_of_other_names_is_followed(world: World) -> None:
    text = {"type": "string"}
    schema = {
        "type": "object",
        "properties": {"analysis": text, "new_prompt": text},
        "required": ["analysis", "new_prompt"],
    }
    request = f"Improve the prompt.\n```\n{worded(world, TASK, FORMAT)}\n```\n{failures(world, rule_of(world), 3)}"
    for reply in samples(world, optimizer_body(request, schema), 10):
        data = json.loads(reply)
        assert set(data) == {"analysis", "new_prompt"}
        assert TASK in said_in(world, data["new_prompt"])
        assert data["analysis"]
