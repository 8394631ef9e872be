"""The requests that the search writes to the optimizer model, from the templates in `templates/`.

What comes from prompts, cases and models is filled in as values, and never compiled. Where a model reads it, it stands
between marks that hold a hash of it, so that no text can close its own marks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.evaluation.score import target_text
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.gradients import FailureGroup

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)


def fill(name: str, values: Mapping[str, Any]) -> str:
    """The template `name` with `values`, and with `mark`, a word that occurs in none of them."""
    text = resources.files("apo_ci.search.writing").joinpath("templates", f"{name}.jinja").read_text(encoding="utf-8")
    mark = hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()[:12]
    return _compiled(text).render(**values, mark=mark)


@cache
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


def numbered(prompt: Prompt) -> str:
    """`prompt` without its demonstrations as the optimizer sees it: its editable parts in numbered tags."""
    bare = prompt if prompt.bare is None else prompt.bare
    shown: list[str] = []
    parts = list(enumerate(bare.parts, start=1))
    for index, message in enumerate(bare.messages):
        shown.append(f"[{message.role}]")
        text, position = "", message.start
        for number, part in (pair for pair in parts if pair[1].message == index):
            text += bare.body[position : part.start] + f'<part id="{number}">{part.text}</part>'
            position = part.end
        shown.append(text + bare.body[position : message.start + len(message.text)])
    return "\n".join(shown)


def marked(prompt: Prompt, index: int, first: int, last: int) -> str:
    """`prompt` without its demonstrations, with tags around a stretch of one part's text and nothing else."""
    bare = prompt if prompt.bare is None else prompt.bare
    part = bare.parts[index]
    text = f'{part.text[:first]}<part id="1">{part.text[first:last]}</part>{part.text[last:]}'
    shown: list[str] = []
    for nth, message in enumerate(bare.messages):
        end = message.start + len(message.text)
        around = (bare.body[message.start : part.start], bare.body[part.end : end])
        shown.append(f"[{message.role}]\n{text.join(around) if nth == part.message else message.text}")
    return "\n".join(shown)


def plain(prompt: Prompt) -> str:
    """`prompt` without its demonstrations, to be read only."""
    bare = prompt if prompt.bare is None else prompt.bare
    return "\n".join(f"[{message.role}]\n{message.text}" for message in bare.messages)


def described(group: FailureGroup, longest: int) -> list[dict[str, str]]:
    """The failures of `group` as plain values, each cut to `longest` characters."""
    return [_describe(outcome, longest) for outcome in group.outcomes]


def shorten(text: str, longest: int) -> str:
    """`text`, or its beginning and an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def listed(words: Sequence[str]) -> str:
    """`words` as people list alternatives: "A, B or C"."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def one_line(text: str) -> str:
    """`text` with every run of blanks and line ends as one space."""
    return " ".join(text.split())


def _describe(outcome: Outcome, longest: int) -> dict[str, str]:
    inputs = "\n".join(f"{name}: {target_text(value)}" for name, value in outcome.case.inputs.items())
    return {
        "inputs": shorten(inputs, longest),
        "target": shorten(target_text(outcome.case.target), longest),
        "reply": shorten(outcome.reply or "", longest),
        "reason": "" if outcome.score is None else shorten(outcome.score.reason, longest),
    }
