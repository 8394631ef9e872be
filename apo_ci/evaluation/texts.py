"""Scorers of free text: equality, containment, patterns and overlap with a reference."""

from __future__ import annotations

import re

from apo_ci.errors import InputError
from apo_ci.evaluation.patterns import compile_pattern, occurs
from apo_ci.evaluation.score import CORRECT, Score, target_text, unusable
from apo_ci.inputs.datasets import Case

ROUGE_WORDS = 2_000  # of each text: the library's table of common subsequences grows with the product
WORD = re.compile(r"[^\W_]+")


class ExactMatch:
    """One when the reply is the target."""

    def __init__(self, *, case_sensitive: bool = True, strip: bool = True):
        self._case_sensitive = case_sensitive
        self._strip = strip

    def score(self, case: Case, reply: str) -> Score:
        """Predicts the reply itself, spelled as the target when the two are the same."""
        target = target_text(case.target)
        if self._normalise(reply) == self._normalise(target):
            return Score(1.0, CORRECT, target)
        return Score(0.0, "the reply is not the target", reply.strip() if self._strip else reply)

    def _normalise(self, text: str) -> str:
        text = text.strip() if self._strip else text
        return text if self._case_sensitive else text.casefold()


class Contains:
    """One when the target occurs in the reply."""

    def __init__(self, *, case_sensitive: bool = True):
        self._case_sensitive = case_sensitive

    def score(self, case: Case, reply: str) -> Score:
        """Looks for the target as it is written, anywhere."""
        target = target_text(case.target)
        if not self._case_sensitive:
            target, reply = target.casefold(), reply.casefold()
        return Score(1.0, CORRECT) if target in reply else Score(0.0, "the target is not in the reply")


class Pattern:
    """One when the pattern occurs in the reply. RE2 syntax: linear time, whatever the pattern and the reply.

    Without a pattern of its own, each case's target is the pattern.
    """

    def __init__(self, pattern: str | None = None):
        if pattern is not None:
            compile_pattern(pattern)
        self._pattern = pattern

    def score(self, case: Case, reply: str) -> Score:
        """Searches anywhere in the reply; anchors and flags such as `(?i)` are the pattern's business."""
        if self._pattern is not None:
            found = occurs(self._pattern, reply)
        else:
            try:
                found = occurs(target_text(case.target), reply)
            except InputError as problem:
                raise unusable(case, problem.message, problem.cure) from problem
        return Score(1.0, CORRECT) if found else Score(0.0, "the pattern does not match the reply")


class _Words:
    """Splits text into lower-case words of any script; the library's own tokenizer knows a to z only."""

    def tokenize(self, text: str) -> list[str]:
        return WORD.findall(text.lower())[:ROUGE_WORDS]


class Rouge:
    """The F measure of ROUGE (Lin 2004), by Google's `rouge_score`, without stemming.

    The first 2,000 words of the reply and of the target count.
    """

    def __init__(self, variant: str = "rougeL"):
        from rouge_score.rouge_scorer import RougeScorer

        self._variant = variant
        self._scorer = RougeScorer([variant], tokenizer=_Words())

    def score(self, case: Case, reply: str) -> Score:
        """The reason says which side is lacking: what the target has, or what it has not."""
        result = self._scorer.score(target_text(case.target), reply)[self._variant]
        value = float(result.fmeasure)
        if value >= 1:
            return Score(1.0, CORRECT)
        if result.recall <= result.precision:
            return Score(value, f"{self._variant}: much of the target is missing from the reply")
        return Score(value, f"{self._variant}: much of the reply is not in the target")
