"""Whatever an endpoint does, the run goes on or says why not; nothing is paid twice, and no key gets out."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import socket
import subprocess
import sys
import textwrap
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from apo_ci.config import Budget, ModelSettings
from apo_ci.errors import ApoError, AuthenticationError, EndpointError, RequestFailedError
from apo_ci.lm.cache import Cache
from apo_ci.lm.cached import CachedModel
from apo_ci.lm.factory import open_model
from apo_ci.lm.failures import UnsupportedFeatureError
from apo_ci.lm.ledger import Ledger
from tests.integration.loopback import Fault, Kind, Loopback, dead_endpoint
from tests.integration.test_budget import ask_all, question, run, troubled

CANARY = "sk-canary-7f3a91c2e5"


async def opened(directory: Path, url: str, ledger: Ledger | None = None, **settings: Any) -> tuple[CachedModel, Cache]:
    cache = Cache(directory / "cache")
    model = await open_model(
        ModelSettings(name="m", base_url=url, **settings),
        SecretStr(CANARY),
        cache=cache,
        ledger=ledger or Ledger(Budget()),
        run="run",
    )
    return model, cache


async def test_a_run_through_every_fault_pays_only_for_what_failed_when_it_is_repeated(tmp_path: Path) -> None:
    with Loopback(latency=0.001, fault=troubled(3, 0.4)) as server:
        _ledger, first = await run(tmp_path, server, Budget(), 32, 300, retries=1)
        assert first.answered + first.failed == 300
        assert first.failed > 0
        server.fault, server.calls = None, 0
        ledger, second = await run(tmp_path, server, Budget(), 32, 300)
    assert (second.answered, second.failed) == (300, 0)
    assert server.calls == first.failed
    assert ledger.total.calls >= 300


@pytest.mark.parametrize("kind", ["busy", "error", "truncated", "not_json", "empty_choices", "drop", "cut"])
async def test_one_fault_is_retried_and_the_reply_is_charged_with_it(tmp_path: Path, kind: Kind) -> None:
    ledger = Ledger(Budget())
    with Loopback(fault=lambda number, _: Fault(kind, retry_after="0") if number == 0 else None) as server:
        model, cache = await opened(tmp_path, server.url, ledger)
        with cache:
            assert (await model.complete(question(1))).text == "Yes"
            await model.aclose()
    assert server.calls == ledger.total.calls == 2
    assert ledger.total.tokens >= server.tokens


@pytest.mark.parametrize(("kind", "text", "finish"), [("null_content", "", "stop"), ("length", "Yes", "length")])
async def test_an_odd_reply_is_a_reply(tmp_path: Path, kind: Kind, text: str, finish: str) -> None:
    with Loopback(fault=lambda *_: Fault(kind)) as server:
        model, cache = await opened(tmp_path, server.url)
        with cache:
            for cached in (False, True):
                reply = await model.complete(question(1))
                assert (reply.text, reply.finish_reason, reply.cached) == (text, finish, cached)
            await model.aclose()
    assert server.calls == 1


@pytest.mark.parametrize("text", ["x" * 200_000, "\u202eevil\u202c \u2066\u200b\ufeff", "\x00\x1b[31m\r\n", "🏳️‍🌈" * 50])
async def test_any_text_survives_the_way_and_the_cache(tmp_path: Path, text: str) -> None:
    with Loopback(lambda _: text) as server:
        model, cache = await opened(tmp_path, server.url, parameters={})
        with cache:
            request = question(4)
            request = type(request)("m", request.messages, request.parameters.model_copy(update={"max_tokens": None}))
            assert (await model.complete(request)).text == text
            assert (await model.complete(request)).text == text
            await model.aclose()


async def test_a_socket_that_hangs_costs_its_case_alone(tmp_path: Path) -> None:
    def hangs(_: int, body: dict[str, Any]) -> Fault | None:
        return Fault("hang") if "Review 3:" in body["messages"][1]["content"] else None

    with Loopback(fault=hangs) as server:
        model, cache = await opened(tmp_path, server.url, timeout_seconds=0.3, max_retries=1, concurrency=4)
        with cache:
            outcome = await ask_all(model, 20)
            await model.aclose()
    assert (outcome.answered, outcome.failed) == (19, 1)


async def test_a_busy_endpoint_gets_fewer_requests_and_all_are_answered(tmp_path: Path) -> None:
    """At most four at once are served; the rest are told to come back."""
    with Loopback(latency=0.02) as server:
        server.fault = lambda *_: Fault("busy", retry_after="0.05") if server.in_flight > 4 else None
        model, cache = await opened(tmp_path, server.url, concurrency=32, max_retries=10)
        with cache:
            outcome = await ask_all(model, 150)
            await model.aclose()
    assert outcome.answered == 150
    assert server.calls < 2 * 150


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 64])
async def test_a_dead_endpoint_fails_within_fifteen_seconds_with_what_to_check(
    tmp_path: Path, concurrency: int
) -> None:
    begun = time.monotonic()
    with dead_endpoint() as url:
        model, cache = await opened(tmp_path, url, concurrency=concurrency)
        with cache:
            with pytest.raises(EndpointError, match=r"no connection(.|\n)*base_url(.|\n)*server runs"):
                await asyncio.gather(*(model.complete(question(number)) for number in range(concurrency)))
            await model.aclose()
    assert time.monotonic() - begun < 15
    assert model.new_calls == 0


@contextmanager
def black_hole() -> Iterator[str]:
    """An address where connections are accepted and nothing ever answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.slow
