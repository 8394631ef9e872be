"""One attempt at one request, over the OpenAI SDK; every failure leaves here typed and without the key.

The SDK's own retries are off (each attempt is reserved and charged), and its response models are not used: parsing
them takes longer than the rest of a request. Exceptions of the SDK are not chained to ours: their requests hold the
key, and a server's error text may quote it.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import openai
from pydantic import SecretStr

from apo_ci.config import place_of_key
from apo_ci.errors import ApoError, AuthenticationError, EndpointError, RequestFailedError
from apo_ci.lm.dialect import Dialect, refuses_schema
from apo_ci.lm.failures import AttemptFailedError, Failure, UnsupportedFeatureError
from apo_ci.lm.model import Completion, Request, Usage

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_QUOTED_CHARACTERS = 300
_SHORTEST_SECRET = 8  # a shorter key is a placeholder for a server that needs none, and may occur in any text


@dataclass(frozen=True, slots=True)
class Reply:
    """A completion as it came; `usage` is `None` where the endpoint did not report it."""

    completion: Completion
    usage: Usage | None


def provider_name(base_url: str | None) -> str:
    """`openai:<base_url>` without credentials, query and trailing slash, for cache keys and provenance."""
    url = urlsplit(base_url or OPENAI_URL)
    return f"openai:{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path.rstrip('/')}"


class OpenAIModel:
    """Sends single attempts to an OpenAI-compatible endpoint."""

    def __init__(
        self,
        base_url: str | None,
        key: SecretStr | None,
        *,
        provider: str | None = None,
        key_name: str = "OPENAI_API_KEY",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """`key_name` is the environment variable to speak of; `extra` goes into every payload."""
        self.provider = provider or provider_name(base_url)
        self._key = key.get_secret_value().strip() if key else ""
        self._key_name = key_name
        self._extra = dict(extra or {})
        self._dialects: dict[str, Dialect] = {}
        if not (self._key.isascii() and self._key.isprintable()):
            raise AuthenticationError(
                f"the key in {key_name} holds characters that no key has", cure="Copy it again, without quotes."
            )
        loopback = urlsplit(base_url or OPENAI_URL).hostname in _LOOPBACK
        self._client = openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=base_url or OPENAI_URL,
            max_retries=0,
            # Redirects are not followed: one reservation is one request. This machine is not asked through a proxy.
            http_client=openai.DefaultAioHttpClient(follow_redirects=False, trust_env=not loopback),
        )

    def adaptations(self, model: str) -> Dialect:
        """What `model` is asked differently from the request."""
        return self._dialects.get(model, Dialect())

    async def send(self, request: Request, seconds: float) -> Reply:
        """Make one attempt within `seconds`, or raise `AttemptFailedError`."""
        payload = self.adaptations(request.model).apply({**request.payload(), **self._extra})
        try:
            async with asyncio.timeout(seconds):
                body = await self._client.post(
                    "/chat/completions",
                    cast_to=bytes,
                    body=payload,
                    options={"timeout": openai.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))},
                )
            return self._parse(body, request.model)
        except openai.APIStatusError as exc:
            failed = self._refusal(exc, request.model, payload)
        except (TimeoutError, openai.OpenAIError, aiohttp.ClientError, OSError) as exc:
            failed = self._lost(exc, seconds)
        except UnicodeEncodeError:
            error = RequestFailedError("the request holds half of a surrogate pair")
            failed = AttemptFailedError(Failure.REFUSED, error)
        raise failed  # outside of the handlers: no exception that knows the key becomes its context

    async def answers(self, seconds: float) -> bool:
        """Whether anything that speaks HTTP answers there within `seconds`, whatever it says."""
        try:
            async with asyncio.timeout(seconds):
                await self._client.get("/models", cast_to=bytes)
        except openai.APIStatusError:
            return True
        except (TimeoutError, openai.OpenAIError, aiohttp.ClientError, OSError):
            return False
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def __repr__(self) -> str:
        return f"OpenAIModel({self.provider!r})"

    def _parse(self, body: bytes, model: str) -> Reply:
        try:
            data = json.loads(body)
        except ValueError:
            raise self._unreadable(f"no JSON ({len(body)} bytes that begin {body[:60]!r})") from None
        usage = _usage(data)
        match data:
            case {"choices": [{"message": {"content": content}} as choice, *_]}:
                text = _text(content, choice["message"].get("refusal"))
                text = self._without_key(text)
            case {"error": error}:
                raise self._unreadable(f"an error: {json.dumps(error)}", usage)
            case {"choices": [{"message": {}} as choice, *_]}:
                text = ""
            case _:
                raise self._unreadable("no choices", usage)
        finish = str(choice.get("finish_reason") or "stop")
        completion = Completion(text, finish, usage or Usage(), str(data.get("model") or model))
        return Reply(completion, usage)

    def _unreadable(self, what: str, usage: Usage | None = None) -> AttemptFailedError:
        error = RequestFailedError(f"the endpoint's reply holds {self._quote(what)}")
        return AttemptFailedError(Failure.BROKEN, error, usage=usage)

    def _refusal(self, exc: openai.APIStatusError, model: str, payload: Mapping[str, Any]) -> AttemptFailedError:
        """What an answer with an error status means."""
        status, text = exc.status_code, self._quote(_message(exc))
        said = f"the endpoint answered {status}" + (f": {text}" if text else "")
        if status in (401, 403):
            if not self._key:
                said = f"the endpoint answered {status}, and the environment variable {self._key_name} is not set"
            cure = f"Set {place_of_key(self._key_name)} to a key that {self.provider} accepts for {model}."
            return _fatal(AuthenticationError(said, cure=cure))
        if status == 404 or 300 <= status < 400:
            return _fatal(EndpointError(said, cure=f"Check base_url ({self.provider}) and the model's name ({model})."))
        if status == 402 or "insufficient_quota" in (exc.code, exc.type):
            return _fatal(EndpointError(said, cure="The account has no quota left: check its plan and billing."))
        error = RequestFailedError(said)
        if status == 429:
            return AttemptFailedError(Failure.BUSY, error, retry_after=_retry_after(exc.response.headers))
        if status in (400, 422):
            return self._misunderstanding(error, model, payload, _message(exc), exc.param)
        if status in (408, 409, 425) or status >= 500:
            return AttemptFailedError(Failure.BROKEN, error, retry_after=_retry_after(exc.response.headers))
        return AttemptFailedError(Failure.REFUSED, error)

    def _misunderstanding(
        self, error: ApoError, model: str, payload: Mapping[str, Any], message: str, parameter: str | None
    ) -> AttemptFailedError:
        """A refusal of the request's form: the next one is put differently, if it can be."""
        known = self.adaptations(model)
        learnt = known.after_refusal(payload, message, parameter)
        if learnt != known or known.apply(dict(payload)) != payload:  # or another request has learnt it meanwhile
            self._dialects[model] = learnt
            return AttemptFailedError(Failure.ADAPTED, error)
        if refuses_schema(payload, message, parameter):
            error = UnsupportedFeatureError(error.message, feature="response_format")
        return AttemptFailedError(Failure.REFUSED, error)

    def _lost(self, exc: BaseException, seconds: float) -> AttemptFailedError:
        """What it means that no answer came."""
        causes = _causes(exc)
        unconnected = next((cause for cause in causes if isinstance(cause, aiohttp.ClientConnectorError)), None)
        if unconnected is not None:
            error = RequestFailedError(f"no connection to {self.provider}: {self._quote(str(unconnected.os_error))}")
            return AttemptFailedError(Failure.UNSENT, error)
        if any(isinstance(cause, aiohttp.ConnectionTimeoutError) for cause in causes):
            error = RequestFailedError(f"no connection to {self.provider} within {CONNECT_SECONDS:g} s")
            return AttemptFailedError(Failure.UNSENT, error)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return AttemptFailedError(Failure.BROKEN, RequestFailedError(f"no reply within {seconds:g} s"))
        error = RequestFailedError(
            f"the connection was lost before the reply was complete ({type(causes[-1]).__name__})"
        )
        return AttemptFailedError(Failure.BROKEN, error)

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if len(self._key) >= _SHORTEST_SECRET else text

    def _quote(self, text: str) -> str:
        """Foreign text for a message: one line, short, without the key."""
        text = self._without_key(text)
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "…"


