"""Serves a simulated world as an OpenAI-compatible endpoint on loopback, and counts the calls.

`python -m benchmarks.search.server --seed 3 [--null] [--veiled] [--latency 0.2]` prints its address as JSON. `POST
/v1/chat/completions` answers for the models `task` and `optimizer`; `GET /stats` gives the counts; `POST /reset`
starts over, in another world if told its `seed` (and `null`, `veiled`), with another `latency` if told that.

`Server` runs it in a process of its own, so that what a client measures is not slowed by the server's own work.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import subprocess
import sys
import urllib.request
from typing import Any, Self

from aiohttp import web

from benchmarks.search.messages import messages_of
from benchmarks.search.models import SimulatedModels, kind_of
from benchmarks.search.world import World, make_world

Body = dict[str, Any]
CHARACTERS_PER_TOKEN = 4
LONGEST_REQUEST = 16 * 1024 * 1024


class Endpoint:
    """The application: its counts are of what arrived, whatever became of the answer."""

    def __init__(self, world: World, latency: float = 0.0):
        self._models = SimulatedModels(world)
        self._latency = latency
        self._zero()

    def _zero(self) -> None:
        self._counts = {"calls": 0, "task": 0, "optimizer": 0, "max_concurrent": 0}
        self._running = 0

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=LONGEST_REQUEST)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/stats", self._stats)
        app.router.add_post("/reset", self._reset)
        return app

    async def _chat(self, request: web.Request) -> web.Response:
        self._counts["calls"] += 1
        self._running += 1
        self._counts["max_concurrent"] = max(self._counts["max_concurrent"], self._running)
        try:
            body = await request.json()
            self._counts[kind_of(body)] += 1
            text = self._models.reply(body)
            if self._latency:
                await asyncio.sleep(self._latency)
            return web.json_response(_completion(body, text))
        except (KeyError, TypeError, ValueError) as problem:
            error = {"message": f"cannot be answered: {problem!r}", "type": "invalid_request_error"}
            return web.json_response({"error": error}, status=400)
        finally:
            self._running -= 1

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(self._counts)

    async def _reset(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        if "seed" in wanted:
            kind = {name: wanted.get(name, False) for name in ("null", "veiled")}
            self._models = SimulatedModels(make_world(wanted["seed"], **kind))
        if "latency" in wanted:
            self._latency = wanted["latency"]
        self._models.reset()
        self._zero()
        return web.json_response(self._counts)


def _completion(body: Body, text: str) -> Body:
    sent = sum(_tokens(message.text) + 4 for message in messages_of(body))
    limit = body.get("max_completion_tokens", body.get("max_tokens")) or math.inf
    finish = "stop" if _tokens(text) <= limit else "length"
    text = text if finish == "stop" else text[: int(limit) * CHARACTERS_PER_TOKEN]
    written = _tokens(text)
    return {
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": sent, "completion_tokens": written, "total_tokens": sent + written},
    }


def _tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


class Server:
    """A world's endpoint in a process of its own; a context manager. `url` is what to set as `base_url`."""

    def __init__(self, world: World, *, latency: float = 0.0):
        self._world, self._latency = world, latency
        self.url = ""

    def __enter__(self) -> Self:
        options = ["--until-input-ends", "--seed", str(self._world.seed), "--latency", str(self._latency)]
        options += ["--null"] if self._world.null else []
        options += ["--veiled"] if self._world.veiled else []
        command = [sys.executable, "-m", "benchmarks.search.server", *options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The simulated server did not start; its message is on the standard error.")
        self.url = json.loads(line)["url"]
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # tells it to end
        self._process.wait(10)
        self._process.stdout.close()

    def stats(self) -> dict[str, int]:
        """What arrived since the start or the last reset: all calls, those to each model, and the most at once."""
        return self._ask("/stats", None)

    def reset(self, world: World | None = None, *, latency: float | None = None) -> None:
        """Start over: counts and repetitions are forgotten; with `world`, in that one."""
        wanted: Body = {}
        if world is not None:
            wanted = {"seed": world.seed, "null": world.null, "veiled": world.veiled}
        self._ask("/reset", wanted if latency is None else {**wanted, "latency": latency})

    def _ask(self, path: str, body: Body | None) -> dict[str, int]:
        data = None if body is None else json.dumps(body).encode()
        address = self.url.removesuffix("/v1") + path
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, int] = json.load(response)
        return answer


async def serve(world: World, *, latency: float, port: int, until: asyncio.Event | None = None) -> None:
    """Serve on loopback, print the address, and go on until `until` is set."""
    runner = web.AppRunner(Endpoint(world, latency).application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}/v1"}), flush=True)
    try:
        await (until or asyncio.Event()).wait()
    finally:
        await runner.cleanup()


async def _serve(arguments: argparse.Namespace) -> None:
    ended = asyncio.Event()
    world = make_world(arguments.seed, null=arguments.null, veiled=arguments.veiled)
    if arguments.until_input_ends:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, sys.stdin.read).add_done_callback(lambda _: ended.set())
    await serve(world, latency=arguments.latency, port=arguments.port, until=ended)


def main() -> None:
    """Serve the world that the command line names."""
    parser = argparse.ArgumentParser(description="Serve a simulated world.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--null", action="store_true", help="a world in which nothing helps")
    parser.add_argument("--veiled", action="store_true", help="a world whose cases share no word with the rules")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--port", type=int, default=0, help="0 takes any that is free")
    parser.add_argument(
        "--until-input-ends", action="store_true", help="end with whoever holds the other end of the standard input"
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
