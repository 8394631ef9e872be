"""The cases of a world: short made-up messages. Each has a number of its own, by which it is known again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from apo_ci.inputs.datasets import Case, Split
from apo_ci.inputs.splits import Splits
from apo_ci.search.seeds import generator
from benchmarks.search.chance import deviate
from benchmarks.search.hidden import Hidden, Rule, Trap
from benchmarks.search.vocabulary import BESIDE, DID, FILLERS, NAMES, PLACES, with_article

SIZES = (96, 96, 128)  # train, dev, test
FEWEST_WORDS, MOST_WORDS = 12, 25
MOST_RULES = 2  # that one case needs
NOISE = 0.04  # share of the targets that are wrong in the file
REFERENCE = re.compile(r"(?<!\d)\d{5}(?!\d)")


@dataclass(frozen=True)
class Truth:
    """What a case really is: `label` is the right answer, `surface` what its cue word suggests.

    `rules` are those that its answer needs; `difficulty` is a standard normal deviate.
    """

    reference: str
    text: str
    label: str
    surface: str
    target: str
    rules: tuple[Rule, ...]
    traps: tuple[Trap, ...]
    difficulty: float


def make_truths(hidden: Hidden, seed: int) -> tuple[Truth, ...]:
    """All cases of a world, in file order."""
    rng = generator(seed, "world", "cases")
    references = rng.sample(range(10_000, 100_000), sum(SIZES))
    truths = [_truth(hidden, str(reference), seed, rng) for reference in references]
    return tuple(truths)


def make_splits(truths: tuple[Truth, ...]) -> Splits:
    """The cases in their splits, which the rows name themselves."""
    train, dev, _ = SIZES
    parts = (truths[:train], truths[train : train + dev], truths[train + dev :])
    names: tuple[Split, ...] = ("train", "dev", "test")
    cases = tuple(
        tuple(_case(truth, name, first + nth) for nth, truth in enumerate(part, start=1))
        for part, name, first in zip(parts, names, (0, train, train + dev), strict=True)
    )
    return Splits(*cases)


def _case(truth: Truth, split: Split, line: int) -> Case:
    return Case(id=f"ref-{truth.reference}", inputs={"text": truth.text}, target=truth.target, split=split, line=line)


def _truth(hidden: Hidden, reference: str, seed: int, rng: Random) -> Truth:
    needed = [rule for rule in hidden.rules if rng.random() < rule.rate]
    needed = rng.sample(needed, min(len(needed), MOST_RULES))
    traps = [trap for trap in hidden.traps if rng.random() < trap.rate][: 2 if not needed else 1]
    decisive = min(needed, key=lambda rule: rule.rank, default=None)
    surface = rng.choice([label for label in hidden.labels if decisive is None or label != decisive.label])
    label = surface if decisive is None else decisive.label
    noisy = rng.random() < NOISE
    target = rng.choice([other for other in hidden.labels if other != label]) if noisy else label
    features = [rule.feature for rule in needed] + [trap.feature for trap in traps]
    return Truth(
        reference=reference,
        text=_write(reference, rng.choice(hidden.cues[surface]), features, rng),
        label=label,
        surface=surface,
        target=target,
        rules=tuple(needed),
        traps=tuple(traps),
        difficulty=deviate(seed, "difficulty", reference),
    )


def _write(reference: str, cue: str, features: list[str], rng: Random) -> str:
    opening = f"{rng.choice(NAMES)} from {rng.choice(PLACES)} {rng.choice(DID)} the {cue}"
    clauses = [f"{rng.choice(BESIDE)} {with_article(feature)}" for feature in features]
    fillers = rng.sample(FILLERS, len(FILLERS))
    wanted = rng.randint(FEWEST_WORDS, MOST_WORDS - 5) - 2
    while len(" ".join([opening, *clauses]).split()) < wanted:
        clauses.insert(rng.randint(0, len(clauses)), fillers.pop())
    return f"{' '.join([opening, *clauses])}. Ref {reference}"
