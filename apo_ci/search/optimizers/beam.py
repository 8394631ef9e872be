"""The beam search of arXiv 2305.03495 (algorithm 1), whatever expands a prompt: gradients, or one of the baselines.

Every round expands the parents, draws at most `max_expansion_factor` successors of each at random (section 3.2:
eight), and hands them to the selector, which has the paper's number of evaluations for each (`selection/rationed.py`).
Parents compete with their successors for the beam, as in the reference implementation; algorithm 1 leaves them out.

The paper has no cap on requests. Here, when what is left does not suffice for all parents, the best ones are expanded;
when it does not suffice for one, that one gets fewer successors, and the last of them fewer evaluations. Guards and
confirmation are those of every search. No round is left out for lack of success.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.pulls import Pulls
from apo_ci.search.seeds import generator
from apo_ci.search.selection.rationed import PAPER
from apo_ci.search.selection.selector import SHORTEST_RUNG
from apo_ci.search.state import SearchState


class Expander(Protocol):
    """Makes drafts out of a parent; what distinguishes one method of the paper from another."""

    def requests(self, parent: Candidate, successors: int) -> int:
        """The most requests, to either model, that it takes to expand `parent` into so many successors."""
        ...

    async def expand(self, turn: Round, parents: Sequence[Candidate], successors: int) -> list[Sequence[Draft]]:
        """Drafts for each of `parents`, of which `successors` will be drawn. Raises `InfrastructureError`."""
        ...

    def learn(self, arms: Sequence[Candidate], pulls: Pulls) -> None:
        """Take note of how the successors did on dev."""
        ...


class BeamSearch:
    """The strategy: an expander with the paper's beam, successor count and evaluations."""

    patience: int | None = None  # the paper runs all of its rounds

    def __init__(self, state: SearchState, pulls: Pulls, expander: Expander):
        self._state = state
        self._pulls = pulls
        self._expander = expander

    def budget(self, left: int, rounds_left: int, parents: Sequence[Candidate]) -> int:
        """As in `Strategy`: what all parents take, or what is left."""
        number, successors = self._affordable(left, parents)
        return min(left, self._cost(parents, number, successors))

    async def grow(self, turn: Round) -> list[Candidate]:
        """As in `Strategy`; arms are in random order."""
        number, successors = self._affordable(turn.budget, turn.parents)
        if not number or not self._state.start.prompt.parts:
            return []
        rng = generator(self._state.settings.seed, "successors", turn.number)
        arms: list[Candidate] = []
        for drafts in await self._expander.expand(turn, turn.parents[:number], successors):
            arms += _drawn(self._state, admitted(self._state, drafts, turn.number), successors, rng)
        return rng.sample(arms, len(arms))

    def learn(self, turn: Round, arms: Sequence[Candidate]) -> None:
        """As in `Strategy`."""
        self._expander.learn(arms, self._pulls)

    def _affordable(self, budget: int, parents: Sequence[Candidate]) -> tuple[int, int]:
        """How many parents can be expanded, and into how many successors each."""
        most = self._state.settings.max_expansion_factor
        for number in range(len(parents), 0, -1):
            if self._cost(parents, number, most) <= budget:
                return number, most
        for successors in range(most - 1, 0, -1):
            if self._cost(parents, 1, successors) <= budget:
                return 1, successors
        return (1, 1) if self._expander.requests(parents[0], 1) + SHORTEST_RUNG <= budget else (0, 0)

    def _cost(self, parents: Sequence[Candidate], number: int, successors: int) -> int:
        """The most requests of a round that expands the first `number` of `parents`, its selection included."""
        ration = min(PAPER, self._pulls.size)
        unfinished = sum(self._pulls.cost(parent, self._pulls.size) > 0 for parent in parents)
        expansion = sum(self._expander.requests(parent, successors) for parent in parents[:number])
        return expansion + ration * (successors * number + unfinished)


def admitted(state: SearchState, drafts: Sequence[Draft], number: int) -> list[Candidate]:
    """The drafts of round `number` as candidates, as far as the guards let them through."""
    candidates = []
    for draft in drafts:
        candidate = state.roster.enrol(draft, number)
        refusal = state.guards.refusal(draft)
        if refusal is None:
            candidates.append(candidate)
        else:
            state.roster.refuse(candidate, refusal)
    return candidates


def _drawn(state: SearchState, candidates: Sequence[Candidate], successors: int, rng: random.Random) -> list[Candidate]:
    """At most `successors` of one parent's candidates."""
    drawn = rng.sample(candidates, min(successors, len(candidates)))
    left = (candidate for candidate in candidates if candidate not in drawn)
    state.roster.note(dict.fromkeys((candidate.id for candidate in left), "not tried: not among those that were drawn"))
    return drawn
