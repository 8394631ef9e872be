"""GitHub's REST and GraphQL APIs, as far as a check of prompts needs them; the only module that speaks HTTP to GitHub.

https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api. What fails leaves here as a
`GitHubError` without the token: exceptions of `requests` hold it in their headers, so none is ever chained to ours.
Requests of one client are sent one after the other, as GitHub asks for, from however many threads they come.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import requests
import urllib3
from pydantic import SecretStr
from requests.auth import AuthBase

from apo_ci.errors import GitHubError, NotFoundError
from apo_ci.publish.addresses import Endpoint, check_repository, segment
from apo_ci.publish.exchange import RAW, Answer, Method, Request, encoded, first_field, next_link
from apo_ci.publish.losses import setback_of
from apo_ci.publish.rate_limits import Kind, Patience, Setback, server_time, setback_in
from apo_ci.publish.refusals import decoded, given_up, graphql_refusal, items, refusal, unknown_outcome, unusable
from apo_ci.report.escape import clip, one_line
from apo_ci.report.redact import Redactor

API_VERSION = "2022-11-28"
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0  # without a byte
ANSWER_SECONDS = 60.0  # for a whole answer
MOST_RAW_BYTES = 20_000_000
MOST_PAGES = 1000
MOST_REDIRECTS = 5
# "The request should be repeated verbatim to the URI specified in the Location header field."
REDIRECTS = (301, 302, 307, 308)
CHUNK = 65_536
QUOTED_CHARACTERS = 300


class GitHub:
    """A client for one repository, with one token; safe to use from several threads.

    Requests that fail for now are sent again after a pause; all pauses of one request, and its attempts that failed,
    take `patience_seconds` at most. After a request was given up, later ones are tried once only, until one succeeds:
    an outage costs a job its patience once, not once for every step.
    """

    def __init__(
        self,
        token: SecretStr | None,
        repository: str,
        *,
        api_url: str = "https://api.github.com",
        graphql_url: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        generator: random.Random | None = None,
        patience_seconds: float = 120,
    ) -> None:
        """`clock` is in seconds since the epoch. Raises `GitHubError` for addresses and tokens that cannot be used."""
        self.repository = check_repository(repository)
        self.requests = 0
        self._endpoint = Endpoint.parse(api_url)
        self._graphql_url = self._endpoint.graphql() if graphql_url is None else self._endpoint.beside(graphql_url)
        self._sleep, self._clock = sleep, clock
        self._generator = generator or random.Random()  # noqa: S311 (jitter, not secrets)
        self._patience_seconds = patience_seconds
        self._gave_up = False
        self._server_ahead = 0.0
        self._auth = _Bearer(token)
        self._redact = Redactor(self._auth.secrets())
        self._lock = threading.Lock()
        self._session = _session(self._auth, self._endpoint)

    def __repr__(self) -> str:
        return f"GitHub({self.repository!r}, {self._endpoint.origin}{self._endpoint.base})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def now(self) -> float:
        """The time in seconds since the epoch by GitHub's clock (to the second), as its last answer told it."""
        return self._clock() + self._server_ahead

    def path(self, *segments: str | int) -> str:
        """`/repos/{owner}/{name}/…`, each of `segments` quoted, with its slashes."""
        return "/".join(("/repos", self.repository, *map(segment, segments)))

    def get(self, path: str, /, **query: str | int) -> Any:
        """The JSON at `path`."""
        return self._json(Request("GET", self._endpoint.at(path, query)))

    def raw(self, path: str, /, **query: str | int) -> bytes:
        """The bytes of the file that a `contents` path names, 20 MB at most."""
        request = Request("GET", self._endpoint.at(path, query), accept=RAW, most_bytes=MOST_RAW_BYTES)
        return self._answer(request).body

    def pages(self, path: str, /, *, key: str | None = None, **query: str | int) -> Iterator[dict[str, Any]]:
        """The items of all pages (RFC 8288 links), asked for as they are needed; `key` is what they are wrapped in."""
        request = Request("GET", self._endpoint.at(path, {"per_page": 100, **query}))
        for _ in range(MOST_PAGES):
            answer = self._answer(request)
            yield from items(request, answer, key)
            following = next_link(answer.headers.get("link", ""))
            if following is None:
                return
            request = replace(request, url=self._same_origin(following, request))
        raise GitHubError(f"{request} has more than {MOST_PAGES} pages")

    def post(self, path: str, body: Mapping[str, Any], *, repeatable: bool = False) -> Any:
        """Send `body`; the JSON of the answer, if any."""
        return self.created(path, body, repeatable=repeatable)[0]

    def created(self, path: str, body: Mapping[str, Any], *, repeatable: bool = False) -> tuple[Any, bool]:
        """Like `post`; also whether something new was made (201), rather than found."""
        request = self._write("POST", path, body, repeatable)
        answer = self._answer(request)
        return decoded(request, answer), answer.status == 201

    def patch(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        repeatable: bool = True,
        patience_seconds: float | None = None,
    ) -> Any:
        """Change what is at `path`; not repeatable where a change adds to what is there; `patience_seconds` if own."""
        request = self._write("PATCH", path, body, repeatable)
        return self._json(replace(request, patience_seconds=patience_seconds))

    def delete(self, path: str) -> None:
        """Remove what is at `path`, if it is there; repeatable."""
        with suppress(NotFoundError):
            self._answer(self._write("DELETE", path, None))

    def graphql(self, document: str, /, *, repeatable: bool = True, **variables: Any) -> dict[str, Any]:
        """The `data` of an answer without errors; with any error, partial data or not, an exception."""
        body = encoded({"query": document, "variables": variables})
        request = Request("POST", self._graphql_url, body, repeatable=repeatable, graphql=True)
        answer = self._answer(request)
        said = decoded(request, answer)
        if isinstance(said, dict) and said.get("errors"):
            raise graphql_refusal(request, answer, first_field(document), quote=self._quote)
        if not (isinstance(said, dict) and isinstance(said.get("data"), dict)):
            raise unusable(request, answer, "holds no data")
        return dict(said["data"])

    def _write(self, method: Method, path: str, body: Mapping[str, Any] | None, repeatable: bool = True) -> Request:
        content = None if body is None else encoded(body)
        return Request(method, self._endpoint.at(path, {}), content, repeatable=repeatable)

    def _json(self, request: Request) -> Any:
        return decoded(request, self._answer(request))

    def _answer(self, request: Request) -> Answer:
        """The successful answer to `request`, redirects followed."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._persist(request)
            if 200 <= answer.status < 300:
                return answer
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or location is None:
                raise refusal(request, answer, has_token=bool(self._auth.secrets()), quote=self._quote)
            request = replace(request, url=self._same_origin(location, request))
        raise GitHubError(f"{request} was redirected more than {MOST_REDIRECTS} times")

    def _same_origin(self, location: str, request: Request) -> str:
        url = self._endpoint.same(location, request.url)
        if url is None:
            raise GitHubError(
                f"{request} leads to another host: {self._quote(location)}", cure="The token is not sent there."
            )
        return url

    def _persist(self, request: Request) -> Answer:
        """The first answer to `request` that means something, within patience."""
        seconds = self._patience_seconds if request.patience_seconds is None else request.patience_seconds
        patience = Patience(0 if self._gave_up else seconds, self._generator)
        while True:
            started = self._clock()
            outcome = self._attempt(request)
            if isinstance(outcome, Answer):
                setback = setback_in(outcome, request, self._clock())
                if setback is None:
                    self._gave_up = False
                    return outcome
            else:
                setback = outcome
            self._wait(request, setback, patience, self._clock() - started)

    def _wait(self, request: Request, setback: Setback, patience: Patience, spent: float) -> None:
        """Pause after `setback`, or raise when another attempt is not allowed."""
        if setback.kind is Kind.HOPELESS:
            raise GitHubError(f"GitHub could not be asked {request}: {setback.reason}", status=setback.status)
        if setback.kind is Kind.BROKEN and not request.repeatable:
            raise unknown_outcome(request, setback.reason, setback.status)
        patience.spend(spent)
        due = patience.due(setback)
        pause = patience.take(due)
        if pause is None:
            self._gave_up = self._gave_up or request.patience_seconds is None
            raise given_up(request, setback, patience.tries, self._clock() + due)
        self._sleep(pause)

    def _attempt(self, request: Request) -> Answer | Setback:
        """Send `request` once."""
        with self._lock:
            self.requests += 1
            try:
                return self._receive(request)
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                return setback_of(error, READ_SECONDS)

    def _receive(self, request: Request) -> Answer | Setback:
        headers = {"Accept": request.accept}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        with self._session.request(
            request.method,
            request.url,
            data=request.body,
            headers=headers,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = self._read(response.raw, request)
            if isinstance(body, Setback):
                return body
            names = {name.lower(): value for name, value in response.headers.items()}
            if (told := server_time(names)) is not None:
                self._server_ahead = told - self._clock()
            return Answer(response.status_code, names, body)

    def _read(self, raw: urllib3.BaseHTTPResponse, request: Request) -> bytes | Setback:
        """The body, which may neither be endless nor come in drops for ever."""
        started, received, most = self._clock(), bytearray(), request.most_bytes
        while chunk := raw.read1(CHUNK, decode_content=True):
            received += chunk
            if len(received) > most:
                kind = Kind.HOPELESS if request.repeatable else Kind.BROKEN
                return Setback(kind, f"the answer is longer than {most // 1_000_000} MB")
            if self._clock() - started > ANSWER_SECONDS:
                return Setback(Kind.BROKEN, f"the answer took longer than {ANSWER_SECONDS:.0f} seconds")
        return bytes(received)

    def _quote(self, text: str) -> str:
        return one_line(clip(self._redact(text), QUOTED_CHARACTERS))


class _Bearer(AuthBase):
    """Puts the token into requests; given even without one, so that no `.netrc` is asked for another."""

    def __init__(self, token: SecretStr | None) -> None:
        self._token = token.get_secret_value().strip() if token else ""
        if not (self._token.isascii() and self._token.isprintable()) or " " in self._token:
            raise GitHubError("the token holds characters that no token has", cure="Copy it again, without quotes.")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "_Bearer()"

    def secrets(self) -> tuple[str, ...]:
        """The token, if there is one."""
        return (self._token,) if self._token else ()


def _session(auth: AuthBase, endpoint: Endpoint) -> requests.Session:
    """Connections without retries of their own: urllib3's `Retry` knows neither bodies nor our patience."""
    session = requests.Session()
    session.auth = auth
    session.trust_env = not endpoint.loopback  # proxies and certificates; this machine is not asked through a proxy
    session.headers.update({"User-Agent": f"apo-ci/{version('apo-ci')}", "X-GitHub-Api-Version": API_VERSION})
    return session
