"""What a scorer says of one reply, and what every scorer promises."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from apo_ci.errors import InputError
from apo_ci.inputs.datasets import Case

CORRECT = "correct"
UNPARSED = "unparsed"


@dataclass(frozen=True, slots=True)
class Score:
    """A value in [0, 1], why, and the predicted label (`unparsed` when there is none) where labels are scored.

    Reasons are few: similar failures have the same one, so that they can be grouped by it.
    """

    value: float
    reason: str
    predicted: str | None = None


class Scorer(Protocol):
    """Scores one reply to one case.

    It never raises because of a reply. A case that no reply could satisfy (a target that is not a number, not
    one of the labels, not a pattern) is a fault of the eval set and raises `InputError`.
    """

    def score(self, case: Case, reply: str) -> Score:
        """The score of `reply`; the same for the same case and reply."""
        ...


def target_text(target: Any) -> str:
    """A target as text: strings as they are, everything else as JSON."""
    return target if isinstance(target, str) else json.dumps(target, ensure_ascii=False, sort_keys=True)


def unusable(case: Case, problem: str, cure: str | None) -> InputError:
    """The error for a case whose target its scorer cannot use."""
    return InputError(f"Case {case.id}: {problem}", cure=cure, line=case.line or None)
