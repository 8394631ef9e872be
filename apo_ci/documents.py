"""YAML documents, read strictly: one error with file, line and cure for whatever a person got wrong.

Duplicate keys, aliases, anchors, tags and NaN are refused; what remains is plain data, and every key
and item knows the line it came from, so that a schema error can be shown where it was written.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from apo_ci.errors import ApoError, ConfigError

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
MAX_BYTES = 10_000_000
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed YAML document: its value, and the line of every key and item by its location."""

    path: str
    value: Any
    lines: Mapping[Location, int]

    def line(self, location: Location) -> int:
        """The one-based line of `location`, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def parse(text: str, path: str, *, first_line: int = 1, error: type[ApoError] = ConfigError) -> Document:
    """Parse YAML `text` that came from `path`, where it began at `first_line`."""
    if len(text) > MAX_BYTES:
        raise error(f"The file has {len(text)} characters.", cure=f"Keep it under {MAX_BYTES}.", path=path)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            _refuse_references(event, path, first_line, error)
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


def _refuse_references(event: yaml.Event, path: str, first_line: int, error: type[ApoError]) -> None:
    line = first_line + (event.start_mark.line if event.start_mark else 0)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise error(
            "YAML anchors and aliases are not allowed.", cure="Write the value out in full.", path=path, line=line
        )


class _Reader:
    """Turns composed nodes into plain data, noting lines."""

    def __init__(self, path: str, first_line: int, error: type[ApoError], lines: dict[Location, int]):
        self._path = path
        self._first_line = first_line
        self._error = error
        self._lines = lines
        self._constructor = yaml.SafeLoader("")

    def read(self, node: yaml.Node, location: Location) -> Any:
        self._lines.setdefault(location, self._line(node))
        if len(location) > MAX_DEPTH:
            raise self._at(node, "The document is nested too deeply.", f"Stay under {MAX_DEPTH} levels.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*location, index)) for index, child in enumerate(node.value)]
        return self._scalar(node)

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

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            value: Hashable = self._constructor.construct_object(node)  # type: ignore[no-untyped-call]
        except (yaml.YAMLError, ValueError) as problem:
            raise self._at(node, "This value cannot be read.", "Put it in quotes.") from problem
        if isinstance(value, float) and not math.isfinite(value):
            raise self._at(node, "NaN and infinity are not allowed.", "Write a finite number.")
        if value is None or isinstance(value, str | bool | int | float):
            return value
        return str(node.value)  # dates and the like stay the text that was written

    def _line(self, node: yaml.Node) -> int:
        return self._first_line + int(node.start_mark.line)

    def _at(self, node: yaml.Node, message: str, cure: str) -> ApoError:
        return self._error(message, cure=cure, path=self._path, line=self._line(node))


def validate(model: type[Model], document: Document, *, error: type[ApoError] = ConfigError) -> Model:
    """`document` as a `model`; the first thing wrong with it is raised at its line."""
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        raise error("A mapping of keys to values is needed here.", cure="Write `key: value` lines.", path=document.path)
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        message, cure = _explain(model, dict(first))
        line = document.line(tuple(first["loc"]))
        raise error(message, cure=cure, path=document.path, line=line) from problem


def _explain(model: type[BaseModel], problem: dict[str, Any]) -> tuple[str, str]:
    location = tuple(part for part in problem["loc"] if not (isinstance(part, str) and part.startswith("function-")))
    name = ".".join(str(part) for part in location) or "the document"
    if problem["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        close = difflib.get_close_matches(str(location[-1]), known, n=1)
        cure = f"Did you mean `{close[0]}`?" if close else f"Known keys: {', '.join(known)}." if known else "Remove it."
        return f"The key `{name}` is unknown.", cure
    if problem["type"] == "missing":
        return f"The key `{name}` is missing.", f"Add `{location[-1]}: …`."
    written = repr(problem.get("input"))
    shown = written if len(written) <= 80 else written[:77] + "…"
    return f"`{name}`: {problem['msg'].removeprefix('Value error, ')} (written: {shown}).", "Correct the value."


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    current: Any = model
    for part in location:
        fields = getattr(current, "model_fields", None)
        field = fields.get(part) if fields else None
        current = _model_of(field.annotation) if field is not None else None
    return sorted(getattr(current, "model_fields", None) or [])


def _model_of(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_of(argument)
        if found is not None:
            return found
    return None