def _fatal(error: ApoError) -> AttemptFailedError:
    return AttemptFailedError(Failure.FATAL, error)


def _causes(exc: BaseException) -> list[BaseException]:
    causes = [exc]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    return causes


def _message(exc: openai.APIStatusError) -> str:
    """The error text of the body: OpenAI's `error.message`, or what other servers send in its place."""
    match exc.body:
        case {"message": str(message)} | {"error": {"message": str(message)}} | {"error": str(message)}:
            return message
        case {"detail": detail} | {"message": detail}:
            return detail if isinstance(detail, str) else json.dumps(detail)
        case str(text):
            return text
    return ""


def _text(content: object, refusal: object) -> str:
    """A message's text: `content` may be null (a refusal, a spent limit) or a list of parts."""
    match content:
        case str(text):
            return text
        case list(parts):
            return "".join(
                part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)
            )
    return refusal if isinstance(refusal, str) else ""


def _usage(data: object) -> Usage | None:
    """The reply's `usage` if it can be believed; tokens that only `total_tokens` shows were billed as output."""
    match data:
        case {"usage": {"prompt_tokens": int(prompt), "completion_tokens": int(completion)} as usage}:
            total = usage.get("total_tokens")
            if isinstance(total, int):
                completion = max(completion, total - prompt)
            return Usage(prompt, completion) if prompt >= 0 and completion >= 0 else None
    return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait (RFC 9110, section 10.2.3: seconds or a date; OpenAI also sends milliseconds)."""
    milliseconds, value = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", milliseconds):
        return float(milliseconds) / 1000
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    date = email.utils.parsedate_tz(value)
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None
