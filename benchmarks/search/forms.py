"""Replies of the optimizer model in the form that was asked for: JSON, tags, a fenced block, or plain text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.search.asking import REASON_LIKE, Asking, Tag
from benchmarks.search.passage import Passage


@dataclass(frozen=True)
class Answer:
    """What there is to say: reasons, new prompts, or both; `before` is the prompt that they are about."""

    reasons: tuple[str, ...] = ()
    prompts: tuple[Passage, ...] = ()
    before: Passage | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The new prompts, or without any the reasons."""
        return tuple(prompt.text for prompt in self.prompts) or self.reasons

    @property
    def parts(self) -> dict[int, str]:
        """The parts of the first new prompt that are not as before."""
        before = self.before.parts if self.before else {}
        new = self.prompts[0].parts if self.prompts else {}
        return {number: text for number, text in new.items() if text != before.get(number)}


def write(answer: Answer, asking: Asking) -> str:
    """The reply."""
    if asking.form == "json":
        schema = asking.schema or _schema_of(asking.example if asking.example is not None else {"prompt": "…"})
        return json.dumps(_fill(schema, answer, ""), ensure_ascii=False)
    if asking.form == "tags":
        return "\n".join(_in_tags(answer, asking))
    if asking.form == "fence":
        return "\n\n".join(f"```\n{text}\n```" for text in answer.texts)
    if len(answer.texts) > 1:
        return "\n".join(f"{number}. {text}" for number, text in enumerate(answer.texts, start=1))
    return "\n\n".join([*(answer.reasons if answer.prompts else ()), *answer.texts])


def _fill(schema: Mapping[str, Any], answer: Answer, name: str) -> Any:
    """A value that `schema` allows; the property's name tells whether it holds reasons or prompts."""
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties: Mapping[str, Any] = schema.get("properties", {})
        return {key: _fill(value, answer, key) for key, value in properties.items()}
    if kind == "array":
        return _fill_array(schema.get("items", {}), answer, name)
    if kind in ("integer", "number"):
        return 1
    if kind == "boolean":
        return True
    texts = _texts(answer, name)
    return "\n".join(texts) if REASON_LIKE.search(name) else (texts or ("",))[0]


def _fill_array(items: Mapping[str, Any], answer: Answer, name: str) -> list[Any]:
    properties = items.get("properties")
    if not properties:
        return list(_texts(answer, name))
    kinds = {key: value.get("type") for key, value in properties.items()}
    number = next((key for key, kind in kinds.items() if kind in ("integer", "number")), None)
    text = next((key for key, kind in kinds.items() if kind == "string"), None)
    if number is not None and text is not None and answer.prompts:
        return [{number: part, text: new} for part, new in answer.parts.items()]
    return [{key: one for key, kind in kinds.items() if kind == "string"} for one in _texts(answer, name)]


def _texts(answer: Answer, name: str) -> Sequence[str]:
    if REASON_LIKE.search(name):
        return answer.reasons or ("The prompt leaves too much open.",)
    return answer.texts


def _in_tags(answer: Answer, asking: Asking) -> list[str]:
    """Every text in the tag that fits it: the tags for reasons by their names, numbered ones for parts."""
    tags = asking.tags
    for_reasons = [tag for tag in tags if REASON_LIKE.search(tag.name)]
    for_prompts = [tag for tag in tags if tag not in for_reasons]
    lines = list(answer.reasons if answer.prompts and not for_reasons else ())
    if answer.reasons and not lines:
        tag = (for_reasons or for_prompts)[0]
        lines += [_tagged(tag, reason) for reason in answer.reasons]
    if answer.prompts:
        tag = (for_prompts or for_reasons)[-1]
        numbered = "{id}" in tag.opening
        lines += [_tagged(tag, text, part) for part, text in answer.parts.items()] if numbered else []
        lines += [] if numbered else [_tagged(tag, text) for text in answer.texts]
    return lines


def _tagged(tag: Tag, text: str, part: int = 1) -> str:
    return f"{tag.opening.replace('{id}', str(part))}{text}{tag.closing}"


def _schema_of(example: Any) -> dict[str, Any]:
    """The schema that `example` follows."""
    if isinstance(example, Mapping):
        return {"type": "object", "properties": {key: _schema_of(value) for key, value in example.items()}}
    if isinstance(example, list):
        return {"type": "array", "items": _schema_of(example[0]) if example else {"type": "string"}}
    return {"type": "integer"} if isinstance(example, int) else {"type": "string"}
