"""What is true in a world and what no prompt says by itself: rules, traps, small effects; all follow from the seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from apo_ci.search.seeds import generator
from benchmarks.search.vocabulary import ADJECTIVES, THEMES, THINGS, Theme

HIGHEST_RATE, LOWEST_RATE = 0.16, 0.03  # shares of the cases that mention the feature of a true rule
ADVICE = ("careful", "context", "intent", "tone", "expert", "doubt", "spelling", "calm")


@dataclass(frozen=True)
class Rule:
    """When a text mentions `feature`, the answer is `label`; `rate` is the share of cases that mention it.

    `floor` is the chance of a right answer where the rule is needed and not stated. Of several rules that one text
    needs, the lowest `rank` decides the answer.
    """

    feature: str
    label: str
    rate: float
    floor: float
    rank: int


@dataclass(frozen=True)
class Trap:
    """A plausible rule that is false: the cases with its feature follow their surface.

    `floor` is the chance of a right answer to them when it is stated.
    """

    feature: str
    label: str
    rate: float
    floor: float


@dataclass(frozen=True)
class Hidden:
    """The truth of a world. Effects are shares of the cases (0.01 is a point).

    `needs` maps the feature of a rule to that of the rule without which stating it is no use; the rules of `clash` get
    in each other's way when both are stated without an order.
    """

    theme: Theme
    labels: tuple[str, ...]
    cues: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    traps: tuple[Trap, ...]
    needs: Mapping[str, str]
    clash: tuple[str, str]
    ability: float
    advice: Mapping[str, float]
    structure: Mapping[str, float]
    demonstrations: float
    level: float

    @property
    def features(self) -> tuple[str, ...]:
        """What rules and traps are about."""
        return (*(rule.feature for rule in self.rules), *(trap.feature for trap in self.traps))


def make_hidden(seed: int) -> Hidden:
    """The truth of the world `seed`."""
    rng = generator(seed, "world", "hidden")
    theme = rng.choice(THEMES)
    labels = tuple(rng.sample(sorted(theme.cues), rng.randint(2, 4)))
    features = [f"{first} {second}" for first, second in _pairs(rng)]
    rules = _rules(features, labels, rng)
    traps = _traps(features[len(rules) :], labels, rng)
    order = rng.sample([rule.feature for rule in rules], len(rules))
    pairs = rng.randint(1, 2)
    return Hidden(
        theme=theme,
        labels=labels,
        cues={label: theme.cues[label] for label in labels},
        rules=rules,
        traps=traps,
        needs={order[2 * nth]: order[2 * nth + 1] for nth in range(pairs)},
        clash=_clash(rules, order, 2 * pairs),
        ability=rng.uniform(0.82, 0.96),
        advice={name: rng.uniform(-0.03, 0.02) for name in ADVICE},
        structure={
            "labels": rng.uniform(-0.01, 0.015),
            "format_last": rng.uniform(-0.01, 0.015),
            "steps": rng.uniform(-0.015, 0.02),
        },
        demonstrations=rng.uniform(-0.01, 0.03),
        level=rng.uniform(0.6, 0.85),
    )


def _pairs(rng: Random) -> list[tuple[str, str]]:
    return list(zip(rng.sample(ADJECTIVES, len(ADJECTIVES)), rng.sample(THINGS, len(THINGS)), strict=True))


def _rules(features: list[str], labels: tuple[str, ...], rng: Random) -> tuple[Rule, ...]:
    number = rng.randint(6, 9)
    ranks = rng.sample(range(number), number)
    fall = (LOWEST_RATE / HIGHEST_RATE) ** (1 / (number - 1))
    return tuple(
        Rule(
            feature=features[nth],
            label=labels[nth % len(labels)] if nth < len(labels) else rng.choice(labels),
            rate=HIGHEST_RATE * fall**nth,
            floor=rng.uniform(0.08, 0.25),
            rank=ranks[nth],
        )
        for nth in range(number)
    )


def _traps(features: list[str], labels: tuple[str, ...], rng: Random) -> tuple[Trap, ...]:
    number = rng.randint(4, 6)
    return tuple(
        Trap(features[nth], rng.choice(labels), rng.uniform(0.05, 0.12), rng.uniform(0.2, 0.4)) for nth in range(number)
    )


def _clash(rules: tuple[Rule, ...], order: list[str], used: int) -> tuple[str, str]:
    """Two rules with different labels, outside the pairs of `needs` where that can be."""
    label = {rule.feature: rule.label for rule in rules}
    for first in order[used:]:
        for second in order[used:] + order[:used]:
            if label[first] != label[second]:
                return first, second
    return order[-1], order[0]
