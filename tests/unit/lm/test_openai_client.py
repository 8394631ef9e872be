"""Whatever an endpoint answers becomes a reply or a typed failure, and the key stays inside."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from apo_ci.errors import AuthenticationError, EndpointError
from apo_ci.lm.failures import AttemptFailedError, Failure, UnsupportedFeatureError
from apo_ci.lm.model import Usage
from apo_ci.lm.openai_client import OpenAIModel, Reply, provider_name
from tests.integration.loopback import Body, Fault, Loopback, dead_endpoint
from tests.unit.lm.simulated import ask_for

KEY = "sk-canary-0123456789"


@asynccontextmanager
async def endpoint(
    reply: Callable[[Body], Any] = lambda _: "Yes", **options: Any
) -> AsyncIterator[tuple[OpenAIModel, Loopback]]:
    with Loopback(reply, **options) as server:
        model = OpenAIModel(server.url, SecretStr(KEY))
        try:
            yield model, server
        finally:
            await model.aclose()


async def reply_to(data: Any) -> Reply:
    async with endpoint(lambda _: data) as (model, _server):
        return await model.send(ask_for("a"), 5)


async def failure_of(status: int = 500, message: str = "no", **options: Any) -> AttemptFailedError:
    async with endpoint(fault=lambda *_: Fault("error", status=status, message=message, **options)) as (model, _server):
        with pytest.raises(AttemptFailedError) as failed:
            await model.send(ask_for("a"), 5)
    return failed.value


def a_reply(content: object, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **fields}, "finish_reason": "stop"}
    return {"model": "m-1", "choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}


async def test_a_request_is_sent_as_the_api_wants_it_and_its_reply_read() -> None:
    async with endpoint() as (model, server):
        reply = await model.send(ask_for("héllo", 3), 5)
    assert (reply.completion.text, reply.completion.finish_reason, reply.completion.model) == ("Yes", "stop", "m")
    assert server.bodies == [
        {"model": "m", "messages": [{"role": "user", "content": "héllo"}], "temperature": 0, "max_tokens": 3}
    ]
    assert server.keys == [KEY]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", ""),
        (None, ""),
        ("\u202eevil\u202c \u2066bidi\u2069", "\u202eevil\u202c \u2066bidi\u2069"),
        ("x" * 200_000, "x" * 200_000),
        ([{"type": "text", "text": "in "}, {"type": "image"}, {"type": "text", "text": "parts"}], "in parts"),
        (f"my key is {KEY}", "my key is ***"),
    ],
)
async def test_any_content_becomes_text(content: object, text: str) -> None:
    reply = await reply_to(a_reply(content))
    assert (reply.completion.text, reply.usage) == (text, Usage(7, 2))


async def test_a_refusal_is_the_text_of_a_message_without_content() -> None:
    assert (await reply_to(a_reply(None, refusal="I cannot do that."))).completion.text == "I cannot do that."


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, None),
        ({}, None),
        ({"prompt_tokens": 5}, None),
        ({"prompt_tokens": -5, "completion_tokens": 1}, None),
        ({"prompt_tokens": "5", "completion_tokens": 1}, None),
        ({"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 50}, Usage(5, 45)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}, Usage(5, 1)),
    ],
)
async def test_usage_is_believed_when_it_makes_sense(usage: object, read: Usage | None) -> None:
    assert (await reply_to({**a_reply("x"), "usage": usage})).usage == read


@pytest.mark.parametrize(
    "data", [[], {"choices": []}, {"choices": None}, {"choices": ["x"]}, {"choices": [{}]}, {"error": {"code": 5}}]
)
async def test_json_without_a_reply_is_a_broken_reply(data: Any) -> None:
    with pytest.raises(AttemptFailedError) as failed:
        await reply_to(data or {"choices": 5})
    assert failed.value.failure is Failure.BROKEN


@pytest.mark.parametrize(
    ("status", "failure", "error"),
    [
        (301, Failure.FATAL, EndpointError),
        (400, Failure.REFUSED, None),
        (401, Failure.FATAL, AuthenticationError),
        (402, Failure.FATAL, EndpointError),
        (403, Failure.FATAL, AuthenticationError),
        (404, Failure.FATAL, EndpointError),
        (408, Failure.BROKEN, None),
        (413, Failure.REFUSED, None),
        (429, Failure.BUSY, None),
        (500, Failure.BROKEN, None),
        (503, Failure.BROKEN, None),
    ],
)
async def test_an_error_status_says_whether_to_try_again(status: int, failure: Failure, error: type | None) -> None:
    failed = await failure_of(status, "what happened")
    assert failed.failure is failure
    assert error is None or type(failed.final) is error
    assert f"{status}: what happened" in failed.final.message


async def test_a_spent_quota_is_final() -> None:
    error = {
        "error": {"message": "You exceeded your quota", "type": "insufficient_quota", "code": "insufficient_quota"}
    }
    async with endpoint(fault=lambda *_: Fault("error", status=429, body=error)) as (model, _server):
        with pytest.raises(AttemptFailedError) as failed:
            await model.send(ask_for("a"), 5)
    assert failed.value.failure is Failure.FATAL
    assert "billing" in str(failed.value.final)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None), ("-1", None), (None, None)],
)
async def test_retry_after_is_read_in_seconds_and_as_a_date(header: str | None, seconds: float | None) -> None:
    async with endpoint(fault=lambda *_: Fault("busy", retry_after=header)) as (model, _server):
        with pytest.raises(AttemptFailedError) as failed:
            await model.send(ask_for("a"), 5)
    assert (failed.value.failure, failed.value.retry_after) == (Failure.BUSY, seconds)


@pytest.mark.parametrize("kind", ["truncated", "not_json", "cut", "drop", "empty_choices"])
async def test_a_spoilt_reply_is_broken(kind: Any) -> None:
    async with endpoint(fault=lambda *_: Fault(kind)) as (model, server):
        with pytest.raises(AttemptFailedError) as failed:
            await model.send(ask_for("a"), 5)
    assert failed.value.failure is Failure.BROKEN
    assert server.calls == 1


async def test_empty_choices_are_charged_what_they_report() -> None:
    async with endpoint(fault=lambda *_: Fault("empty_choices")) as (model, server):
        with pytest.raises(AttemptFailedError) as failed:
            await model.send(ask_for("a"), 5)
    assert failed.value.usage == Usage(server.prompt_tokens, server.completion_tokens)


async def test_silence_is_broken_off_at_the_timeout() -> None:
    async with endpoint(fault=lambda *_: Fault("hang")) as (model, _server):
        with pytest.raises(AttemptFailedError, match=r"no reply within 0\.1 s") as failed:
            await model.send(ask_for("a"), 0.1)
    assert failed.value.failure is Failure.BROKEN


@pytest.mark.parametrize("url", ["refused", "http://nowhere.invalid/v1"])
async def test_an_endpoint_that_cannot_be_reached_was_sent_nothing(url: str) -> None:
    with dead_endpoint() as refused:
        model = OpenAIModel(refused if url == "refused" else url, SecretStr(KEY))
        with pytest.raises(AttemptFailedError, match="no connection to openai:http://") as failed:
            await model.send(ask_for("a"), 5)
        assert not await model.answers(5)
        await model.aclose()
    assert failed.value.failure is Failure.UNSENT


async def test_a_sign_of_life_is_any_http_answer() -> None:
    async with endpoint() as (model, _server):
        assert await model.answers(5)


async def test_a_request_that_utf8_cannot_hold_is_refused_here() -> None:
    async with endpoint() as (model, server):
        with pytest.raises(AttemptFailedError, match="surrogate") as failed:
            await model.send(ask_for("half \ud83d"), 5)
    assert (failed.value.failure, server.calls) == (Failure.REFUSED, 0)


def refusing(parameter: str, message: str) -> Callable[[int, Body], Fault | None]:
    """An endpoint that refuses `parameter` with OpenAI's kind of error."""
    error = {"message": message, "type": "invalid_request_error", "param": parameter, "code": "unsupported_parameter"}
    return lambda _, body: Fault("error", status=400, body={"error": error}) if parameter in body else None


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        ("temperature", "Unsupported value: 'temperature' does not support 0 with this model."),
    ],
)
async def test_a_model_that_wants_to_be_asked_differently_is_from_then_on(parameter: str, message: str) -> None:
    async with endpoint(fault=refusing(parameter, message)) as (model, server):
        with pytest.raises(AttemptFailedError) as failed:
            await model.send(ask_for("a", 5), 5)
        assert failed.value.failure is Failure.ADAPTED
        for _ in range(2):
            assert (await model.send(ask_for("a", 5), 5)).completion.text == "Yes"
    assert server.calls == 3
    assert parameter not in server.bodies[2]
    assert server.bodies[2].get("max_completion_tokens", server.bodies[2].get("max_tokens")) == 5


