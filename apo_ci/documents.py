"""YAML documents, read strictly: one error with file, line and cure for whatever a person got wrong.

Duplicate keys, aliases, anchors, tags and NaN are refused; what remains is plain data, and every key
and item knows the line it came from, so that a schema error can be shown where it was written.

Plain scalars mean what the core schema of YAML 1.2 says (section 10.3.2 of its specification): `yes`, `no`, `on` and
`off` are text, and so are `12:30` and `1_000`, which YAML 1.1 would turn into numbers.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from apo_ci.errors import ApoError, ConfigError

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
MAX_CHARACTERS = 10_000_000
MAX_DEPTH = 64
MAX_NODES = 500_000
MAX_DIGITS = 4_300  # of a number, as many as Python reads and writes in decimal
MAX_ERRORS = 1_000  # that are told of one document
PLAIN_WORDS = {"valid tuple": "list", "valid dictionary": "mapping of keys to values", "a valid string": "text"}
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML document: its value, and the line of every key and item by its location."""

    path: str
    value: Any
    lines: Mapping[Location, int]

    def line(self, location: Location) -> int:
        """The one-based line of `location`, or of the nearest thing around it."""
        return self.lines.get(self.written(location), 1)

    def written(self, location: Location) -> Location:
        """`location` less what nobody wrote: missing keys, and the names that pydantic gives to branches of a union."""
        found: Location = ()
        for part in location:
            found = (*found, part) if (*found, part) in self.lines else found
        return found


def decode(data: bytes, path: str, *, error: type[ApoError] = ConfigError) -> str:
    """The text of a file; it must be UTF-8. A byte order mark stays, as the first character."""
    try:
        return data.decode()
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        shown = f"The byte 0x{data[problem.start]:02x} is not UTF-8."
        raise error(shown, cure="Save the file as UTF-8.", path=path, line=line) from problem


def parse(text: str, path: str, *, first_line: int = 1, error: type[ApoError] = ConfigError) -> Document:
    """Parse YAML `text` that came from `path`, where it began at `first_line`."""
    if len(text) > MAX_CHARACTERS:
        raise error(f"The file has {len(text)} characters.", cure=f"Keep it under {MAX_CHARACTERS}.", path=path)
    text = text.removeprefix("\ufeff")
    try:
        _check_events(text, path, first_line, error)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = first_line + (mark.line if mark else 0)
        raise error(
            f"This is not YAML: {problem.problem}.", cure="Check indentation and quotes.", path=path, line=line
        ) from problem
    except yaml.YAMLError as problem:
        raise error(f"This is not YAML: {problem}.", cure="Remove what is not text.", path=path) from problem
    if node is None:
        return Document(path, None, {})
    lines: dict[Location, int] = {}
    value = _Reader(path, first_line, error, lines).read(node, ())
    return Document(path, value, lines)


def _check_events(text: str, path: str, first_line: int, error: type[ApoError]) -> None:
    """Refuse what plain data does not need, before a tree is built."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise error(
                "YAML anchors and aliases are not allowed.", cure="Write the value out in full.", path=path, line=line
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise error("YAML tags are not allowed.", cure=f"Remove `{tag}`.", path=path, line=line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if number > MAX_NODES:
            cure = f"Keep it under {MAX_NODES:,} values; a larger dataset can be JSONL or CSV."
            raise error("The document has too many values.", cure=cure, path=path, line=line)
        if depth > MAX_DEPTH:
            raise error(
                "The document is nested too deeply.", cure=f"Stay under {MAX_DEPTH} levels.", path=path, line=line
            )


class _Reader:
    """Turns composed nodes into plain data, noting lines."""

    def __init__(self, path: str, first_line: int, error: type[ApoError], lines: dict[Location, int]):
        self._path = path
        self._first_line = first_line
        self._error = error
        self._lines = lines

    def read(self, node: yaml.Node, location: Location) -> Any:
        self._lines.setdefault(location, self._line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*location, index)) for index, child in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in result:
                first = self._lines[(*location, key)]
                raise self._at(key_node, f"The key `{key}` stands here twice (first on line {first}).", "Keep one.")
            self._lines[(*location, key)] = self._line(key_node)
            result[key] = self.read(value_node, (*location, key))
        return result

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.value == "<<":
            raise self._at(node, "A key must be plain text.", "Write a word before the colon.")
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        if node.style:  # quoted, or a block
            return text
        if _NULL.fullmatch(text):
            return None
        if _BOOLEAN.fullmatch(text):
            return text.lower() == "true"
        try:
            if len(text) > MAX_DIGITS and (_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text)):
                raise ValueError("too long")
            if _INTEGER.fullmatch(text):
                return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
            number = float(text) if _FLOAT.fullmatch(text) else None
        except ValueError as problem:
            raise self._at(node, "The number is too long.", "Put it in quotes.") from problem
        if _NOT_FINITE.fullmatch(text) or (number is not None and not math.isfinite(number)):
            raise self._at(node, "NaN and infinity are not allowed.", "Write a finite number, or put it in quotes.")
        return text if number is None else number

    def _line(self, node: yaml.Node) -> int:
        return self._first_line + int(node.start_mark.line)

    def _at(self, node: yaml.Node, message: str, cure: str) -> ApoError:
        return self._error(message, cure=cure, path=self._path, line=self._line(node))


def validate(model: type[Model], document: Document, *, error: type[ApoError] = ConfigError) -> Model:
    """`document` as a `model`; the first thing wrong with it is raised at its line."""
    result = validate_all(model, document, error=error)
    if isinstance(result, list):
        raise result[0]
    return result


def validate_all(
    model: type[Model], document: Document, *, error: type[ApoError] = ConfigError
) -> Model | list[ApoError]:
    """`document` as a `model`, or everything that is wrong with it in the order of its lines."""
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        message, cure = "A mapping of keys to values is needed here.", "Write `key: value` lines."
        return [error(message, cure=cure, path=document.path, line=document.line(()))]
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        details = [dict(detail) for detail in problem.errors(include_url=False)[:MAX_ERRORS]]
        found = [_problem(model, document, detail, error) for detail in _without_consequences(model, details)]
        return sorted(found, key=lambda one: one.line or 0)


def _without_consequences(model: type[BaseModel], details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Unknown keys first; a key that is missing because it was misspelt is not told twice."""
    unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
    meant = {(*detail["loc"][:-1], _meant(model, detail["loc"])) for detail in unknown}
    others = [detail for detail in details if detail["type"] != "extra_forbidden"]
    return unknown + [detail for detail in others if detail["type"] != "missing" or detail["loc"] not in meant]


