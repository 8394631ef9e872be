"""Candidates: the prompts that the search has made, each with the way it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt

Operator = Literal[
    "start",
    "base",
    "edit",
    "paraphrase",
    "demonstrations",
    "merge",
    "shorten",
    "restructure",
    "phrase",  # of the `reinforce` baseline
    "critique",  # of the `autogpt` baseline
    "trim",  # the winner without the hunks that carry no gain
]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt proposed by the search, with its lineage.

    `parent` is the id of the candidate that it was made from, `gradient` the criticism that it answers,
    `round` 0 for what was there before the first round. `note` tells more about the operator, `other` is the
    id of the second candidate of a merge.
    """

    prompt: Prompt
    id: int
    parent: int | None
    operator: Operator
    gradient: str | None
    round: int
    note: str = ""
    other: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt that an operator made, before the guards have seen it.

    `written_for` are the train cases that its parent fails and that it should get right; empty when it was
    not written for any. `partner` is the second candidate of a merge.
    """

    prompt: Prompt
    parent: Candidate
    operator: Operator
    gradient: str | None = None
    written_for: tuple[Case, ...] = ()
    note: str = ""
    partner: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """An earlier rewriting and how it fared on dev, in units of the metric; shown to the optimizer model."""

    text: str
    score: float
    parent_score: float
