"""What the optimizer model finds in the cases that it is shown: sometimes a true rule, sometimes something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from random import Random

from benchmarks.search.hidden import ADVICE, Hidden
from benchmarks.search.reading import Attempt, Shown
from benchmarks.search.statement import Statement

FOUND = (0.3, 0.5, 0.65, 0.75, 0.8, 0.85)  # chance to see a rule, by the number of failures that show it
TRIED_IN_VAIN = 0.2  # factor for what was tried before and did not help
WRONG_RULE, WRONG_LABEL = 0.3, 0.1  # of what is made up: a false rule, a true feature with a wrong label; else advice
STRUCTURE_SHARE = 0.2  # of advice: labels, steps, an order


class Finder:
    """Finds things to say about a prompt that already says `stated`."""

    def __init__(
        self,
        hidden: Hidden,
        stated: Collection[Statement],
        shown: Sequence[Shown],
        attempts: Sequence[Attempt],
        rng: Random,
    ):
        self._hidden, self._stated, self._rng = hidden, stated, rng
        self._failed = [one for one in shown if one.failed]
        self._vain = _in_vain(attempts, stated)
        self._evidence = Counter(found for one in self._failed for found in self._shown_by(one))
        self._given: set[Statement] = set()

    def find(self) -> Statement | None:
        """One thing that the failures show, weighed by how many show it; `None` where it is not seen."""
        open_ = [(found, number) for found, number in self._evidence.items() if found not in self._given]
        if not open_:
            return None
        weights = [number * self._doubt(found) for found, number in open_]
        found, number = self._rng.choices(open_, weights)[0]
        if self._rng.random() >= FOUND[min(number, len(FOUND)) - 1] * self._doubt(found):
            return None
        self._given.add(found)
        return found

    def make_up(self) -> Statement:
        """Something plausible that the failures do not show."""
        lot = self._rng.random()
        rules = (
            self._wrong_rules() if lot < WRONG_RULE else self._wrong_labels() if lot < WRONG_RULE + WRONG_LABEL else []
        )
        rules = [rule for rule in rules if rule not in self._stated and rule not in self._given]
        made_up = self._rng.choice(rules) if rules else self.advice()
        if self._rng.random() >= self._doubt(made_up):
            made_up = self.advice()
        self._given.add(made_up)
        return made_up

    def advice(self) -> Statement:
        """Something that could be said about any prompt."""
        structure = [Statement(kind) for kind in ("labels", "steps", "order") if Statement(kind) not in self._stated]
        if structure and self._rng.random() < STRUCTURE_SHARE:
            return self._rng.choice(structure)
        advice = [Statement("advice", name) for name in ADVICE]
        new = [one for one in advice if one not in self._stated and one not in self._given]
        return self._rng.choice(new or advice)

    def _doubt(self, statement: Statement) -> float:
        return TRIED_IN_VAIN if statement in self._vain else 1.0

    def _shown_by(self, one: Shown) -> Iterator[Statement]:
        """What the failure of a case shows: the rules that it needs, a false one, or that an order is missing."""
        truth = one.truth
        for rule in truth.rules:
            if rule.label == one.right == truth.label:
                yield Statement("rule", rule.feature, rule.label)
                if rule.feature in self._hidden.clash and self._clashes():
                    yield Statement("order")
        for said in self._stated:
            misled = said.kind == "rule" and any(trap.feature == said.subject for trap in truth.traps)
            if misled and said.label != one.right == truth.label:
                yield Statement("removal", said.subject)

    def _clashes(self) -> bool:
        features = {said.subject for said in self._stated if said.kind == "rule"}
        return features.issuperset(self._hidden.clash) and Statement("order") not in self._stated

    def _wrong_rules(self) -> list[Statement]:
        traps = {trap for one in self._failed for trap in one.truth.traps}
        return [Statement("rule", trap.feature, trap.label) for trap in self._hidden.traps if trap in traps]

    def _wrong_labels(self) -> list[Statement]:
        rules = {rule for one in self._failed for rule in one.truth.rules}
        return [
            Statement("rule", rule.feature, label)
            for rule in self._hidden.rules
            if rule in rules
            for label in self._hidden.labels
            if label != rule.label
        ]


def _in_vain(attempts: Sequence[Attempt], stated: Collection[Statement]) -> frozenset[Statement]:
    said = {statement for attempt in attempts if not attempt.helped for statement in attempt.statements}
    helped = {statement for attempt in attempts if attempt.helped for statement in attempt.statements}
    return frozenset(said - helped - set(stated))
