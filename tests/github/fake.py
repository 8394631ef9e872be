"""The fake GitHub: a real HTTP server on loopback whose every exchange is held against GitHub's own contracts.

::

    with FakeGitHub() as fake:
        fake.branch("main", {"prompts/a.txt": "Say yes."})
        fake.branch("edit", {"prompts/a.txt": "Say no."}, parent="main")
        fake.pull_request(7)
        ...  # a client with fake.url and fake.token
        fake.comments(7)

On leaving, `problems` must be empty: a request or an answer that GitHub's description does not know, an unknown
operation, an invalid GraphQL document.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

from tests.github import graphql, rest_checks, rest_comments, rest_git, rest_pulls
from tests.github.contracts import require_contracts
from tests.github.faults import FaultPolicy, Kind, fault_answer, takes_effect
from tests.github.protocol import Answer, Asked, RefusalError, Route, find_route, operations
from tests.github.state import State
from tests.github.validation import Exchange, Validator, validator

HANDLERS = (rest_checks, rest_comments, rest_git, rest_pulls)  # their routes register on import
PREFIXES = ("/api/v3",)
GRAPHQL = ("/graphql", "/api/graphql")
API_VERSIONS = ("2022-11-28",)
NO_ACCESS = "Resource not accessible by integration"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived; `status` is 0 when the connection was broken instead of an answer."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int
    fault: Kind | None
    headers: dict[str, str]


class FakeGitHub(State):
    """The server with the state that it serves; see State for builders and readers."""

    def __init__(
        self,
        *,
        repository: str = "octo/prompts",
        login: str = "github-actions[bot]",
        validate: bool = True,
        clock: Callable[[], float] = time.time,
        port: int = 0,
        token: str = "ghs_" + "0123456789abcdefghij0123456789abcdef",
    ) -> None:
        super().__init__(repository, login, clock)
        self.port, self.token = port, token
        self.log: list[Call] = []
        self.problems: list[str] = []
        self.faults: FaultPolicy | None = None
        self.delay: Callable[[], float] = lambda: 0.0
        self.on_request: Callable[[str, str], None] | None = None
        self._validate = validate

    @property
    def url(self) -> str:
        """What GITHUB_API_URL is to be; `url` + "/api/v3" answers like an Enterprise Server."""
        return f"http://127.0.0.1:{self.port}"

    def calls(self, method: str, part: str = "") -> list[Call]:
        """The requests of this method whose path holds `part`."""
        with self.lock:
            return [call for call in self.log if call.method == method and part in call.path]

    def _validator(self) -> Validator:
        return validator(operations())

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        path = request.raw_path.partition("?")[0]
        if self.on_request is not None:
            await asyncio.to_thread(self.on_request, request.method, path)
        fault = self.faults.draw(request.method, path) if self.faults else None
        answer = None
        if takes_effect(fault):
            with self.lock:
                answer = self._handle(request, path, body)
        if wait := self.delay():
            await asyncio.sleep(wait)
        shown = self._spoilt(fault, answer)
        self._record(request, path, body, shown, fault)
        if shown is None:
            return _broken(request, fault, answer)
        return web.Response(body=shown.data(), status=shown.status, headers=self._headers(shown))

    def _spoilt(self, fault: Kind | None, answer: Answer | None) -> Answer | None:
        if fault is None:
            return answer
        assert self.faults is not None
        return fault_answer(fault, self.faults, self.clock())

    def _headers(self, answer: Answer) -> dict[str, str]:
        now = self.clock()
        return {
            "Date": formatdate(now, usegmt=True),
            "Content-Type": "application/json; charset=utf-8",
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": "4987",
            "x-ratelimit-reset": str(int(now) + 3600),
            "x-ratelimit-resource": "core",
            "X-GitHub-Request-Id": "0000:0000:0000000:0000000:00000000",
            **answer.headers,
        }

    def _record(self, request: web.Request, path: str, body: bytes, shown: Answer | None, fault: Kind | None) -> None:
        status, headers = shown.status if shown else 0, dict(request.headers)
        query = dict(request.query)
        with self.lock:
            self.log.append(Call(request.method, unquote(path), query, _parsed(body), status, fault, headers))

    def _handle(self, request: web.Request, path: str, body: bytes) -> Answer:
        try:
            self._admit(request)
            if path in GRAPHQL:
                return self._graphql(body)
            return self._rest(request, path, body)
        except RefusalError as refusal:
            return refusal.answer()
        except Exception as error:
            self.problems.append(f"{request.method} {path}: the fake failed: {error!r}")
            return Answer(500, {"message": "Server Error"})

    def _admit(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        if not given:
            raise RefusalError(401, "Requires authentication")
        if given not in (f"Bearer {self.token}", f"token {self.token}"):
            raise RefusalError(401, "Bad credentials")
        version = request.headers.get("X-GitHub-Api-Version")
        if version is not None and version not in API_VERSIONS:
            raise RefusalError(400, f'API version "{version}" is not supported.')
        if not request.headers.get("User-Agent"):
            raise RefusalError(403, "Request forbidden by administrative rules.")

    def _graphql(self, body: bytes) -> Answer:
        given = _parsed(body)
        if not isinstance(given, dict):
            raise RefusalError(400, "Problems parsing JSON")
        answered, problems = graphql.answer(self, given)
        if self._validate:
            self.problems.extend(problems)
        return Answer(200, answered)

    def _rest(self, request: web.Request, path: str, body: bytes) -> Answer:
        root, path = self._without_prefix(path)
        found = find_route(request.method, path)
        if found is None:
            self.problems.append(f"{request.method} {path}: the fake knows no such operation")
            raise RefusalError(404, "Not Found")
        route, parameters = found
        exchange = Exchange(request.method, route.template, parameters, dict(request.query), body)
        if self._validate:
            self.problems.extend(self._validator().request_problems(exchange))
        answer = self._answer(route, exchange, request.headers.get("Accept", ""), root, path)
        if self._validate and answer.raw is None:
            full = Exchange(**{**vars(exchange), "status": answer.status, "answer": answer.body})
            self.problems.extend(self._validator().answer_problems(full))
        return answer

    def _without_prefix(self, path: str) -> tuple[str, str]:
        """The address that links begin with, and the path by the repository's name."""
        prefix = next((known for known in PREFIXES if path.startswith(known + "/")), "")
        path = path.removeprefix(prefix)
        numbered = f"/repositories/{self.repository_id}"
        if path == numbered or path.startswith(numbered + "/"):
            path = f"/repos/{self.repository}{path.removeprefix(numbered)}"
        return self.url + prefix, path

    def _answer(self, route: Route, exchange: Exchange, accept: str, root: str, path: str) -> Answer:
        body = _parsed(exchange.body) if exchange.body else {}
        parameters = exchange.parameters
        asked = Asked(exchange.method, path, parameters, exchange.query, body, accept, root)
        full_name = f"{parameters['owner']}/{parameters['repo']}"
        try:
            if full_name not in self.repositories:
                raise RefusalError(404, "Not Found")
            self._permit(route, fork=full_name != self.repository)
            if not isinstance(body, dict):
                raise RefusalError(400, "Problems parsing JSON")
            return route.handler(self, asked)
        except RefusalError as refusal:
            return refusal.answer()

    def _permit(self, route: Route, *, fork: bool) -> None:
        accepted = "; ".join(f"{need}={route.level}" for need in route.needs) or "metadata=read"
        granted = not route.needs or any(self.allows(need, route.level) for need in route.needs)
        if not granted or (fork and route.level == "write"):
            raise RefusalError(403, NO_ACCESS, headers={"X-Accepted-GitHub-Permissions": accepted})

    async def start(self) -> None:
        """Listen on the running loop."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=1024).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the listener and every connection."""
        await self._runner.cleanup()

    def __enter__(self) -> Self:
        require_contracts()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-github", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.start(), self._loop).result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if kind is None:
            assert self.problems == [], "\n".join(self.problems)


def _parsed(body: bytes) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(body)
    return None


def _broken(request: web.Request, fault: Kind | None, answer: Answer | None) -> web.Response:
    """End the connection: by a reset (SO_LINGER of 0 seconds), or half way through the answer."""
    transport = request.transport
    assert transport is not None
    if fault in ("reset", "reset_after"):
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    elif fault == "truncated_after" and answer is not None:
        data = answer.data()
        head = (
            f"HTTP/1.1 {answer.status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(data) + 9}\r\n\r\n"
        )
        assert isinstance(transport, asyncio.Transport)
        transport.write(head.encode() + data)
        transport.close()
    else:
        transport.close()
    return web.Response()