async def test_an_endpoint_without_structured_output_says_so_by_type() -> None:
    message = "'response_format' of type 'json_schema' is not supported with this model"
    async with endpoint(fault=refusing("response_format", message)) as (model, _server):
        with pytest.raises(AttemptFailedError) as failed:
            await model.send(ask_for("a", response_schema='{"type": "object"}'), 5)
    assert isinstance(failed.value.final, UnsupportedFeatureError)
    assert failed.value.final.feature == "response_format"


async def test_a_schema_is_sent_as_the_api_wants_it() -> None:
    async with endpoint() as (model, server):
        await model.send(ask_for("a", response_schema='{"type": "object"}'), 5)
    schema = {"name": "reply", "strict": True, "schema": {"type": "object"}}
    assert server.bodies[0]["response_format"] == {"type": "json_schema", "json_schema": schema}


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_no_error_shows_the_key_even_if_the_endpoint_echoes_it(status: int) -> None:
    failed = await failure_of(status, f"bad key {KEY}, {json.dumps({'headers': f'Bearer {KEY}'})}")
    shown = "".join(traceback.format_exception(failed)) + "".join(traceback.format_exception(failed.final))
    chain: list[BaseException | None] = [failed.__cause__, failed.__context__, failed.final.__context__]
    assert chain == [None, None, None]
    assert KEY not in shown + repr(failed) + repr(vars(failed)) + repr(vars(failed.final))
    assert "***" in failed.final.message


def test_the_model_does_not_show_its_key() -> None:
    assert KEY not in repr(OpenAIModel("http://127.0.0.1:1/v1", SecretStr(KEY)))


@pytest.mark.parametrize("key", ["sk-\u2026", "sk-a\nb"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(AuthenticationError) as refused:
        OpenAIModel(None, SecretStr(key), key_name="MY_KEY")
    assert key not in str(refused.value)
    assert "MY_KEY" in str(refused.value)


async def test_this_machine_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with endpoint() as (model, _server):
        assert (await model.send(ask_for("a"), 5)).completion.text == "Yes"


async def test_a_line_end_after_the_key_does_no_harm() -> None:
    with Loopback(key=KEY) as server:
        model = OpenAIModel(server.url, SecretStr(KEY + "\n"))
        await model.send(ask_for("a"), 5)
        await model.aclose()


def test_the_provider_is_the_address_without_credentials() -> None:
    assert provider_name("https://user:secret@host:1/v1/?key=secret") == "openai:https://host:1/v1"
    assert provider_name(None) == "openai:https://api.openai.com/v1"
