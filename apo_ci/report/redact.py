"""Secrets are taken out of whatever leaves the process, also where they stand encoded."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeVar, get_origin

from pydantic import BaseModel

REDACTED = "‹redacted›"
MIN_SECRET = 6
MIN_FRAGMENT = 8
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
Model = TypeVar("Model", bound=BaseModel)


class Redactor:
    """Replaces every known secret, plain or encoded (base64, percent, hex, JSON, HTML), by `‹redacted›`.

    Secrets of fewer than six characters are left alone: keys of loopback endpoints are words such as `none` or
    `x`, which stand in every text and protect nothing. `too_short` says whether there was one.
    """

    def __init__(self, secrets: Iterable[str] = ()):
        stripped = {secret.strip() for secret in secrets} - {""}
        self.too_short = any(len(secret) < MIN_SECRET for secret in stripped)
        forms = {form for secret in stripped if len(secret) >= MIN_SECRET for form in _forms(secret)}
        self._whole = sorted(secret for secret in stripped if len(secret) > MIN_FRAGMENT)
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        if self._pattern is None:
            return text
        text = self._pattern.sub(REDACTED, text)
        for secret in self._whole if "…" in text else ():
            text = _without_beginnings(text, secret)
        return text


def _without_beginnings(text: str, secret: str) -> str:
    """`text` without what an excerpt left of `secret`: its beginning, before an ellipsis."""
    pieces = text.split("…")
    for position, piece in enumerate(pieces[:-1]):
        for length in range(min(len(secret) - 1, len(piece)), MIN_FRAGMENT - 1, -1):
            if piece.endswith(secret[:length]):
                pieces[position] = piece[:-length] + REDACTED
                break
    return "…".join(pieces)


def redacted(model: Model, redactor: Redactor) -> Model:
    """A copy of `model` whose free text holds no secret; fields with a fixed vocabulary stay."""
    update = {
        name: _walk(getattr(model, name), redactor)
        for name, field in type(model).model_fields.items()
        if get_origin(field.annotation) is not Literal
    }
    return model.model_copy(update=update)


def _walk(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor(value)
    if isinstance(value, BaseModel):
        return redacted(value, redactor)
    if isinstance(value, tuple | list):
        return type(value)(_walk(item, redactor) for item in value)
    if isinstance(value, dict):
        return {redactor(str(key)): _walk(item, redactor) for key, item in value.items()}
    return value


def _forms(secret: str) -> Iterator[str]:
    yield secret
    if "\n" in secret:
        yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= MIN_FRAGMENT)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield html.escape(secret)
    octets = secret.encode("utf-8", "surrogatepass")
    for template in ("%{:02X}", "%{:02x}"):
        percent = "".join(chr(octet) if octet in UNRESERVED else template.format(octet) for octet in octets)
        yield from (percent, percent.replace("%20", "+"), percent.replace("%2F", "/").replace("%2f", "/"))
    yield from (octets.hex(), octets.hex().upper())
    yield from _base64_forms(octets)


def _base64_forms(octets: bytes) -> Iterator[str]:
    """What base64 (RFC 4648, both alphabets) makes of `octets`, wherever in the encoded text they begin."""
    for offset, skipped in ((0, 0), (1, 2), (2, 3)):
        padded = b"\0" * offset + octets
        whole = base64.b64encode(padded).decode().rstrip("=")
        kept = whole[skipped : len(whole) - (1 if len(padded) % 3 else 0)]
        if len(kept) >= MIN_FRAGMENT:
            yield from (kept, kept.replace("+", "-").replace("/", "_"))
