"""What an adapter to another optimizer is handed, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apo_ci.evaluation.scorers import Scorer
from apo_ci.inputs.datasets import Case

TASK_MODEL, OPTIMIZER_MODEL = "task", "optimizer"


@dataclass(frozen=True)
class PeerTask:
    """The same prompt, cases and models that this package's search gets.

    A case follows an instruction as `render` says, so that the requests have the same bytes. A peer may use train and
    dev as it likes, and does not pay for a confirmation. `cap` is on calls, whatever they are for.
    """

    start: str
    render: Callable[[str, Case], str]
    train: tuple[Case, ...]
    dev: tuple[Case, ...]
    labels: tuple[str, ...]
    scorer: Scorer
    url: str
    cap: int
    seed: int
    concurrency: int


class PeerError(Exception):
    """A peer met an error that it passed over. Its result would not be its own, so there is none."""


@dataclass(frozen=True, slots=True)
class PeerResult:
    """The instruction that did best. `trace` has the calls at which it, and each one before, became the best."""

    best: str
    trace: tuple[tuple[int, str], ...]
    finish_reason: str
