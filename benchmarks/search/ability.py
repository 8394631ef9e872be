"""How likely the task model answers rightly: every number of the world's task model is here or in `hidden`.

The figures are made up to be plausible for a language model: a rule that is not stated is mostly missed, a stated one
mostly followed, how well depends on its wording, and advice does little.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.search.cases import Truth
from benchmarks.search.chance import between
from benchmarks.search.hidden import Hidden, Rule
from benchmarks.search.instruction import Instruction

LEAST_CLARITY, BEST_CLARITY = 0.6, 0.98  # of a stated rule, by its wording
ONE_EXAMPLE, MORE_EXAMPLES = 0.35, 0.5  # how well a rule is followed that only worked examples show
ENOUGH_EXAMPLES = 3  # for the whole general effect of worked examples
CONTRADICTED = 0.05  # a rule stated with a wrong label
CLASHING = 0.7  # factor for two rules that get in each other's way
FREE_WORDS, WORD_COST = 150, 0.015 / 100
WORDING_LOW, WORDING_HIGH = -0.03, 0.02  # effect of how the task is put
NO_TASK, NO_LABELS, NO_FORMAT = -0.15, -0.10, -0.03
MOST_ADVICE = 0.02  # what all good advice together can add
LOWEST, HIGHEST = 0.02, 0.97


@dataclass(frozen=True)
class Ability:
    """What an instruction makes of the model: `general` is added to every chance."""

    base: float
    general: float
    followed: dict[str, float]
    trapped: dict[str, float]
    stated: dict[str, str]

    def chance(self, truth: Truth) -> float:
        """The chance of a right answer to a case."""
        chance = self.base if not truth.rules else 1.0
        for rule in truth.rules:
            chance *= self.followed[rule.feature]
        for trap in truth.traps:
            if self.stated.get(trap.feature, truth.label) != truth.label:
                chance = min(chance, self.trapped[trap.feature])
        return min(HIGHEST, max(LOWEST, chance + self.general))


def ability(hidden: Hidden, seed: int, instruction: Instruction) -> Ability:
    """The ability of the world's model under `instruction`."""
    stated: dict[str, str] = {}
    clarities: dict[str, list[float]] = {}
    labels = {rule.feature: rule.label for rule in hidden.rules}
    for said in instruction.said:
        if said.statement.kind != "rule":
            continue
        feature, label = said.statement.subject, said.statement.label
        clear = between(LEAST_CLARITY, BEST_CLARITY, seed, "clarity", feature, said.sentence)
        clarities.setdefault(feature, []).append(clear if labels.get(feature, label) == label else CONTRADICTED)
        stated.setdefault(feature, label)
    clarity = {feature: sum(values) / len(values) for feature, values in clarities.items()}  # saying it twice is no use
    return Ability(
        base=hidden.ability,
        general=_general(hidden, seed, instruction),
        followed={rule.feature: _followed(rule, hidden, clarity, instruction) for rule in hidden.rules},
        trapped={trap.feature: trap.floor for trap in hidden.traps},
        stated=stated,
    )


def _followed(rule: Rule, hidden: Hidden, clarity: dict[str, float], instruction: Instruction) -> float:
    needed = hidden.needs.get(rule.feature)
    if rule.feature not in clarity or (needed is not None and needed not in clarity):
        return max(rule.floor, _shown(rule, instruction))
    followed = clarity[rule.feature]
    if rule.feature in hidden.clash and all(one in clarity for one in hidden.clash) and not instruction.says("order"):
        followed *= CLASHING
    return followed


def _shown(rule: Rule, instruction: Instruction) -> float:
    right = sum(
        rule in example.truth.rules and example.label == example.truth.label == rule.label
        for example in instruction.examples
    )
    return 0.0 if not right else ONE_EXAMPLE if right == 1 else MORE_EXAMPLES


def _general(hidden: Hidden, seed: int, instruction: Instruction) -> float:
    said = {said.statement.kind for said in instruction.said}
    tasks = [said.sentence for said in instruction.said if said.statement.kind == "task"]
    effect = between(WORDING_LOW, WORDING_HIGH, seed, "wording", tasks[0]) if tasks else NO_TASK
    effect += sum(hidden.structure[kind] for kind in ("labels", "steps") if kind in said)
    effect += hidden.structure["format_last"] if said & {"format"} and _format_last(instruction) else 0.0
    effect += 0.0 if "format" in said else NO_FORMAT
    effect += 0.0 if _names_labels(hidden, instruction) else NO_LABELS
    effect += min(MOST_ADVICE, sum(hidden.advice[name] for name in _advice(instruction)))
    effect += hidden.demonstrations * min(1.0, len(instruction.examples) / ENOUGH_EXAMPLES)
    return effect - WORD_COST * max(0, instruction.words - FREE_WORDS)


def _format_last(instruction: Instruction) -> bool:
    return instruction.said[-1].statement.kind == "format"


def _names_labels(hidden: Hidden, instruction: Instruction) -> bool:
    words = set(instruction.text.split())
    return all(label in words for label in hidden.labels)


def _advice(instruction: Instruction) -> set[str]:
    return {said.statement.subject for said in instruction.said if said.statement.kind == "advice"}
