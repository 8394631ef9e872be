"""The operators of a search: which there are, and how they share the optimizer model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.operators.demonstrations import Demonstrations
from apo_ci.search.operators.proposer import Proposer
from apo_ci.search.operators.rewriting import Rewriting
from apo_ci.search.task import SearchTask
from apo_ci.search.writing.chat import ChatWriter
from apo_ci.search.writing.completion import CompletionWriter

# How often a draft is believed to beat its parent before any has been seen: small models write poor instructions, and
# need examples all the more.
PRIORS: Mapping[str, Mapping[str, float]] = {
    "chat": {"text": 0.5, "demonstrations": 0.5},
    "completion": {"text": 0.3, "demonstrations": 0.7},
}


class Proposers:
    """Rewriting and demonstrations."""

    def __init__(self, task: SearchTask, train: Sequence[Case]):
        self._writer = _writer(task)
        self.priors = PRIORS[protocol_of(task)]
        longest = task.settings.max_prompt_growth * len(task.start.body)
        self.demonstrations = Demonstrations(train, task.scorer, task.settings.demonstrations, longest)
        self.all: tuple[Proposer, ...] = (Rewriting(self._writer, task.settings), self.demonstrations)

    @property
    def asked(self) -> int:
        """Requests to the optimizer model so far."""
        return self._writer.model.asked

    @property
    def exhausted(self) -> bool:
        """Whether one of them found no budget."""
        return self._writer.model.exhausted

    def able(self, prompt: Prompt) -> tuple[Proposer, ...]:
        """Those that can make something of `prompt`."""
        return tuple(proposer for proposer in self.all if proposer.able(prompt))


def protocol_of(task: SearchTask) -> Literal["chat", "completion"]:
    """How the optimizer model is spoken to: as the settings say, or by where it runs."""
    if task.settings.protocol != "auto":
        return task.settings.protocol
    return "completion" if task.proposer_model.provider.startswith("local:") else "chat"


def _writer(task: SearchTask) -> ChatWriter | CompletionWriter:
    if protocol_of(task) == "chat":
        return ChatWriter(task.proposer_model, task.proposer_settings)
    return CompletionWriter(task.proposer_model, task.proposer_settings, task.settings.seed)
