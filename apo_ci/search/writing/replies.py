"""What an optimizer model wrote, read with low expectations: JSON, tags, or nothing of use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST_REPLY = 200_000  # characters; what is longer is read up to here
LONGEST_REASON = 2_000
_FENCE = re.compile(r"^```[\w-]*\n(.*?)\n?```$", re.DOTALL)
_REASON = re.compile(r"<reason>", re.IGNORECASE)
_CRITICISM = re.compile(r"<criticism>", re.IGNORECASE)
_PART = re.compile(r"<part\s{1,4}id\s?=\s?[\"']?(\d{1,4})[\"']?\s?>", re.IGNORECASE)
_PROMPT = re.compile(r"<prompt>", re.IGNORECASE)


def read_reasons(reply: str, most: int) -> tuple[str, ...]:
    """At most `most` distinct reasons."""
    reply = reply[:LONGEST_REPLY]
    data = _json_object(reply)
    found = data.get("reasons") if data is not None else [text for _, text in _tagged(reply, _REASON, "</reason>")]
    reasons = (reason.strip() for reason in found or () if isinstance(reason, str)) if isinstance(found, list) else ()
    return tuple(dict.fromkeys(reason[:LONGEST_REASON] for reason in reasons if reason))[:most]


def read_criticism(reply: str) -> str:
    """What a model says against its own prompt; empty when it says nothing."""
    reply = reply[:LONGEST_REPLY]
    data = _json_object(reply)
    tagged = [text for _, text in _tagged(reply, _CRITICISM, "</criticism>")]
    found = data.get("criticism") if data is not None else "\n".join(tagged)
    return found.strip()[:LONGEST_REASON] if isinstance(found, str) else ""


def read_parts(reply: str, number: int) -> dict[int, str]:
    """New texts of a prompt's `number` parts, by zero-based index; a part that was left out stays as it is."""
    reply = reply[:LONGEST_REPLY]
    data = _json_object(reply)
    if data is not None:
        return _parts_of(data.get("parts"), number)
    tagged = [(int(tag.group(1)), text) for tag, text in _tagged(reply, _PART, "</part>")]
    if not tagged and number == 1:
        tagged = [(1, text) for _, text in _tagged(reply, _PROMPT, "</prompt>")][-1:]
    return {id_ - 1: text.strip() for id_, text in tagged if 1 <= id_ <= number and text.strip()}


def _parts_of(parts: Any, number: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in parts if isinstance(parts, list) else ():
        id_, text = (part.get("id"), part.get("text")) if isinstance(part, dict) else (None, None)
        if isinstance(id_, int) and 1 <= id_ <= number and isinstance(text, str) and text.strip():
            found[id_ - 1] = text.strip()
    return found


def _tagged(reply: str, opening: re.Pattern[str], closing: str) -> Iterator[tuple[re.Match[str], str]]:
    """What stands between tags, with the opening one; in time that grows with the reply's length alone."""
    last = re.compile(closing, re.IGNORECASE)
    position = 0
    while (first := opening.search(reply, position)) and (end := last.search(reply, first.end())):
        yield first, reply[first.end() : end.start()]
        position = end.end()


def _json_object(reply: str) -> dict[str, Any] | None:
    """The JSON object that `reply` is, or holds between its first and last brace."""
    stripped = reply.strip()
    fenced = _FENCE.match(stripped)
    text = fenced.group(1) if fenced else stripped
    for candidate in (text, text[text.find("{") : text.rfind("}") + 1]):
        try:
            data = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            return data
    return None
