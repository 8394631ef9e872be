"""The messages of a chat-completions request, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """One message."""

    role: str
    text: str


def messages_of(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """The messages of a request's body; of contents in parts, the text."""
    return tuple(Message(str(message.get("role")), _text(message.get("content"))) for message in body["messages"])


def whole_text(messages: Sequence[Message]) -> str:
    """All messages as one text."""
    return "\n\n".join(message.text for message in messages)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content if isinstance(part, Mapping))
    return content or ""
