"""The default optimizer: parents meet fresh train cases, operators make drafts, guards and the entry gate judge them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.gradients import failures, passes
from apo_ci.search.operators.books import apportion, deal
from apo_ci.search.operators.proposer import Growth, Proposer
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.optimizers.entry import Applicant, entry_gate
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.plan import proposer_calls, rewriting_cost, round_budget
from apo_ci.search.pulls import Pulls
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState

TRIED_SHOWN = 6
MINIBATCH_SHARE = 8  # at most one in so many requests of a round goes into minibatches
SMALLEST_MINIBATCH = 4
WORTH_MORE = 0.35  # payoff from which demonstrations fill the slots that others left empty


class Apo:
    """Grows the beam by all operators, each as far as it has paid."""

    patience: int | None = 3  # the first stalled round widens the search, two more end it

    def __init__(self, state: SearchState, pulls: Pulls, threshold: float):
        self._state = state
        self._pulls = pulls
        self._threshold = threshold

    def budget(self, left: int, rounds_left: int, parents: Sequence[Candidate]) -> int:
        """As in `Strategy`."""
        return round_budget(left, rounds_left)

    async def grow(self, turn: Round) -> list[Candidate]:
        """As in `Strategy`; arms are in random order."""
        before = self._state.asked
        slots = self._slots(turn)
        applicants = await self._gated(await self._expand(turn, slots), turn.budget - (self._state.asked - before))
        applicants += await self._fill_up(turn, sum(slots.values()) - len(applicants))
        arms = [applicant.candidate for applicant in applicants]
        generator(self._state.settings.seed, "arms", turn.number).shuffle(arms)
        return arms

    def learn(self, turn: Round, arms: Sequence[Candidate]) -> None:
        """As in `Strategy`."""
        for arm in arms:
            parent = self._state.roster.parent_of(arm)
            if parent is not None and self._pulls.count(arm):
                self._state.books.enter(arm, success=self._pulls.better(arm, parent))

    async def _gated(self, applicants: list[Applicant], budget: int) -> list[Applicant]:
        fates = await entry_gate(applicants, self._state.outcomes, budget)
        self._state.roster.note(fates)
        for applicant in applicants:
            if applicant.candidate.id in fates:
                self._state.books.enter(applicant.candidate, success=False)
        return [applicant for applicant in applicants if applicant.candidate.id not in fates]

    def _slots(self, turn: Round) -> dict[str, int]:
        """How many drafts each operator is to make in this round."""
        kinds = [proposer.name for proposer in self._state.proposers.able(self._state.start.prompt)]
        shares = self._state.books.shares(kinds)
        settings = self._state.settings
        number = settings.max_expansion_factor * len(turn.parents)
        while number > 1 and self._affordable(turn, number, shares) < number:
            number -= 1
        return apportion(number, shares)

    def _affordable(self, turn: Round, number: int, shares: Mapping[str, float]) -> int:
        """How many arms the selector can take when `number` drafts have been made and gated."""
        text = apportion(number, shares).get("text", 0)
        left = turn.budget - rewriting_cost(text, self._state.settings.errors_per_gradient)
        return self._state.selector.arms(left, self._pulls.size)

    async def _expand(self, turn: Round, slots: dict[str, int]) -> list[Applicant]:
        """The round's new candidates, as far as the guards let them through."""
        minibatches = await self._minibatches(turn, needed=slots.get("text", 0) > 0)
        calls = proposer_calls(turn.budget)
        growths = [
            (proposer, self._growth(turn, proposer, parent, minibatches[parent.id], drafts, most))
            for proposer in self._state.proposers.able(self._state.start.prompt)
            for parent, drafts, most in zip(
                turn.parents,
                deal(slots.get(proposer.name, 0), len(turn.parents)),
                deal(calls, len(turn.parents)),
                strict=True,
            )
        ]
        made = await in_order(proposer.propose(growth) for proposer, growth in growths)
        return [
            applicant
            for (_, growth), drafts in zip(growths, made, strict=True)
            for applicant in self._admitted(drafts, growth, turn)
        ]

    async def _fill_up(self, turn: Round, number: int) -> list[Applicant]:
        """`number` more candidates that cost no request to make, where they have paid so far."""
        demonstrations = self._state.proposers.demonstrations
        pays = self._state.books.payoff(demonstrations.name) >= WORTH_MORE
        if number <= 0 or not pays or not demonstrations.able(self._state.start.prompt):
            return []
        parent = turn.parents[0]
        growth = self._growth(turn, demonstrations, parent, self._known(parent), number, 0, extra=1)
        return self._admitted(await demonstrations.propose(growth), growth, turn)

    def _growth(
        self,
        turn: Round,
        proposer: Proposer,
        parent: Candidate,
        minibatch: Sequence[Outcome],
        slots: int,
        calls: int,
        *,
        extra: int = 0,
    ) -> Growth:
        return Growth(
            parent=parent,
            minibatch=minibatch,
            threshold=self._threshold,
            slots=slots,
            calls=calls,
            tried=self._state.roster.tried(self._pulls, TRIED_SHOWN),
            widened=turn.widened,
            rng=generator(self._state.settings.seed, "grow", turn.number, parent.id, proposer.name, extra),
        )

    def _admitted(self, drafts: Sequence[Draft], growth: Growth, turn: Round) -> list[Applicant]:
        admitted = []
        for draft in drafts:
            candidate = self._state.roster.enrol(draft, turn.number)
            refusal = self._state.guards.refusal(draft)
            if refusal is None:
                admitted.append(Applicant(candidate, draft.written_for, growth.minibatch, self._threshold))
            else:
                self._state.roster.note({candidate.id: f"refused: {refusal}"})
                self._state.books.enter(candidate, success=False)
        return admitted

    async def _minibatches(self, turn: Round, *, needed: bool) -> dict[int, tuple[Outcome, ...]]:
        """Each parent's outcomes on fresh train cases; where they would cost requests, only if `needed`."""
        size = self._state.settings.minibatch_size * (2 if turn.widened else 1)
        affordable = min(size, max(SMALLEST_MINIBATCH, turn.budget // (MINIBATCH_SHARE * len(turn.parents))))
        drawn: dict[int, Sequence[Case]] = {}
        for parent in turn.parents:
            rng = generator(self._state.settings.seed, "minibatch", turn.number, parent.id)
            cases = _unshown(self._state.train, parent)
            known = self._known(parent)
            if len(known) >= min(affordable, len(cases)):
                drawn[parent.id] = _mixed(known, size, self._threshold, rng)
            else:
                drawn[parent.id] = rng.sample(cases, min(affordable, len(cases))) if needed else ()
        await self._state.outcomes.obtain([(parent, drawn[parent.id]) for parent in turn.parents])
        seen = {parent.id: self._state.outcomes.of(parent) for parent in turn.parents}
        return {
            id_: tuple(seen[id_][case.id] for case in cases if case.id in seen[id_]) for id_, cases in drawn.items()
        }

    def _known(self, parent: Candidate) -> tuple[Outcome, ...]:
        """The outcomes of `parent` on train that have been seen."""
        seen = self._state.outcomes.of(parent)
        return tuple(seen[case.id] for case in _unshown(self._state.train, parent) if case.id in seen)


def _unshown(train: Sequence[Case], parent: Candidate) -> list[Case]:
    """The cases whose answers do not stand in the prompt."""
    shown = [dict(inputs) for inputs, _ in parent.prompt.demonstrations]
    return [case for case in train if dict(case.inputs) not in shown]


def _mixed(known: Sequence[Outcome], size: int, threshold: float, rng: random.Random) -> list[Case]:
    """`size` cases, half of them failures where there are as many, in random order."""
    failed = [outcome.case for outcome in failures(known, threshold)]
    passed = [outcome.case for outcome in passes(known, threshold)]
    bad = rng.sample(failed, min(len(failed), max(size // 2, size - len(passed))))
    good = rng.sample(passed, min(len(passed), size - len(bad)))
    return rng.sample([*bad, *good], len(bad) + len(good))
