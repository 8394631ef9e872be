"""What a model's endpoint wants to be asked differently; learnt from its refusals, once per model.

OpenAI's reasoning models refuse `max_tokens` (they want `max_completion_tokens`) and any `temperature` but their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_DROPPABLE = ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty")
_REFUSAL = re.compile(r"unsupported|not support|unrecognized|unknown|not permitted|not allowed|extra inputs", re.I)
_SCHEMA = re.compile(r"response_format|json_schema|structured output|guided", re.I)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Changes to a request's payload."""

    renamed_limit: bool = False
    dropped: frozenset[str] = frozenset()

    def apply(self, payload: dict[str, Any]) -> dict[str, Any]:
        """`payload` as this endpoint wants it."""
        if self.dropped:
            payload = {key: value for key, value in payload.items() if key not in self.dropped}
        if self.renamed_limit and "max_tokens" in payload:
            payload["max_completion_tokens"] = payload.pop("max_tokens")
        return payload

    def after_refusal(self, payload: Mapping[str, Any], message: str, parameter: str | None) -> Dialect:
        """The dialect that answers a refusal (400 or 422) of `payload`; this one when nothing was learnt."""
        if "max_tokens" in payload and "max_completion_tokens" in message:
            return replace(self, renamed_limit=True)
        if not _REFUSAL.search(message):
            return self
        for name in _DROPPABLE:
            if name in payload and (name == parameter or (parameter is None and re.search(rf"\b{name}\b", message))):
                return replace(self, dropped=self.dropped | {name})
        return self


def refuses_schema(payload: Mapping[str, Any], message: str, parameter: str | None) -> bool:
    """Whether a refusal of `payload` is one of structured output."""
    named = (parameter or "").startswith("response_format") or _SCHEMA.search(message) is not None
    return "response_format" in payload and named
