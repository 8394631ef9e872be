"""The operators of a search: which there are, and how they share the optimizer model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.claims import Claims
from apo_ci.search.operators.demonstrations import Demonstrations
from apo_ci.search.operators.merging import Merging
from apo_ci.search.operators.paraphrasing import Paraphrasing
from apo_ci.search.operators.proposer import Proposer
from apo_ci.search.operators.restructuring import Restructuring, answer_form
from apo_ci.search.operators.rewriting import Rewriting
from apo_ci.search.operators.shortening import Shortening
from apo_ci.search.relevance import Relevance
from apo_ci.search.task import SearchTask
from apo_ci.search.writing.chat import ChatWriter
from apo_ci.search.writing.completion import CompletionWriter

# What an operator is believed to gain per 100 requests before it has shown anything, as a share of the metric: small
# models write poor instructions, and need examples all the more.
PRIORS: Mapping[str, Mapping[str, float]] = {
    "chat": {
        "edit": 0.50,
        "demonstrations": 0.06,
        "merge": 0.04,
        "restructure": 0.04,
        "paraphrase": 0.03,
        "shorten": 0.02,
    },
    "completion": {
        "demonstrations": 0.15,
        "edit": 0.03,
        "merge": 0.03,
        "paraphrase": 0.02,
        "restructure": 0.01,
        "shorten": 0.01,
    },
}


class Proposers:
    """All operators, which share one optimizer model."""

    def __init__(self, task: SearchTask, train: Sequence[Case]):
        self.writer = _writer(task)
        self.priors = PRIORS[protocol_of(task)]
        longest = task.settings.max_prompt_growth * len(task.start.body)
        self.demonstrations = Demonstrations(train, task.scorer, task.settings.demonstrations, longest)
        form = answer_form(task.scorer, task.task_settings.parameters)
        self.claims = Claims(Relevance(train), form.labels)
        self.rewriting = Rewriting(self.writer, self.claims, task.settings)
        self.all: tuple[Proposer, ...] = (
            self.rewriting,
            self.demonstrations,
            Merging(self.writer),
            Restructuring(self.writer, form),
            Paraphrasing(self.writer),
            Shortening(self.writer),
        )

    @property
    def asked(self) -> int:
        """Requests to the optimizer model so far."""
        return self.writer.model.asked

    @property
    def exhausted(self) -> bool:
        """Whether one of them found no budget."""
        return self.writer.model.exhausted

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
