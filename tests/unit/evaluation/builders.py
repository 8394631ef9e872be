"""Evaluations written down instead of run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt, parse_prompt

BASE = parse_prompt("Is it good? {{ text }}", "prompts/review.prompt.md")
HEAD = parse_prompt("Is it any good? {{ text }}", "prompts/review.prompt.md")


def case(number: int, target: Any = "Yes") -> Case:
    """The case with this number."""
    return Case(f"case-{number}", {"text": f"text {number}"}, target, line=number + 1)


def scored(prompt: Prompt, values: Iterable[float | None]) -> Evaluation:
    """One outcome for each value; `None` is a case that got no reply. Different values have different replies."""
    outcomes = []
    for number, value in enumerate(values):
        if value is None:
            outcomes.append(Outcome(case(number), 0, None, None, "timed out"))
        else:
            outcomes.append(Outcome(case(number), 0, f"reply worth {value}", Score(float(value), "because")))
    return Evaluation(prompt, tuple(outcomes))


def replicated(prompt: Prompt, values: Sequence[Sequence[float | None]]) -> Evaluation:
    """One case for each row, one replicate for each value in it."""
    outcomes = []
    for number, row in enumerate(values):
        for replicate, value in enumerate(row):
            score = None if value is None else Score(float(value), "because")
            reply = None if value is None else f"reply worth {value}"
            outcomes.append(Outcome(case(number), replicate, reply, score, None if score else "timed out"))
    return Evaluation(prompt, tuple(outcomes))


def labelled(prompt: Prompt, targets: Sequence[str], predicted: Sequence[str]) -> Evaluation:
    """One outcome for each target and predicted label."""
    outcomes = tuple(
        Outcome(case(number, target), 0, label, Score(float(label == target), "because", label))
        for number, (target, label) in enumerate(zip(targets, predicted, strict=True))
    )
    return Evaluation(prompt, outcomes)
