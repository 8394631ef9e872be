"""The scorer of replies that give a number."""

from __future__ import annotations

import math
import re

from apo_ci.evaluation.score import CORRECT, Score, target_text, unusable
from apo_ci.inputs.datasets import Case

# As people write it (1,234.5 or .5 or -3e8, a unit may follow), but no digits out of a word or a version (gpt4, 1.2.3).
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
CUE = re.compile(r"(?:\banswer\W*(?:\bis\b|[:=])|####|\\boxed\{|=)\W*$", re.IGNORECASE)
LOOK_BACK = 40  # characters before a number


class Number:
    """One when the reply's number is within the tolerance of the target: the larger of the two counts.

    `relative` is a share of the target. Of several numbers the one after "answer:", "####", "=" or in
    `\\boxed{}` is taken, the last such; without any of these, the last number.
    """

    def __init__(self, *, absolute: float = 0.0, relative: float = 0.0):
        self._absolute = absolute
        self._relative = relative

    def score(self, case: Case, reply: str) -> Score:
        """Zero for a reply without a number."""
        target = _target_number(case)
        number = read_number(reply)
        if number is None:
            return Score(0.0, "no number in the reply")
        tolerance = max(self._absolute, self._relative * abs(target))
        if number == target or abs(number - target) <= tolerance * (1 + 1e-12):
            return Score(1.0, CORRECT)
        return Score(0.0, "the number is too low" if number < target else "the number is too high")


def _target_number(case: Case) -> float:
    if isinstance(case.target, int | float) and not isinstance(case.target, bool):
        number: float | None = float(case.target)
    else:
        number = read_number(target_text(case.target))
    if number is None or not math.isfinite(number):
        raise unusable(case, f"the target {target_text(case.target)[:80]!r} is not a number.", "Write a number.")
    return number


def read_number(text: str) -> float | None:
    """The number that `text` gives, as `Number` says; `None` without one."""
    text = text.replace("−", "-")
    last: float | None = None
    cued: float | None = None
    for match in NUMBER.finditer(text):
        last = float(match.group().replace(",", ""))
        if CUE.search(text, max(0, match.start() - LOOK_BACK), match.start()):
            cued = last
    return last if cued is None else cued
