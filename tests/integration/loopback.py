"""An OpenAI-compatible chat server on loopback: set latency, script replies, inject faults, count at the server.

In a test's own thread of control it runs in a thread of its own::

    with Loopback(lambda body: "Yes") as server:
        ...  # server.url, server.calls, server.tokens, server.bodies

and for honest measurements in a process of its own: `python -m tests.integration.loopback --latency 0.05` prints its
address, `GET /stats` its counts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

from aiohttp import web

Body = dict[str, Any]
Kind = Literal[
    "busy",
    "error",
    "truncated",
    "not_json",
    "empty_choices",
    "null_content",
    "length",
    "no_usage",
    "cut",
    "drop",
    "hang",
]
Respond = Callable[[web.Request, Body], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    `busy` is a 429 (with `retry_after`, if given, as its header), `error` a reply of `status` with `message` or `body`,
    `truncated` complete HTTP with half of the JSON, `cut` a connection closed in mid-body, `drop` one closed without
    an answer, `hang` one that is never answered, `length` a reply with finish_reason `length`.
    """

    kind: Kind
    retry_after: str | None = None
    status: int = 500
    message: str = "the server had an error"
    body: Body | None = None


def said_yes(body: Body) -> str:
    """The default model."""
    return "Yes"


def count_tokens(text: str) -> int:
    """The simulated tokenizer: a token for every four bytes begun."""
    return -(-len(text.encode()) // 4)


def prompt_tokens(body: Body) -> int:
    """Tokens of a request as this server counts them: messages, schema, and an overhead that it keeps quiet about."""
    schema = json.dumps(body["response_format"]) if "response_format" in body else ""
    return sum(count_tokens(message["content"]) + 4 for message in body["messages"]) + count_tokens(schema) + 3


class Loopback:
    """The server. Its counts are of what arrived, whatever became of the answer."""

    def __init__(
        self,
        reply: Callable[[Body], str | Body] = said_yes,
        *,
        latency: float | Callable[[int], float] = 0.0,
        fault: Callable[[int, Body], Fault | None] | None = None,
        key: str | None = None,
        port: int = 0,
    ) -> None:
        """`reply` gives the text or the whole JSON of a reply; `fault` is asked with the request's number, from 0."""
        self.reply, self.fault, self.key = reply, fault, key
        self.latency = latency if callable(latency) else lambda _: latency
        self.port = port
        self.calls = 0
        self.answered = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.bodies: list[Body] = []
        self.keys: list[str] = []
        self.arrivals: list[float] = []
        self.keep_bodies = True
        self._stopped = asyncio.Event()

    @property
    def url(self) -> str:
        """What to set as `base_url`."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def tokens(self) -> int:
        """All tokens that this server would bill."""
        return self.prompt_tokens + self.completion_tokens

    def stats(self) -> dict[str, int]:
        """The counts."""
        names = ("calls", "answered", "prompt_tokens", "completion_tokens", "max_in_flight")
        return {name: getattr(self, name) for name in names}

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        number, self.calls = self.calls, self.calls + 1
        self.arrivals.append(time.monotonic())
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            body = await request.json()
            return await self._answer(request, number, body)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.Request, number: int, body: Body) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.keep_bodies:
            self.bodies.append(body)
            self.keys.append(given)
        if self.key is not None and given != self.key:
            return _error(401, f"Incorrect API key provided: {given}")  # real servers echo it, too
        fault = self.fault(number, body) if self.fault else None
        if delay := self.latency(number):
            await asyncio.sleep(delay)
        if fault is not None and fault.kind == "busy":
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            return _error(429, "Rate limit reached", headers)
        if fault is not None and fault.kind == "error" and fault.status < 500:
            return _failed(fault)
        return await self._deliver(request, body, self._completion(body, fault), fault)

    def _completion(self, body: Body, fault: Fault | None) -> Body:
        """The whole reply; what it took to write is counted even if it is not delivered."""
        text = self.reply(body)
        if not isinstance(text, str):
            match text:
                case {"usage": {"prompt_tokens": int(prompt), "completion_tokens": int(completion)}}:
                    self.prompt_tokens += prompt
                    self.completion_tokens += completion
            return text
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        completion = count_tokens(text) if limit is None else min(count_tokens(text), limit)
        finish = "stop" if completion == count_tokens(text) else "length"
        prompt = prompt_tokens(body)
        self.prompt_tokens += prompt
        self.completion_tokens += completion
        message = {"role": "assistant", "content": text.encode()[: 4 * completion].decode(errors="ignore")}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
            "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
        }

    async def _deliver(
        self, request: web.Request, body: Body, completion: Body, fault: Fault | None
    ) -> web.StreamResponse:
        kind = fault.kind if fault else None
        if fault is not None and kind == "error":
            return _failed(fault)
        if kind == "hang":
            await self._stopped.wait()
        if kind in ("drop", "hang"):
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if kind == "cut":
            return await _cut_off(request, json.dumps(completion).encode())
        if kind == "truncated":
            text = json.dumps(completion)
            return web.Response(text=text[: len(text) // 2], content_type="application/json")
        if kind == "not_json":
            return web.Response(text="<html><body>502 Bad Gateway</body></html>", content_type="text/html")
        self.answered += 1
        return web.json_response(_spoil(completion, kind))

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(self.stats())

    async def start(self) -> None:
        """Listen on the running loop."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/stats", self._stats)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        assert site._server is not None
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        self._stopped.set()
        await self._runner.cleanup()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopback", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _failed(fault: Fault) -> web.Response:
    if fault.body is not None:
        return web.json_response(fault.body, status=fault.status)
    return _error(fault.status, fault.message, {"Location": "/elsewhere"} if fault.status < 400 else None)


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"error": {"message": message, "type": "error", "param": None, "code": None}}
    return web.json_response(body, status=status, headers=headers)


def _spoil(completion: Body, kind: str | None) -> Body:
    if kind == "no_usage":
        return {key: value for key, value in completion.items() if key != "usage"}
    if kind == "empty_choices":
        return {**completion, "choices": []}
    if kind == "null_content":
        return {
            **completion,
            "choices": [{**completion["choices"][0], "message": {"role": "assistant", "content": None}}],
        }
    if kind == "length":
        return {**completion, "choices": [{**completion["choices"][0], "finish_reason": "length"}]}
    return completion


async def _cut_off(request: web.Request, data: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(data))})
    await response.prepare(request)
    await response.write(data[: len(data) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


@contextlib.contextmanager
def dead_endpoint() -> Iterator[str]:
    """A `base_url` at which nothing listens."""
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, never listening: refused, and no one else can take the port
        yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"


async def _serve(arguments: argparse.Namespace) -> None:
    server = Loopback(latency=arguments.latency, port=arguments.port)
    server.keep_bodies = False
    await server.start()
    print(json.dumps({"url": server.url}), flush=True)  # noqa: T201 (this is the program's output)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--port", type=int, default=0)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))
