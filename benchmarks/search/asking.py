"""What a request wants, and in which form: found by words, by the schema and by examples of the form in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.search.reading import Reading

Wish = Literal["reasons", "reasons and prompt", "merge", "shorten", "restructure", "paraphrase", "edit"]
Form = Literal["json", "tags", "fence", "plain"]

REASON_LIKE = re.compile(
    r"reason|critic|problem|thought|plan|analy|expla|feedback|fault|gradient|diagnos", re.IGNORECASE
)
_REASONS = re.compile(
    r"\b(?:give|list|state|name|write|find|explain|describe|tell|identify|criticise|criticize|critique)\b[^.\n]{0,60}"
    r"\b(?:reasons?|criticisms?|critique|problems?|weaknesses|faults?|flaws?|what is wrong|why|your (?:own )?prompt)\b|"
    r"\b(?:note|reason|criticism|gradient):\s*\Z",
    re.IGNORECASE,
)
_REWRITE = re.compile(
    r"\b(?:rewrite|(?:new|improved|better|revised|final) (?:prompt|instruction|version)|improve (?:it|the|this|your)|"
    r"then write)",
    re.IGNORECASE,
)
_MERGE = re.compile(r"\b(?:merg|combin|cross ?over|crossover|blend|mix|unite|best of both|join)", re.IGNORECASE)
_SHORTEN = re.compile(
    r"\b(?:shorten|shorter|fewer words|condens|compress|concise|trim|cut (?:it|the prompt) down|briefer|as short as)",
    re.IGNORECASE,
)
_SHORTEN_NOW = re.compile(r"(?:^|[.!?:…]\s+|\n|please )(?:shorten|condense|compress|trim)\b", re.IGNORECASE)
_RESTRUCTURE = re.compile(
    r"\b(?:restructur|reorgani[sz]|reorder|rearrang|structure|layout|(?:format|form)\b[^.\n]{0,60}\b(?:last|end)\b)",
    re.IGNORECASE,
)
_PARAPHRASE = re.compile(
    r"\b(?:paraphras|variations?\b|rephras|reword|other words|different words|(?:same|keep\w*|preserv\w*)\b[^.\n]{0,30}"
    r"\bmeaning)",
    re.IGNORECASE,
)
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10}
_HOW_MANY = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)}) (?:(?:new|different|distinct|improved|better|diverse|alternative|more|short|"
    r"other|separate)\s+){0,2}(reasons?|criticisms?|problems?|prompts?|variations?|versions?|instructions?)\b",
    re.IGNORECASE,
)
_TAG = re.compile(r"<([A-Za-z_]\w*)((?:\s+\w+=[\"']?\w+[\"']?)?)>")
_ARRAY = re.compile(r"\bjson\b[^.]*\barray\b|\barray of strings\b", re.IGNORECASE | re.DOTALL)
_FENCE = re.compile(r"```|\bcode block|\bfenced\b", re.IGNORECASE)
_DO_NOT_QUOTE = re.compile(r"\b(?:never|do not|don't|without|avoid)\s+(?:quot|list|cop|repeat|includ)", re.IGNORECASE)
MOST = 10  # texts in one reply


@dataclass(frozen=True)
class Tag:
    """How a text in tags begins and ends."""

    opening: str
    closing: str
    name: str


@dataclass(frozen=True)
class Asking:
    """The wish, how many texts are wanted, and their form: `example` is the JSON, `tags` are the tags."""

    wish: Wish
    number: int
    form: Form
    example: Any = None
    schema: Mapping[str, Any] | None = None
    tags: tuple[Tag, ...] = ()
    may_quote: bool = True


def read_asking(reading: Reading, schema: Mapping[str, Any] | None) -> Asking:
    """What is asked; the last message counts first, then the whole request."""
    wish = _wish(reading, schema)
    form, example, tags = _form(reading, schema)
    return Asking(
        wish=wish,
        number=_number(reading.last_asked, wish),
        form=form,
        example=example,
        schema=schema or None,
        tags=tags,
        may_quote=not _DO_NOT_QUOTE.search(reading.asked),
    )


def _wish(reading: Reading, schema: Mapping[str, Any] | None) -> Wish:
    asked = reading.last_asked
    wants_reasons = bool(_REASONS.search(asked))
    names = tuple((schema or {}).get("properties", ()))
    if names and all(REASON_LIKE.search(name) for name in names):
        return "reasons"
    if any(REASON_LIKE.search(name) for name in names):
        return "reasons and prompt"
    if wants_reasons and not names:
        return "reasons and prompt" if _REWRITE.search(asked) else "reasons"
    if len(reading.prompts) > 1 and _MERGE.search(asked):
        return "merge"
    return _rewriting(reading, asked)


def _rewriting(reading: Reading, asked: str) -> Wish:
    if _SHORTEN_NOW.search(asked):
        return "shorten"
    if reading.reasons or any(one.failed for one in reading.shown):
        return "edit"
    wishes: tuple[tuple[Wish, re.Pattern[str]], ...] = (
        ("shorten", _SHORTEN),
        ("restructure", _RESTRUCTURE),
        ("paraphrase", _PARAPHRASE),
    )
    return next((wish for wish, words in wishes if words.search(asked)), "edit")


def _number(asked: str, wish: Wish) -> int:
    if wish == "merge":
        return 1
    kinds = "rcp" if wish == "reasons" else "pvi"
    found = [match for match in _HOW_MANY.finditer(asked) if match.group(2)[0].lower() in kinds]
    if not found:
        return 1
    number = found[-1].group(1).lower()
    return min(MOST, _NUMBERS[number] if number in _NUMBERS else max(1, int(number)))


def _form(reading: Reading, schema: Mapping[str, Any] | None) -> tuple[Form, Any, tuple[Tag, ...]]:
    if schema:
        return "json", None, ()
    asked = reading.asked
    example = _json_example(asked)
    if example is not None or schema is not None:
        return "json", example, ()
    if _ARRAY.search(asked):
        return "json", ["…"], ()
    tags = _tags(asked)
    if tags:
        return "tags", None, tags
    return ("fence" if _FENCE.search(asked) else "plain"), None, ()


def _json_example(text: str) -> Any:
    """The first thing in `text` that looks like a JSON object with names."""
    start = re.search(r"\{\s*\"\w+\"\s*:", text)
    if start is None:
        return None
    try:
        return json.JSONDecoder(strict=False).raw_decode(text[start.start() :])[0]
    except ValueError:
        return dict.fromkeys(re.findall(r"\"(\w+)\"\s*:", text[start.start() :]), "…")


def _tags(text: str) -> tuple[Tag, ...]:
    """The tags that `text` asks for: closed by their own name, or by another tag as in `<START> and <END>`."""
    names = list(dict.fromkeys(match.group(1) for match in _TAG.finditer(text)))
    numbered = {match.group(1) for match in _TAG.finditer(text) if match.group(2)}
    if len(names) == 2 and not numbered and f"</{names[0]}>" not in text and f"</{names[1]}>" not in text:
        return (Tag(f"<{names[0]}>", f"<{names[1]}>", "text"),)
    return tuple(
        Tag(f'<{name} id="{{id}}">' if name in numbered else f"<{name}>", f"</{name}>", name) for name in names
    )
