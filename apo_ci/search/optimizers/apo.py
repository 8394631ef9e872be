"""The default optimizer: all operators, each as far as it pays; edits that pass the entry gate are combined.

The expansion of arXiv 2305.03495 with three changes that save evaluations. An edit is taken apart, and each change is
tried on the train cases that it speaks of. The changes of one parent's edits that hold become one candidate, so that a
round can make several steps. And which operator is asked is learned from what its candidates gained per request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.gradients import passes
from apo_ci.search.operators.books import deal_evenly
from apo_ci.search.operators.proposer import Growth, Proposer
from apo_ci.search.operators.rewriting import SAMPLES, in_order
from apo_ci.search.optimizers.combination import chosen, combine
from apo_ci.search.optimizers.entry import Applicant, EntryGate, Verdict
from apo_ci.search.optimizers.minibatches import Minibatches
from apo_ci.search.optimizers.proven import Proven
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.pareto import complements, front
from apo_ci.search.plan import round_budget
from apo_ci.search.pulls import Pulls, TrainGain
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState

TRIED_SHOWN = 8
CALLS_A_DRAFT = SAMPLES + 1  # answers about the reasons, and an edit
FREE = frozenset({"demonstrations"})  # operators that ask no model
GATED = frozenset({"edit"})  # operators whose drafts are written for failures
EDIT_PRICE = 28.0  # requests for an edit up to the end of the entry gate, about
PASS_RATE = 0.4  # arms that come of an edit
LEAST_BUDGET = 140  # requests of a round, where there are as many: for gradients, trials and the selection after them
LUCK = 0.85  # of what the chosen changes gained on train is not luck: they were chosen for it


class Apo:
    """Grows the beam by all operators, each as far as it has paid."""

    patience: int | None = 8  # the first stalled round widens the search, so many in a row end it

    def __init__(self, state: SearchState, pulls: Pulls, threshold: float):
        self._state = state
        self._pulls = pulls
        self._threshold = threshold
        self._minibatches = Minibatches(state, threshold)
        self._gate = EntryGate(state.outcomes, state.proposers.claims)
        self._proven = Proven(state.roster)

    def budget(self, left: int, rounds_left: int, parents: Sequence[Candidate]) -> int:
        """As in `Strategy`."""
        return max(round_budget(left, rounds_left), min(left, LEAST_BUDGET))

    async def grow(self, turn: Round) -> list[Candidate]:
        """As in `Strategy`: combined edits first, the rest in random order."""
        before = self._state.asked
        parents = self._parents(turn)
        drafts = self._drafts(turn)
        edited = self._dealt(self._state.proposers.rewriting, drafts.get("edit", 0), len(parents))
        criticised = [parent for parent, number in zip(parents, edited, strict=True) if number]
        minibatches = await self._minibatches.draw(turn, parents, criticised)
        applicants = await self._proposed(turn, self._growths(turn, parents, drafts, minibatches))
        written = [applicant for applicant in applicants if applicant.written_for]
        again = self._again(turn, parents[0])
        verdicts = await self._gate.judge([*again, *written], turn.budget - (self._state.asked - before))
        self._proven.keep(each for each in verdicts if each.change.applicant not in again)
        combined = self._combined(turn, written, verdicts)
        arms = [applicant.candidate for applicant in applicants if not applicant.written_for]
        missing = sum(drafts.values()) - len(applicants)
        arms += await self._fill_up(turn, missing, minibatches, nothing_else=not applicants)
        generator(self._state.settings.seed, "arms", turn.number).shuffle(arms)
        return [*combined, *arms]

    def learn(self, turn: Round, arms: Sequence[Candidate]) -> None:
        """As in `Strategy`: enter the gain of each arm over its parent, as far as both have met the same cases."""
        for arm in arms:
            parent = self._state.roster.parent_of(arm)
            if parent is not None and self._pulls.count(arm):
                self._enter(arm, self._gain(arm, parent))

    def _gain(self, arm: Candidate, parent: Candidate) -> float:
        if not self._pulls.better(arm, parent):
            return 0.0
        upto = min(self._pulls.count(arm), self._pulls.count(parent))
        return self._pulls.utility(arm, upto) - self._pulls.utility(parent, upto)

    def _enter(self, candidate: Candidate, gain: float) -> None:
        asked = len(self._state.outcomes.of(candidate)) + (candidate.operator not in FREE)
        self._state.books.enter(candidate.operator, gain, asked)

    def _parents(self, turn: Round) -> list[Candidate]:
        """The beam; after a stalled round, also one from the Pareto front that wins where the best loses."""
        others = self._partners(turn.parents[0]) if turn.widened else []
        return [*turn.parents, *[other for other in others if other not in turn.parents][:1]]

    def _partners(self, parent: Candidate) -> list[Candidate]:
        met = [candidate for candidate in self._state.roster.candidates if self._pulls.count(candidate)]
        return complements(parent, [other for other in front(met, self._pulls) if other is not parent], self._pulls)

    def _drafts(self, turn: Round) -> dict[str, int]:
        """How many drafts each operator is to make in this round."""
        arm = turn.budget / max(1, self._state.selector.arms(turn.budget, self._pulls.size))
        prices = {
            proposer.name: EDIT_PRICE + PASS_RATE * arm if proposer.name in GATED else arm + (proposer.name not in FREE)
            for proposer in self._state.proposers.able(self._state.start.prompt)
        }
        return self._state.books.deal(turn.budget, prices)

    def _growths(
        self,
        turn: Round,
        parents: Sequence[Candidate],
        drafts: Mapping[str, int],
        minibatches: Mapping[int, Sequence[Outcome]],
    ) -> list[tuple[Proposer, Growth]]:
        """Each operator's turn with each parent."""
        partners = {parent.id: self._partners(parent) for parent in parents}
        return [
            (proposer, self._growth(turn, proposer, parent, minibatches[parent.id], number, partners[parent.id]))
            for proposer in self._state.proposers.able(self._state.start.prompt)
            for parent, number in zip(
                parents, self._dealt(proposer, drafts.get(proposer.name, 0), len(parents)), strict=True
            )
        ]

    def _dealt(self, proposer: Proposer, drafts: int, parents: int) -> list[int]:
        """Drafts for each parent: even shares, but edits of the best ones first, for those of one can be combined."""
        if proposer is not self._state.proposers.rewriting:
            return deal_evenly(drafts, parents)
        most = self._state.proposers.rewriting.capacity
        return [min(most, max(0, drafts - place * most)) for place in range(parents)]

    def _growth(
        self,
        turn: Round,
        proposer: Proposer,
        parent: Candidate,
        minibatch: Sequence[Outcome],
        drafts: int,
        partners: Sequence[Candidate] = (),
        *,
        extra: int = 0,
    ) -> Growth:
        return Growth(
            parent=parent,
            minibatch=minibatch,
            threshold=self._threshold,
            slots=drafts,
            calls=CALLS_A_DRAFT * drafts,
            tried=self._state.roster.tried(self._state.outcomes, TRIED_SHOWN),
            widened=turn.widened,
            rng=generator(self._state.settings.seed, "grow", turn.number, parent.id, proposer.name, extra),
            partners=partners,
        )

    async def _proposed(self, turn: Round, growths: Sequence[tuple[Proposer, Growth]]) -> list[Applicant]:
        """The round's new candidates, as far as the guards let them through."""
        made = await in_order(proposer.propose(growth) for proposer, growth in growths)
        return [
            applicant
            for (_, growth), drafts in zip(growths, made, strict=True)
            for applicant in self._admitted(drafts, growth, turn)
        ]

    def _admitted(self, drafts: Sequence[Draft], growth: Growth, turn: Round) -> list[Applicant]:
        admitted = []
        for draft in drafts:
            candidate = self._state.roster.enrol(draft, turn.number)
            refusal = self._state.guards.refusal(draft)
            if refusal is None:
                passed = tuple(outcome.case for outcome in passes(growth.minibatch, self._threshold))
                admitted.append(Applicant(candidate, growth.parent, draft.written_for, passed))
            else:
                self._state.roster.refuse(candidate, refusal)
                self._enter(candidate, 0.0)
        return admitted

    def _again(self, turn: Round, parent: Candidate) -> list[Applicant]:
        """What proved good in other candidates and `parent` lacks."""
        return [
            self._gate.again(change, parent, prompt, turn.number) for change, prompt in self._proven.lacking(parent)
        ]

    def _combined(self, turn: Round, applicants: Sequence[Applicant], verdicts: Sequence[Verdict]) -> list[Candidate]:
        """For each parent one candidate, with all changes of its edits that got in."""
        made = []
        for parent in {each.change.applicant.parent.id: each.change.applicant.parent for each in verdicts}.values():
            own = [each for each in verdicts if each.change.applicant.parent is parent]
            made += self._combination(turn, parent, own)
        for applicant in applicants:
            own = [each for each in verdicts if each.change.applicant is applicant]
            kept = sum(each.is_in for each in own)
            self._state.roster.note({applicant.candidate.id: f"taken apart: {kept} of {len(own)} changes kept"})
            if applicant.candidate not in made:  # who goes on to dev is entered with what it gains there
                self._enter(applicant.candidate, 0.0)
        return made

    def _combination(self, turn: Round, parent: Candidate, verdicts: Sequence[Verdict]) -> list[Candidate]:
        """At most one candidate: none where no change got in, or what came of them is known already."""
        kept = chosen(verdicts)
        if not kept:
            return []
        edits = {each.change.applicant.candidate.id: each.change.applicant for each in kept}
        gradients = dict.fromkeys(edit.candidate.gradient for edit in edits.values() if edit.candidate.gradient)
        cases = {case.id: case for edit in edits.values() for case in edit.written_for}
        note = f"{len(kept)} changes of {len(edits)} edits"
        prompt = combine(parent.prompt, kept)
        draft = Draft(prompt, parent, "edit", "\n".join(gradients), tuple(cases.values()), note)
        enrolled = (edit.candidate for edit in edits.values() if edit.candidate.id >= 0)
        known = next((one for one in enrolled if one.prompt == prompt), None)
        candidate = known or self._state.roster.enrol(draft, turn.number)
        refusal = None if known else self._state.guards.refusal(draft)
        if refusal is not None:
            self._state.roster.refuse(candidate, refusal)
            return []
        self._gate.recall(candidate)
        self._proven.put_in(candidate, (each.change for each in kept))
        train = len(self._state.train)
        gain = LUCK * sum(each.gain for each in kept) / train
        self._pulls.credit(candidate, TrainGain(parent, gain, train))
        return [candidate]

    async def _fill_up(
        self, turn: Round, number: int, minibatches: Mapping[int, Sequence[Outcome]], *, nothing_else: bool
    ) -> list[Candidate]:
        """`number` more candidates that cost no request to make, where no operator has paid better.

        Also where there is `nothing_else` to try, for the optimizer model wrote nothing that can be used.
        """
        demonstrations = self._state.proposers.demonstrations
        if number <= 0 or not demonstrations.able(self._state.start.prompt):
            return []
        if not nothing_else and not self._leads(demonstrations.name):
            return []
        parent = turn.parents[0]
        growth = self._growth(turn, demonstrations, parent, minibatches[parent.id], number, extra=1)
        return [each.candidate for each in self._admitted(await demonstrations.propose(growth), growth, turn)]

    def _leads(self, operator: str) -> bool:
        kinds = [proposer.name for proposer in self._state.proposers.able(self._state.start.prompt)]
        return all(self._state.books.payoff(operator) >= self._state.books.payoff(kind) for kind in kinds)
