"""Prompts: read, rendered, and written back without touching what was not edited."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from pydantic import field_validator

from apo_ci import documents
from apo_ci.config import Parameters, Settings
from apo_ci.errors import InputError
from apo_ci.inputs import limits
from apo_ci.inputs.demonstrations import CaseBlock, find_case_block, write_demonstrations
from apo_ci.inputs.formats import format_of
from apo_ci.inputs.formats.native import MessageTemplate, opens_message, split_messages
from apo_ci.inputs.schemas import checked_schema
from apo_ci.inputs.structure import Structure, escape, read_structures, refuse_endraw, unix_lines
from apo_ci.lm.model import Message, Role

__all__ = ["MessageTemplate", "Part", "Prompt", "PromptHeader", "parse_prompt", "read_prompt"]

Example = tuple[Mapping[str, Any], str]


class PromptHeader(Settings):
    """The front matter of a prompt.

    `inputs`, when given, must equal the placeholders. `response_format` is a JSON Schema for structured output.
    `editable` names the messages that the search may change; `None` means all.
    """

    description: str = ""
    model: str | None = None
    parameters: Parameters = Parameters()
    inputs: tuple[str, ...] | None = None
    response_format: dict[str, Any] | None = None
    editable: tuple[Role, ...] | None = None

    @field_validator("response_format")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if schema is None else checked_schema(schema)


@dataclass(frozen=True, slots=True)
class Part:
    """An editable stretch of literal text, without the blanks around it.

    `start` and `end` are offsets into `Prompt.body`; `text` is that stretch with `\\n` for every line end; `message` is
    the index of its message; `raw` tells that it stands inside `{% raw %}`.
    """

    start: int
    end: int
    text: str
    message: int
    raw: bool = False


@dataclass(frozen=True)
class Prompt:
    """A prompt file: its whole text exactly as read, its front matter, and its body, which begins on `first_line`.

    A prompt made by `with_demonstrations` remembers what it was made from: `bare` and `demonstrations`. Equality is
    that of path and source.
    """

    path: str
    source: str
    header: PromptHeader = field(compare=False)
    body: str = field(compare=False, repr=False)
    first_line: int = field(default=1, compare=False, repr=False)
    bare: Prompt | None = field(default=None, compare=False, repr=False)
    demonstrations: tuple[Example, ...] = field(default=(), compare=False, repr=False)
    demonstration_span: tuple[int, int] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def messages(self) -> tuple[MessageTemplate, ...]:
        """The messages in order."""
        return split_messages(self.body, self.path, self.first_line)

    @cached_property
    def structures(self) -> tuple[Structure, ...]:
        """The structure of each message."""
        return read_structures(self.messages, self.body, self.path, self.first_line)

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """The names of the inputs that the prompt needs."""
        return frozenset[str]().union(*(structure.template.placeholders for structure in self.structures))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the source, in hexadecimal."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The editable stretches in order; with and without demonstrations they have the same indices."""
        return tuple(self._parts())

    def render(self, inputs: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages for one case. Raises `InputError` when a placeholder has no input, or at a limit."""
        return tuple(Message(role, template.render(inputs)) for role, template in self._templates)

    def with_body(self, body: str) -> Prompt:
        """This prompt with another body; the rest of the file stays byte for byte.

        Raises `InputError` when `body` is not a prompt text, or would be taken for front matter.
        """
        _refuse_surrogates(body, self.path)
        source = format_of(self.path).write(self.source, self.path, body)
        prompt = Prompt(self.path, source, self.header, body, self.first_line)
        _check_inputs(prompt)
        return prompt

    def with_parts(self, texts: Mapping[int, str]) -> Prompt:
        """This prompt with other texts for the parts of these indices; demonstrations are rendered anew.

        A text is literal: whatever it holds, it is never Jinja2 and never opens a message. Blanks around it are left
        out. Raises `InputError` for a text that cannot be literal, and `IndexError` for a part that is not there.
        """
        if self.bare is not None:
            return self.bare.with_parts(texts).with_demonstrations(self.demonstrations)
        body = self.body
        for index in sorted(texts, reverse=True):
            if not 0 <= index < len(self.parts):
                raise IndexError(f"The prompt has {len(self.parts)} parts; there is no part {index}.")
            part = self.parts[index]
            text = unix_lines(texts[index]).strip()
            if text != part.text:
                body = body[: part.start] + self._literal(text, raw=part.raw) + body[part.end :]
        return self._edited(body)

    def with_demonstrations(self, examples: Sequence[Example]) -> Prompt:
        """This prompt with worked examples (inputs, target) before its case block, instead of earlier ones.

        Raises `InputError` when an example cannot be literal text, or the prompt has no place for one.
        """
        bare = self if self.bare is None else self.bare
        if not examples:
            return bare
        block = bare._case_block
        if block is None or not bare._is_editable(block.message):
            raise InputError(
                "The prompt has no editable message with a placeholder, so it cannot take examples.",
                cure="Name the message's role under `editable:`.",
                path=self.path,
            )
        text = bare._literal(write_demonstrations(block, examples), raw=False)
        prompt = bare._edited(bare.body[: block.insertion] + text + bare.body[block.insertion :])
        span = (block.insertion, block.insertion + len(text))
        return replace(prompt, bare=bare, demonstrations=tuple(examples), demonstration_span=span)

    def same_structure(self, other: Prompt) -> bool:
        """Whether `other` differs in literal text alone: equal roles, Jinja2 tokens, comments, protected regions."""
        return self._signature == other._signature

    @cached_property
    def _templates(self) -> tuple[tuple[Role, Any], ...]:
        pairs = zip(self.messages, self.structures, strict=True)
        return tuple((message.role, structure.template) for message, structure in pairs)

    @cached_property
    def _signature(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        pairs = zip(self.messages, self.structures, strict=True)
        return tuple((message.role, structure.signature) for message, structure in pairs)

    @cached_property
    def _case_block(self) -> CaseBlock | None:
        return find_case_block(self.messages, self.structures, self.body, self.path, self.first_line)

    def _parts(self) -> Iterator[Part]:
        cuts = self._cuts()
        for index, (message, structure) in enumerate(zip(self.messages, self.structures, strict=True)):
            for literal in structure.literals if self._is_editable(index) else ():
                start, end = message.start + literal.start, message.start + literal.end
                edges = [start, *(cut for cut in cuts if start < cut < end), end]
                for first, last in pairwise(edges):
                    part = _trimmed(self.body, first, last, index, raw=literal.raw)
                    if part.text and not self._is_demonstrated(first):
                        yield part

    def _cuts(self) -> tuple[int, ...]:
        """Where a stretch is divided: at the case block, so that demonstrations do not change the parts."""
        if self.demonstration_span is not None:
            return self.demonstration_span
        return () if self._case_block is None else (self._case_block.insertion,)

    def _is_demonstrated(self, offset: int) -> bool:
        span = self.demonstration_span
        return span is not None and span[0] <= offset < span[1]

    def _is_editable(self, message: int) -> bool:
        return self.header.editable is None or self.messages[message].role in self.header.editable

    def _literal(self, text: str, *, raw: bool) -> str:
        """The source of the literal `text`, with the line ends of the file."""
        _refuse_surrogates(text, self.path)
        if opens_message(text):
            raise InputError(
                "The text has a line that would open a message.",
                cure="Avoid lines that hold only `system:`, `user:` or `assistant:`.",
                path=self.path,
            )
        refuse_endraw(text, self.path)
        source = text if raw else escape(text)
        return source.replace("\n", "\r\n") if "\r\n" in self.source else source

    def _edited(self, body: str) -> Prompt:
        prompt = self.with_body(body)
        if not self.same_structure(prompt):
            raise InputError(
                "The edit would change more than literal text.",
                cure="Leave placeholders, protected regions and messages as they are.",
                path=self.path,
            )
        return prompt


def parse_prompt(source: str, path: str) -> Prompt:
    """The prompt that `source` (from `path`) holds, or an `InputError` at the line that is wrong."""
    if len(source) > limits.MAX_SOURCE:
        message = f"The prompt has {len(source):,} characters."
        raise InputError(message, cure=f"Keep it under {limits.MAX_SOURCE:,}.", path=path)
    file = format_of(path).read(source, path)
    header = PromptHeader()
    if file.header is not None:
        header = documents.validate(PromptHeader, file.header, error=InputError)
    prompt = Prompt(path, source, header, file.body, file.first_line)
    _check_inputs(prompt)
    return prompt


def read_prompt(data: bytes, path: str) -> Prompt:
    """The prompt in a file of these bytes; they must be UTF-8, with or without a byte order mark."""
    return parse_prompt(documents.decode(data, path, error=InputError), path)


def _trimmed(body: str, start: int, end: int, message: int, *, raw: bool) -> Part:
    text = body[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    return Part(start, start + len(text), unix_lines(text), message, raw)


def _check_inputs(prompt: Prompt) -> None:
    """Read all of `prompt`, and compare the declared inputs with the placeholders."""
    placeholders = prompt.placeholders
    if prompt.header.inputs is None or placeholders == set(prompt.header.inputs):
        return
    document = format_of(prompt.path).read(prompt.source, prompt.path).header
    line = document.line(("inputs",)) if document else 1
    undeclared = sorted(placeholders - set(prompt.header.inputs))
    if undeclared:
        message = f"The placeholder `{undeclared[0]}` is not among the declared `inputs`."
        cure = f"Add `{undeclared[0]}` to `inputs`, or mend the placeholder."
    else:
        unused = sorted(set(prompt.header.inputs) - placeholders)[0]
        message = f"The declared input `{unused}` has no placeholder."
        cure = f"Write {{{{ {unused} }}}} where it belongs, or remove it from `inputs`."
    raise InputError(message, cure=cure, path=prompt.path, line=line)


def _refuse_surrogates(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        raise InputError("The text holds half a character.", cure="Remove lone surrogates.", path=path) from problem
