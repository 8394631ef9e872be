"""The one seam to a language model: `LanguageModel.complete(request) -> Completion`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal, Protocol

from apo_ci.config import Parameters

Role = Literal["system", "user", "assistant"]
_LARGEST = 2**53  # of a cached reply's tokens and seconds


class Purpose(StrEnum):
    """What a request is for; the ledger keeps an account for each."""

    BASE = "base"
    HEAD = "head"
    SEARCH = "search"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One chat completion request.

    `response_schema` is a JSON Schema as text, for structured output where the endpoint has it.
    `replicate` tells repeated samples of one prompt apart. `purpose` is for the ledger; neither it nor
    anything else outside `cache_key` changes the reply.
    """

    model: str
    messages: tuple[Message, ...]
    parameters: Parameters
    response_schema: str | None = None
    replicate: int = 0
    purpose: Purpose = Purpose.HEAD

    def for_purpose(self, purpose: Purpose) -> Request:
        """The same request on another account."""
        return replace(self, purpose=purpose)

    def payload(self) -> dict[str, Any]:
        """The body of `POST /chat/completions` (OpenAI API reference), less transport options."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in self.messages],
        }
        body.update({key: value for key, value in _parameters(self.parameters) if value not in (None, ())})
        if self.response_schema is not None:
            schema = {"name": "reply", "strict": True, "schema": json.loads(self.response_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def cache_key(self, provider: str) -> str:
        """SHA-256 over the provider, the model, every sampling parameter, the messages and the replicate."""
        identity = (
            provider,
            self.model,
            _parameters(self.parameters),
            [(message.role, message.content) for message in self.messages],
            self.response_schema,
            self.replicate,
        )
        return hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()


def _parameters(parameters: Parameters) -> list[tuple[str, Any]]:
    return sorted(parameters.__dict__.items())


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, as its reply reported them; where it did not, a bound that is not `reported`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    reported: bool = True

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's reply. `finish_reason` as in the API: `stop`, `length`, `content_filter`, …

    `seconds` is how long the request that brought it took, without waiting for its turn and without failed attempts
    before it; a cached reply keeps the time that it took when it was paid for. `None` where nobody measured it.
    """

    text: str
    finish_reason: str
    usage: Usage
    model: str = ""
    cached: bool = False
    seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data for the cache."""
        return {
            "text": self.text,
            "finish_reason": self.finish_reason,
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
            "model": self.model,
            **({} if self.usage.reported else {"reported": False}),
            **({} if self.seconds is None else {"seconds": self.seconds}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Completion:
        """The reply that `as_json` described, marked as cached. Raises `ValueError` for amounts that are none."""
        prompt, completion = (_number(data[name]) for name in ("prompt_tokens", "completion_tokens"))
        usage = Usage(int(prompt), int(completion), data.get("reported") is not False)
        seconds = None if data.get("seconds") is None else _number(data["seconds"])
        return cls(data["text"], data["finish_reason"], usage, data["model"], cached=True, seconds=seconds)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        raise ValueError("no amount")
    return value


class LanguageModel(Protocol):
    """Anything that answers requests.

    Contract of `complete`: it returns a `Completion`, or raises `RequestFailedError` for this request
    alone, `BudgetExhaustedError` when no reservation could be made, or an `InfrastructureError` when no
    further request can succeed. It may be called concurrently from one event loop.
    """

    @property
    def provider(self) -> str:
        """Where replies come from, for cache keys and provenance: `openai:<base_url>`, `local:<sha256>`."""
        ...

    @property
    def concurrency(self) -> int:
        """How many requests may usefully be in flight at once."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer `request`."""
        ...

    async def aclose(self) -> None:
        """Release connections, processes and files."""
        ...
