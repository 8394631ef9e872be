"""The two models of a world behind one chat-completions endpoint, told apart by the model's name."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from apo_ci.search.seeds import generator
from benchmarks.search import optimizer_model, task_model
from benchmarks.search.messages import Message, messages_of, whole_text
from benchmarks.search.world import World

TASK, OPTIMIZER = "task", "optimizer"


class SimulatedModels:
    """Turns the body of a chat-completions request into the text of the reply.

    Replies follow from the world and the body. Where sampling is asked for, the number of times that the same body came
    before counts too: the optimizer model samples unless its temperature is 0, the task model only when told to.
    """

    def __init__(self, world: World):
        self.world = world
        self._asked: Counter[bytes] = Counter()

    def reply(self, body: Mapping[str, Any]) -> str:
        """The reply. Raises `KeyError` for a model that is neither `task` nor `optimizer`."""
        kind = kind_of(body)
        messages = messages_of(body)
        text = self._task(body, messages) if kind == TASK else self._optimizer(body, messages)
        return _stopped(text, body.get("stop"))

    def reset(self) -> None:
        """Forget what was asked before."""
        self._asked.clear()

    def _task(self, body: Mapping[str, Any], messages: tuple[Message, ...]) -> str:
        repeat = self._repeat(body) if body.get("temperature") else 0
        return task_model.reply(self.world, whole_text(messages), repeat, schema_of(body))

    def _optimizer(self, body: Mapping[str, Any], messages: tuple[Message, ...]) -> str:
        repeat = self._repeat(body) if body.get("temperature", 1) else 0
        key = json.dumps([[message.role, message.text] for message in messages])
        rng = generator(self.world.seed, "optimizer", key, str(body.get("seed")), repeat)
        return optimizer_model.reply(self.world, messages, schema_of(body), rng)

    def _repeat(self, body: Mapping[str, Any]) -> int:
        key = hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16).digest()
        self._asked[key] += 1
        return self._asked[key] - 1


def kind_of(body: Mapping[str, Any]) -> str:
    """`task` or `optimizer`, whatever a provider's name stands before it ("openai/task")."""
    name = str(body["model"]).rpartition("/")[2]
    if name not in (TASK, OPTIMIZER):
        raise KeyError(name)
    return name


def schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON Schema that the reply must follow, if the request brings one."""
    match body.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_object"}:
            return {}
    return None


def _stopped(text: str, stop: object) -> str:
    """`text` up to the first of the stop sequences."""
    sequences = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
    ends = [text.find(sequence) for sequence in sequences if sequence and sequence in text]
    return text[: min(ends)] if ends else text
