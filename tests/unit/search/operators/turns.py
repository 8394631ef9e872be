"""Turns of operators in tests: a parent with outcomes, and a scripted writer's model."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence

from apo_ci.config import Budget
from apo_ci.evaluation.evaluate import Outcome, TaskModel
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Request
from apo_ci.search.candidate import Candidate, Draft, Operator
from apo_ci.search.operators.proposer import Growth, Proposer
from apo_ci.search.writing.chat import ChatWriter
from apo_ci.search.writing.completion import CompletionWriter
from tests.unit.search.worlds import ScribeWorld, prompt

LONG = (
    "You label product reviews by what the buyer says of the product itself. Delivery does not count.\n"
    "Irony means the opposite of what it says. Answer with the label alone.\n\nReview: {{ review }}\nLabel:"
)


def candidate(text: Prompt, number: int = 0, operator: Operator = "start", note: str = "") -> Candidate:
    """A candidate of this prompt."""
    return Candidate(text, number, None, operator, None, 0, note)


def growth(
    parent: Candidate,
    *,
    slots: int = 3,
    calls: int = 3,
    minibatch: Sequence[Outcome] = (),
    partners: Sequence[Candidate] = (),
    seed: int = 1,
) -> Growth:
    """One turn of `parent`."""
    rng = random.Random(seed)
    return Growth(parent, minibatch, 1.0, slots, calls, (), widened=False, rng=rng, partners=partners)


def failed(case: Case, predicted: str = "No") -> Outcome:
    """A wrong answer to `case`."""
    return Outcome(case, 0, predicted, Score(0.0, "wrong", predicted))


def parts(*texts: str) -> str:
    """A reply with new texts for the first parts."""
    return json.dumps({"parts": [{"id": number, "text": text} for number, text in enumerate(texts, start=1)]})


def chat(answer: Callable[[Request], str]) -> tuple[ChatWriter, ScribeWorld]:
    """A chat writer whose model replies with `answer`, and the model."""
    model = ScribeWorld(answer, Ledger(Budget()))
    return ChatWriter(model, TaskModel("scribe")), model


def completion(answer: Callable[[Request], str]) -> tuple[CompletionWriter, ScribeWorld]:
    """A completion writer whose model replies with `answer`, and the model."""
    model = ScribeWorld(answer, Ledger(Budget()))
    return CompletionWriter(model, TaskModel("scribe"), 0), model


def propose(operator: Proposer, turn: Growth) -> tuple[Draft, ...]:
    """The drafts of one turn."""
    return asyncio.run(operator.propose(turn))


def long_prompt() -> Prompt:
    """An instruction of several sentences."""
    return prompt(LONG)