def _meant(model: type[BaseModel], location: Location) -> str | None:
    """The known key that an unknown one looks like."""
    return next(iter(difflib.get_close_matches(str(location[-1]), _known_keys(model, location[:-1]), n=1)), None)


def _problem(model: type[BaseModel], document: Document, detail: dict[str, Any], error: type[ApoError]) -> ApoError:
    message, cure = _explain(model, document, detail)
    return error(message, cure=cure, path=document.path, line=document.line(tuple(detail["loc"])))


def _explain(model: type[BaseModel], document: Document, detail: dict[str, Any]) -> tuple[str, str]:
    location = tuple(detail["loc"])
    kind = detail["type"]
    written = document.written(location)
    if kind == "extra_forbidden":
        known, meant = _known_keys(model, location[:-1]), _meant(model, location)
        cure = f"Did you mean `{meant}`?" if meant else f"Known keys: {', '.join(known)}." if known else "Remove it."
        return f"The key `{_name(written)}` is unknown.", cure
    if kind == "missing":
        return (
            f"The key `{_name((*written, location[-1]))}` is missing.",
            f"Add `{location[-1]}: {_only(model, location)}`.",
        )
    if kind == "union_tag_not_found":
        key = detail["ctx"]["discriminator"].strip("'")
        return f"The key `{_name((*written, key))}` is missing.", f"Add `{key}: …`."
    if kind == "union_tag_invalid":
        context = detail["ctx"]
        key = context["discriminator"].strip("'")
        expected = context["expected_tags"].replace("'", "`")
        return f"`{_name((*written, key))}`: there is no `{context['tag']}`.", f"Write one of {expected}."
    message = detail["msg"].removeprefix("Value error, ")
    for word, plain in PLAIN_WORDS.items():
        message = message.replace(word, plain)
    if location and not written:  # the fault is in a default
        return f"`{_name(location)}`: {message}.", f"Add `{_name(location)}: …`."
    shown = repr(detail.get("input"))
    shown = shown if len(shown) <= 80 else shown[:77] + "…"
    cure = "Put it in quotes." if kind == "string_type" and shown[:1] not in "[{" else "Correct the value."
    return f"`{_name(written)}`: {message} (written: {shown}).", cure


def _name(location: Location) -> str:
    return ".".join(str(part) for part in location) or "the document"


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    current = [model]
    for part in location:
        if isinstance(part, int):
            continue
        fields = [field for one in current for name, field in one.model_fields.items() if part in (name, field.alias)]
        tagged = [one for one in current if any(part in _choices(field) for field in one.model_fields.values())]
        current = [one for field in fields for one in _models_of(field.annotation)] if fields else tagged
    return sorted({field.alias or name for one in current for name, field in one.model_fields.items()})


def _only(model: type[BaseModel], location: Location) -> Any:
    """The one value that a key of the document itself may have; an ellipsis for any other key."""
    choices = _choices(model.model_fields[str(location[0])]) if len(location) == 1 else ()
    return choices[0] if len(choices) == 1 else "…"


def _choices(field: FieldInfo) -> tuple[Any, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _models_of(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_of(argument)]