async def test_an_endpoint_that_accepts_and_never_answers_fails_within_fifteen_seconds(tmp_path: Path) -> None:
    begun = time.monotonic()
    with black_hole() as url:
        model, cache = await opened(tmp_path, url, timeout_seconds=60, concurrency=64)
        with cache:
            requests = (model.complete(question(number)) for number in range(64))
            outcomes = await asyncio.gather(*requests, return_exceptions=True)
            await model.aclose()
    assert {type(outcome) for outcome in outcomes} == {EndpointError}
    assert "no sign of life" in str(outcomes[0])
    assert model.new_calls == 1
    assert time.monotonic() - begun < 15


async def test_a_wrong_key_fails_at_once_and_after_one_call(tmp_path: Path) -> None:
    begun = time.monotonic()
    with Loopback(key="sk-the-right-one") as server:
        model, cache = await opened(tmp_path, server.url, concurrency=32, api_key_env="MY_KEY")
        with cache:
            requests = (model.complete(question(number)) for number in range(100))
            outcomes = await asyncio.gather(*requests, return_exceptions=True)
            await model.aclose()
    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}
    assert "MY_KEY" in str(outcomes[0])
    assert server.calls == 1
    assert time.monotonic() - begun < 5


async def test_a_schema_that_the_endpoint_cannot_take_is_a_typed_failure(tmp_path: Path) -> None:
    with Loopback(fault=lambda *_: Fault("error", status=400, message="response_format is not supported")) as server:
        model, cache = await opened(tmp_path, server.url)
        with cache:
            request = type(question(1))("m", question(1).messages, question(1).parameters, '{"type": "object"}')
            with pytest.raises(UnsupportedFeatureError) as refused:
                await model.complete(request)
            await model.aclose()
    assert isinstance(refused.value, RequestFailedError)
    assert refused.value.feature == "response_format"
    assert server.calls == 1


async def test_adapting_to_a_model_costs_one_call(tmp_path: Path) -> None:
    """The first request goes alone, so that one refusal teaches all."""
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    ledger = Ledger(Budget())
    with Loopback() as server:
        server.fault = lambda _, body: Fault("error", status=400, message=message) if "max_tokens" in body else None
        model, cache = await opened(tmp_path, server.url, ledger, concurrency=32)
        with cache:
            assert (await ask_all(model, 100)).answered == 100
            await model.aclose()
    assert server.calls == ledger.total.calls == 101


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 200])
async def test_the_key_is_nowhere_to_be_found(tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """The endpoint echoes it in every answer; it is in no exception, representation, log or file."""
    caplog.set_level(logging.DEBUG)
    echo = f"Incorrect key Bearer {CANARY}; headers: {{'Authorization': 'Bearer {CANARY}'}}"
    shown = ""
    with Loopback(lambda _: echo) as server:
        if status != 200:
            server.fault = lambda *_: Fault("error", status=status, message=echo)
        model, cache = await opened(tmp_path, server.url, max_retries=0)
        shown += repr(model) + repr(vars(model)) + repr(vars(model._inner))
        with cache:
            for number in range(3):
                try:
                    shown += (await model.complete(question(number))).text
                except ApoError as exc:
                    shown += (
                        "".join(traceback.format_exception(exc)) + repr(exc) + repr(vars(exc)) + everything_behind(exc)
                    )
            stored = contents_of(tmp_path)
            await model.aclose()
    assert server.keys[0] == CANARY
    assert CANARY not in shown
    assert CANARY not in caplog.text
    assert CANARY.encode() not in stored
    assert b"SQLite format 3" in stored
    assert "***" in shown or status == 200


def contents_of(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def everything_behind(exc: BaseException) -> str:
    behind = [one for one in (exc.__cause__, exc.__context__) if one is not None]
    return "".join(repr(one) + repr(vars(one)) + everything_behind(one) for one in behind)


RUN = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from apo_ci.config import Budget
    from tests.integration.test_budget import run

    class Server:
        url = sys.argv[1]

    ledger, outcome = asyncio.run(run(Path(sys.argv[2]), Server(), Budget(calls=1000), int(sys.argv[3]), 60))
    print(ledger.accounts, outcome)
""")


def start(server: Loopback, directory: Path, concurrency: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, server.url, str(directory), str(concurrency)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_run_that_is_killed_again_and_again_pays_for_nothing_twice(tmp_path: Path, concurrency: int) -> None:
    """What may be asked twice are the requests whose replies were on their way when the process was killed."""
    rng, kills = random.Random(concurrency), 0
    with Loopback(latency=0.01) as server:
        uninterrupted = start(server, tmp_path / "straight", concurrency).communicate(timeout=60)[0]
        server.bodies.clear()
        while server.calls < 60 + 50:
            process, before = start(server, tmp_path / "killed", concurrency), server.calls
            target = before + rng.randint(8, 25)
            while server.calls < target and process.poll() is None:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
        resumed = start(server, tmp_path / "killed", concurrency).communicate(timeout=60)[0]
        asked = Counter(body["messages"][1]["content"] for body in server.bodies)
        calls = server.calls
        repeated = start(server, tmp_path / "killed", concurrency).communicate(timeout=60)[0]
    assert len(asked) == 60
    assert asked.total() <= 60 + kills * concurrency
    assert resumed == uninterrupted
    assert (repeated, server.calls) == (uninterrupted, calls)
