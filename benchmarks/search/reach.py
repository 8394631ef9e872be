"""How far a prompt can get in a world: greedily, with the true statements and several wordings of each.

It knows the hidden truth and the true accuracy, so it is a mark to measure a search by, not a search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from apo_ci.inputs.datasets import Case
from apo_ci.search.seeds import generator
from benchmarks.search.passage import take_apart
from benchmarks.search.rewriting import Rewriting
from benchmarks.search.statement import Statement
from benchmarks.search.wordings import say
from benchmarks.search.world import World

WORDINGS = 4  # that are tried of each statement
PASSES = 2


def best_reachable(world: World, cases: Sequence[Case], wordings: int = WORDINGS) -> str:
    """The instruction that a greedy climb on the true accuracy over `cases` ends at."""
    rng = generator(world.seed, "reach")
    best, height = world.start, world.accuracy(world.start, cases)
    for _ in range(PASSES):
        for statement in _true_statements(world):
            for text in _changed(world, best, statement, wordings, rng):
                if (reached := world.accuracy(text, cases)) > height:
                    best, height = text, reached
    return best


def _true_statements(world: World) -> Iterator[Statement]:
    hidden = world.hidden
    yield from (Statement("rule", rule.feature, rule.label) for rule in hidden.rules)
    yield from (Statement(kind) for kind in ("format", "labels", "steps", "order"))
    yield from (Statement("advice", name) for name in hidden.advice)
    yield from (Statement("removal", trap.feature) for trap in hidden.traps)


def _changed(world: World, text: str, statement: Statement, wordings: int, rng: Random) -> Iterator[str]:
    """`text` with `statement` said in several ways instead of what it said about that, and without it."""
    for nth in range(wordings + 1):
        rewriting = Rewriting(take_apart(text, world.recognition, world.truths), world.hidden, rng)
        about = statement.subject or statement.kind
        rewriting.drop_about(lambda said, about=about: about in (said.subject, said.kind))  # type: ignore[misc]
        if nth and statement.kind == "format":
            rewriting.append(say(statement, world.hidden, rng))
        elif nth and statement.kind != "removal":
            rewriting.add(statement)
        yield rewriting.passage.text
