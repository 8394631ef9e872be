"""The optimizer model does what a request asks, whoever words it, and neither always nor only that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from benchmarks.search.messages import Message
from benchmarks.search.models import SimulatedModels
from benchmarks.search.statement import Statement
from benchmarks.search.world import World, make_world
from tests.unit.benchmarks.prompts import failures, optimizer_body, rule_of, said_in, samples, worded

NUMBER = 200
TASK, FORMAT = Statement("task"), Statement("format")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3)


@pytest.fixture(scope="module")
def bare(world: World) -> str:
    return worded(world, TASK, FORMAT)


def share(replies: list[str], holds: Callable[[str], bool]) -> float:
    return sum(map(holds, replies)) / len(replies)


def reflection(prompt: str, cases: str) -> str:
    return (
        f"The current prompt is:\n```\n{prompt}\n```\n\nIt got these wrong:\n\n{cases}\n\n"
        "Write an improved prompt, and never quote the cases. Put it in a ``` block."
    )


def test_the_same_request_at_temperature_0_has_one_reply_and_above_others(world: World, bare: str) -> None:
    body = optimizer_body(f"Paraphrase this prompt:\n```\n{bare}\n```")
    assert len(set(samples(world, {**body, "temperature": 0}, 5))) == 1
    sampled = samples(world, body, 8)
    assert len(set(sampled)) > 4
    assert sampled == samples(make_world(3), body, 8)


@pytest.mark.parametrize(("number", "least", "most"), [(0, 0.0, 0.0), (1, 0.2, 0.6), (4, 0.65, 0.95)])
def test_it_finds_a_rule_the_likelier_the_more_failures_show_it(
    world: World, bare: str, number: int, least: float, most: float
) -> None:
    rule = rule_of(world)
    replies = samples(world, optimizer_body(reflection(bare, failures(world, rule, number))), NUMBER)
    assert least <= share(replies, lambda reply: rule in said_in(world, reply)) <= most


def test_it_finds_no_rule_without_the_right_answers(world: World, bare: str) -> None:
    rule = rule_of(world)
    cases = "\n".join(line for line in failures(world, rule, 4).splitlines() if line.startswith("Text:"))
    replies = samples(world, optimizer_body(reflection(bare, cases)), 60)
    assert not any(rule in said_in(world, reply) for reply in replies)


def test_it_learns_nothing_from_cases_that_went_right(world: World, bare: str) -> None:
    rule = rule_of(world)
    cases = failures(world, rule, 4).replace("The model's answer: ", "The model's answer: not ")
    passed = "\n".join(
        f"The model's answer: {rule.label}" if line.startswith("The model's") else line for line in cases.splitlines()
    )
    replies = samples(world, optimizer_body(reflection(bare, passed)), 60)
    assert not any(rule in said_in(world, reply) for reply in replies)


def test_it_makes_things_up(world: World, bare: str) -> None:
    replies = samples(world, optimizer_body(reflection(bare, failures(world, rule_of(world), 2))), NUMBER)
    kinds = Counter(said.kind for reply in replies for said in said_in(world, reply))
    assert 0.1 < kinds["advice"] / NUMBER < 0.8


def test_it_does_mostly_what_a_reason_says_and_sometimes_breaks_something(world: World) -> None:
    stated, missing = rule_of(world, 1), rule_of(world, 0)
    prompt = worded(world, TASK, stated, FORMAT)
    request = (
        f"My prompt:\n```\n{prompt}\n```\n\nWhat is wrong with it: it does not say that {missing.subject}s mean "
        f"{missing.label}.\n\nRewrite the prompt so that this is mended, in a ``` block."
    )
    replies = samples(world, optimizer_body(request), NUMBER)
    assert 0.75 < share(replies, lambda reply: missing in said_in(world, reply)) < 0.95
    assert 0.02 < share(replies, lambda reply: not {stated, FORMAT} <= said_in(world, reply)) < 0.25
    assert all(TASK in said_in(world, reply) for reply in replies)


def test_a_false_rule_is_dropped_when_a_reason_says_so(world: World) -> None:
    trap = world.hidden.traps[0]
    false = Statement("rule", trap.feature, trap.label)
    prompt = worded(world, TASK, false, FORMAT)
    request = (
        f'The prompt:\n"""{prompt}"""\nThe rule about the {trap.feature} misleads the model and should be dropped.'
    )
    replies = samples(world, optimizer_body(f"{request}\nRewrite the prompt."), 60)
    assert share(replies, lambda reply: false not in said_in(world, reply)) > 0.7


def test_what_was_tried_in_vain_is_proposed_less_often(world: World, bare: str) -> None:
    rule = rule_of(world)
    request = reflection(bare, failures(world, rule, 4))
    attempt = f"Score 0.50 (before: 0.52):\n{bare} {worded(world, rule)}"
    tried = f"Tried before, with its score:\n<<<data x\n{attempt}\nx data>>>\n\n"
    fresh, warned = (
        share(samples(world, optimizer_body(text), NUMBER), lambda reply: rule in said_in(world, reply))
        for text in (request, tried + request)
    )
    assert warned < fresh / 2


@pytest.mark.parametrize(
    "request_",
    [
        "Say this prompt in other words, and keep its meaning:\n```\n{prompt}\n```",
        "Generate a variation of the following instruction while keeping the semantic meaning.\n\n"
        "Input: {prompt}\n\nOutput:",
    ],
)
def test_a_paraphrase_rewords_everything_and_loses_little(world: World, request_: str) -> None:
    statements = (TASK, rule_of(world), rule_of(world, 1), FORMAT)
    prompt = worded(world, *statements)
    replies = samples(world, optimizer_body(request_.format(prompt=prompt)), NUMBER)
    kept = sum(len(said_in(world, reply) & set(statements)) for reply in replies) / (NUMBER * len(statements))
    assert 0.92 < kept < 0.99
    assert all(said_in(world, reply) <= set(statements) for reply in replies)
    assert share(replies, lambda reply: prompt.split(". ")[1] in reply) < 0.1


@pytest.mark.parametrize(
    "request_",
    [
        "Merge the two prompts into a single one.\nPrompt 1: {first}\nPrompt 2: {second}\n\n"
        "Return the new prompt in the following format:\n<prompt>new prompt</prompt>",
        "Combine the best of both.\n\nOne version:\n<<<data q\n{first}\nq data>>>\n\nThe other version:\n<<<data q\n"
        "{second}\nq data>>>\n\nWrite the new prompt between <prompt> and </prompt>.",
    ],
)
def test_a_merge_keeps_most_of_both(world: World, request_: str) -> None:
    one, other = rule_of(world), rule_of(world, 1)
    request = request_.format(first=worded(world, TASK, one, FORMAT), second=worded(world, TASK, other, FORMAT, seed=1))
    replies = samples(world, optimizer_body(request), NUMBER)
    assert all(reply.startswith("<prompt>") and reply.endswith("</prompt>") for reply in replies)
    assert 0.8 < share(replies, lambda reply: {one, other} <= said_in(world, reply)) < 0.95


@pytest.mark.parametrize(
    "request_",
    ["Shorten this prompt.\n```\n{prompt}\n```", "Prompt: {prompt}\n\nSay that in fewer words, as plain text."],
)
def test_shortening_drops_advice_and_false_rules_rather_than_true_ones(world: World, request_: str) -> None:
    trap, advice = world.hidden.traps[0], Statement("advice", "calm")
    false, true = Statement("rule", trap.feature, trap.label), rule_of(world)
    prompt = worded(world, TASK, advice, false, true, FORMAT)
    replies = samples(world, optimizer_body(request_.format(prompt=prompt)), NUMBER)
    assert 0.35 < share(replies, lambda reply: advice in said_in(world, reply)) < 0.65
    assert 0.35 < share(replies, lambda reply: false in said_in(world, reply)) < 0.65
    assert share(replies, lambda reply: true in said_in(world, reply)) > 0.85


@pytest.mark.parametrize(
    "request_",
    [
        "Restructure the prompt: the output format last.\n```\n{prompt}\n```",
        "Prompt: {prompt}\n\nReorganise this prompt so that the form of the answer stands at the end.",
    ],
)
def test_restructuring_moves_the_format_to_the_end(world: World, request_: str) -> None:
    prompt = worded(world, TASK, FORMAT, rule_of(world), rule_of(world, 1))
    for reply in samples(world, optimizer_body(request_.format(prompt=prompt)), 40):
        read, _ = world.read(reply.strip("`\n "))
        assert read.said[-1].statement == FORMAT


def test_restructuring_adds_what_is_asked_for(world: World, bare: str) -> None:
    request = f"Restructure this prompt: ask for an answer step by step.\n```\n{bare}\n```"
    assert all(Statement("steps") in said_in(world, reply) for reply in samples(world, optimizer_body(request), 20))


def test_cases_are_quoted_sometimes_and_never_when_that_is_forbidden(world: World, bare: str) -> None:
    forbidden = reflection(bare, failures(world, rule_of(world), 4))
    free = forbidden.replace(", and never quote the cases", "")
    forbidding, freely = (samples(world, optimizer_body(text), NUMBER) for text in (forbidden, free))
    assert not any(world.find(reply) for reply in forbidding)
    assert 0.02 < share(freely, lambda reply: bool(world.find(reply))) < 0.25


def test_a_free_chat_about_a_prompt_gives_a_new_prompt(world: World, bare: str) -> None:
    rule = rule_of(world)
    wrong = f"It gets these wrong:\n{failures(world, rule, 4)}"
    request = f"Hi! Could you improve this for me?\n\n{bare}\n\n{wrong}\n\nThank you!"
    replies = samples(world, optimizer_body(request), 60)
    assert all(TASK in said_in(world, reply) for reply in replies)
    assert 0.5 < share(replies, lambda reply: rule in said_in(world, reply)) < 1


def test_a_chat_about_nothing_gets_an_answer_without_a_prompt(world: World) -> None:
    (reply,) = samples(world, optimizer_body("Hello, who are you?"), 1)
    assert not said_in(world, reply)


def test_a_second_turn_goes_on_from_the_prompt_of_the_first(world: World, bare: str) -> None:
    cases = failures(world, rule_of(world), 4)
    opening = Message(
        "user", f"Your prompt:\n```\n{bare}\n```\n\nIt got these wrong:\n\n{cases}\n\nWrite a better prompt."
    )
    improved = worded(world, TASK, rule_of(world, 1), FORMAT)
    body = optimizer_body("Paraphrase it now.", None, opening, Message("assistant", f"<prompt>{improved}</prompt>"))
    assert share(samples(world, body, 20), lambda reply: rule_of(world, 1) in said_in(world, reply)) > 0.8


def test_prompts_of_another_task_in_a_request_are_not_taken_for_the_prompt(world: World, bare: str) -> None:
    request = (
        "Prompt 1: Classify the comment as one of the categories terrible, bad or good.\n"
        "Final Prompt: <prompt>Categorise the comment: terrible, bad or good.</prompt>\n\n"
        f"Prompt 1: {bare}\n\nParaphrase the last one, bracketed with <prompt> and </prompt>."
    )
    assert all("comment" not in reply for reply in samples(world, optimizer_body(request), 20))


def test_stop_sequences_end_a_reply(world: World, bare: str) -> None:
    body = optimizer_body(f"Shorten this prompt.\n```\n{bare}\n```")
    assert SimulatedModels(world).reply({**body, "stop": ["\n"]}) == "```"
