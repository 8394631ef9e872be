"""The task model: answers a case under an instruction, at temperature 0 always in the same way.

Whether it is right is decided by luck that is mostly the case's own and partly that of the case under this wording:
right when Phi(sqrt(0.65) z_case + sqrt(0.35) z_(case, prompt)) is below the chance that the world gives.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from benchmarks.search.cases import REFERENCE, Truth
from benchmarks.search.chance import deviate, fraction
from benchmarks.search.instruction import Instruction, start_of
from benchmarks.search.world import World

COMMON = 0.65  # share of a case's difficulty that is the same under every prompt
_OWN, _WORDING = math.sqrt(COMMON), math.sqrt(1 - COMMON)
_TAG = re.compile(r"<(\w+)>")


def reply(world: World, request: str, repeat: int = 0, schema: Mapping[str, Any] | None = None) -> str:
    """The answer to a request's whole text, as JSON when there is a `schema`.

    `repeat` tells samples of one request apart at a temperature above 0.
    """
    asked = split_request(world, request)
    if asked is None:
        return f"I see no {world.hidden.theme.noun} to answer for."
    instruction, truth = asked
    read, _ = world.read(instruction)
    z = _OWN * truth.difficulty + _WORDING * deviate(world.seed, "luck", truth.reference, read.text, repeat)
    right = 0.5 * math.erfc(-z / math.sqrt(2)) < world.chance(instruction, truth)
    label = truth.label if right else _wrong(world, instruction, truth)
    return _written(label, instruction, read) if schema is None else _in_schema(label, schema)


def split_request(world: World, request: str) -> tuple[str, Truth] | None:
    """The instruction and the case that is asked about: the last one in the text."""
    last = None
    for match in REFERENCE.finditer(request):
        last = match if match.group() in world.truths else last
    if last is None:
        return None
    truth = world.truths[last.group()]
    return f"{request[: start_of(truth, request, last)]}\n{request[last.end() :]}", truth


def _in_schema(label: str, schema: Mapping[str, Any]) -> str:
    """`label` as the JSON object that `schema` asks for: in every property that is text."""
    properties = schema.get("properties", {})
    return json.dumps(dict.fromkeys(properties, label) or {"label": label})


def _wrong(world: World, instruction: str, truth: Truth) -> str:
    """What a wrong answer looks like: a stated rule's label or the surface where they explain it, else any other."""
    _, able = world.read(instruction)
    features = [trap.feature for trap in truth.traps] + [rule.feature for rule in truth.rules]
    stated = [able.stated[feature] for feature in features if feature in able.stated]
    for label in (*stated, truth.surface):
        if label != truth.label:
            return label
    others = [label for label in world.labels if label != truth.label]
    return others[int(fraction(world.seed, "wrong", truth.reference) * len(others))]


def _written(label: str, instruction: str, read: Instruction) -> str:
    """The answer in the form that the instruction asks for."""
    tags = _TAG.findall(instruction)
    if tags and f"</{tags[-1]}>" in instruction:
        return f"<{tags[-1]}>{label}</{tags[-1]}>"
    if tags:
        return f"<{tags[0]}>{label}</{tags[0]}>"
    if read.says("steps"):
        return f"I went through it in order.\nAnswer: {label}"
    return label if read.says("format") else f"The answer is {label}."
