"""The simulated world: a task with hidden rules, its cases, and how well a model answers under any instruction.

`python -m benchmarks.search.world --seed 3` shows one. docs/benchmarks/simulated-world.md says what it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rich.console import Console

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.splits import Splits
from apo_ci.search.seeds import generator
from benchmarks.search.ability import NO_TASK, Ability, ability
from benchmarks.search.cases import REFERENCE, Truth, make_splits, make_truths
from benchmarks.search.hidden import Hidden, make_hidden
from benchmarks.search.instruction import Instruction, read_instruction
from benchmarks.search.recognition import Recognition, recognition_of
from benchmarks.search.statement import Statement
from benchmarks.search.veil import Veil, make_veil, put_veil
from benchmarks.search.wordings import say

PROMPT_TAIL = "\n\nText: {{ text }}\nAnswer:"
REMEMBERED = 4_096  # instructions whose reading is kept


@dataclass(frozen=True)
class World:
    """A world; everything follows from `seed`, `null` and `veiled`.

    `start` is the instruction of the start prompt without the case; the prompt is `start + PROMPT_TAIL`. In a `null`
    world all prompts that state the task are equally good. In a `veiled` one the cases have other words than prompts,
    and `veil` has the names under which they show the features; all else is as in the plain world.
    """

    seed: int
    null: bool
    veiled: bool
    start: str
    cases: tuple[Case, ...]
    splits: Splits
    labels: tuple[str, ...]
    hidden: Hidden = field(repr=False)
    truths: Mapping[str, Truth] = field(repr=False)
    veil: Veil = field(repr=False)
    _known: dict[str, tuple[Instruction, Ability]] = field(default_factory=dict, repr=False, compare=False)

    def accuracy(self, instruction: str, cases: Sequence[Case]) -> float:
        """The true expected accuracy on `cases`: the mean chance of a right answer, by the clean labels.

        `instruction` is all text that the model sees besides the case, worked examples included.
        """
        truths = [self.truths[case.id.removeprefix("ref-")] for case in cases]
        return sum(self.chance(instruction, truth) for truth in truths) / len(truths)

    def chance(self, instruction: str, truth: Truth) -> float:
        """The chance of a right answer to one case."""
        read, able = self.read(instruction)
        if self.null:
            return self.hidden.level + (0.0 if read.says("task") else NO_TASK)
        return able.chance(truth)

    def read(self, instruction: str) -> tuple[Instruction, Ability]:
        """What the task model makes of an instruction."""
        known = self._known.get(instruction)
        if known is None:
            read = read_instruction(instruction, self.recognition, self.truths)
            known = read, ability(self.hidden, self.seed, read)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[instruction] = known
        return known

    @cached_property
    def recognition(self) -> Recognition:
        """Finds this world's statements in text."""
        return recognition_of(self.hidden, self.veil)

    def find(self, text: str) -> list[Truth]:
        """The cases whose references stand in `text`, in order."""
        return [self.truths[number] for number in REFERENCE.findall(text) if number in self.truths]


def make_world(seed: int, *, null: bool = False, veiled: bool = False) -> World:
    """The world of `seed`."""
    hidden = make_hidden(seed)
    truths = make_truths(hidden, seed)
    veil = make_veil(hidden.features, seed) if veiled else {}
    if veiled:
        truths = tuple(put_veil(truth, veil, seed) for truth in truths)
    splits = make_splits(truths)
    return World(
        seed=seed,
        null=null,
        veiled=veiled,
        start=_start(hidden, seed),
        cases=(*splits.train, *splits.dev, *splits.test),
        splits=splits,
        labels=hidden.labels,
        hidden=hidden,
        truths={truth.reference: truth for truth in truths},
        veil=veil,
    )


def _start(hidden: Hidden, seed: int) -> str:
    """A prompt as somebody in a hurry writes it: the task, the format, few of the rules, perhaps something useless."""
    rng = generator(seed, "world", "start")
    known = rng.sample(hidden.rules, rng.choice((0, 1, 1, 2)))
    middle = [Statement("rule", rule.feature, rule.label) for rule in known]
    if rng.random() < 0.5:
        trap = rng.choice(hidden.traps)
        useless = Statement("advice", rng.choice(sorted(hidden.advice)))
        middle.append(rng.choice((Statement("rule", trap.feature, trap.label), useless)))
    rng.shuffle(middle)
    format_, task = Statement("format"), Statement("task")
    order = [task, *middle, format_] if rng.random() < 0.4 else [task, format_, *middle]
    return " ".join(say(statement, hidden, rng) for statement in order)


def main() -> None:
    """Show the world that the command line names."""
    from benchmarks.search.showing import show  # it needs this module

    parser = argparse.ArgumentParser(description="Show a simulated world.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--null", action="store_true", help="a world in which nothing helps")
    parser.add_argument("--veiled", action="store_true", help="a world whose cases share no word with the rules")
    arguments = parser.parse_args()
    world = make_world(arguments.seed, null=arguments.null, veiled=arguments.veiled)
    show(world, Console(width=120))


if __name__ == "__main__":
    main()
