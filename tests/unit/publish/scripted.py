"""A server on loopback that answers what a test wrote down, one answer after the other, and remembers what it saw."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from pydantic import SecretStr

from apo_ci.publish.github import GitHub

TOKEN = "ghs_0123456789abcdefghijABCDEFGHIJ012345"
NOW = 1_760_000_000.0


@dataclass(frozen=True)
class Reply:
    """`body` is sent as JSON unless it is bytes. `cut` closes half-way, `reset` answers nothing but a TCP reset;
    `seconds` pass before the answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    reset: bool = False
    close: bool = False
    hang: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Scripted:
    """The server; its last answer is repeated."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.seen: list[Seen] = []
        self.closed = threading.Event()
        self.stopped = threading.Event()
        self.in_flight = 0
        self.most_in_flight = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def take(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, scripted: Scripted) -> None:
        self.scripted = scripted
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _answer(self) -> None:
        scripted = self.server.scripted
        with scripted.counted():
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = scripted.take(Seen(self.command, self.path, headers, body))
            if reply.hang:
                scripted.stopped.wait(10)
            time.sleep(reply.seconds)
            if reply.reset:
                self._reset()
            else:
                self._send(reply)
        if reply.close or reply.cut:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 (names that http.server asks for)

    def _send(self, reply: Reply) -> None:
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        if reply.status == 204:
            content = b""
        self.send_response_only(reply.status)
        for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if reply.cut else content)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.shutdown_request(self.request)
            self.server.scripted.closed.set()

    def log_message(self, *_: object) -> None:
        """Nothing goes to stderr."""


class Waiting:
    """A clock that only `sleep` moves, and what was slept."""

    def __init__(self) -> None:
        self.time = NOW
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def clock(self) -> float:
        return self.time


def client(server: Scripted, waiting: Waiting | None = None, **options: Any) -> GitHub:
    """A client of `server` that waits without waiting."""
    waiting = waiting or Waiting()
    return GitHub(
        **{
            "token": SecretStr(TOKEN),
            "repository": "octo/prompts",
            "api_url": server.url,
            "sleep": waiting.sleep,
            "clock": waiting.clock,
            "generator": random.Random(7),
            **options,
        }
    )


@contextmanager
def nobody() -> Iterator[str]:
    """An address at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, never listening: refused, and no one else can take the port
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
