"""The server: the world behind HTTP, in a process of its own, with counts of what arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import openai
import pytest

from benchmarks.search.models import SimulatedModels
from benchmarks.search.server import Server
from benchmarks.search.world import World, make_world
from tests.unit.benchmarks.prompts import failures, optimizer_body, rule_of, task_body

ZERO = {"calls": 0, "task": 0, "optimizer": 0, "max_concurrent": 0}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3)


@pytest.fixture(scope="module")
def started(world: World) -> Iterator[Server]:
    with Server(world) as server:
        yield server


@pytest.fixture
def server(started: Server, world: World) -> Server:
    started.reset(world, latency=0.0)
    return started


def ask(server: Server, *bodies: dict[str, object]) -> list[str]:
    async def all_at_once() -> list[str]:
        async with openai.AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
            replies = await asyncio.gather(*(client.chat.completions.create(**body) for body in bodies))  # type: ignore[call-overload]
        return [reply.choices[0].message.content for reply in replies]

    return asyncio.run(all_at_once())


def test_it_answers_as_the_models_do(server: Server, world: World) -> None:
    bodies = [task_body(world, case) for case in world.cases[:8]]
    models = SimulatedModels(world)
    assert ask(server, *bodies) == [models.reply(body) for body in bodies]


def test_it_counts_what_arrives_by_model(server: Server, world: World) -> None:
    assert server.stats() == ZERO
    ask(server, *[task_body(world, case) for case in world.cases[:5]], optimizer_body("Hello"))
    counts = server.stats()
    assert (counts["calls"], counts["task"], counts["optimizer"]) == (6, 5, 1)


def test_it_counts_how_many_are_under_way_at_once(server: Server, world: World) -> None:
    server.reset(latency=0.2)
    ask(server, *[task_body(world, case) for case in world.cases[:7]])
    assert server.stats()["max_concurrent"] == 7


def test_latency_holds_each_answer_back(server: Server, world: World) -> None:
    server.reset(latency=0.2)
    started = time.monotonic()
    ask(server, *[task_body(world, case) for case in world.cases[:16]])
    assert 0.2 <= time.monotonic() - started < 2


def test_a_reset_forgets_counts_and_repetitions(server: Server, world: World) -> None:
    body = optimizer_body(f"Paraphrase this prompt:\n```\n{world.start}\n```")
    first = [ask(server, body)[0] for _ in range(3)]
    server.reset()
    assert server.stats() == ZERO
    assert [ask(server, body)[0] for _ in range(3)] == first


@pytest.mark.parametrize("kind", [{"null": True}, {"veiled": True}])
def test_a_reset_changes_worlds(server: Server, kind: dict[str, bool]) -> None:
    other = make_world(4, **kind)
    server.reset(other)
    shown = f"{other.start}\n\nText: {other.cases[0].inputs['text']}\nAnswer: {other.cases[0].target}"
    bodies = [task_body(other, case, shown) for case in other.cases[:8]]
    models = SimulatedModels(other)
    assert ask(server, *bodies) == [models.reply(body) for body in bodies]


def test_an_unknown_model_is_an_error_and_counts(server: Server, world: World) -> None:
    with pytest.raises(openai.BadRequestError):
        ask(server, {**task_body(world, world.cases[0]), "model": "other"})
    assert server.stats()["calls"] == 1


def test_a_reply_longer_than_allowed_is_cut_and_says_so(server: Server, world: World) -> None:
    async def cut() -> tuple[str | None, str]:
        body = {**optimizer_body(f"Paraphrase this prompt:\n```\n{world.start}\n```"), "max_tokens": 4}
        async with openai.AsyncOpenAI(base_url=server.url, api_key="none") as client:
            reply = await client.chat.completions.create(**body)
        return reply.choices[0].message.content, reply.choices[0].finish_reason

    text, reason = asyncio.run(cut())
    assert reason == "length"
    assert len(text or "") == 16


def test_a_veiled_world_is_served_as_such() -> None:
    veiled = make_world(3, veiled=True)
    body = optimizer_body(f"{veiled.start}\n\n{failures(veiled, rule_of(veiled), 4)}\n\nImprove this prompt.")
    with Server(veiled) as server:
        assert ask(server, body) == [SimulatedModels(veiled).reply(body)]


def test_it_ends_with_whoever_started_it(world: World) -> None:
    with Server(world) as server:
        process = server._process
    assert process.poll() == 0
