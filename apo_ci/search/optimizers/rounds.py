"""The rounds of a search: baseline, expansion, entry gate, selection, and the reasons to stop."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate
from apo_ci.search.gradients import success_threshold
from apo_ci.search.operators.books import KIND
from apo_ci.search.optimizers.entry import Applicant, entry_gate
from apo_ci.search.optimizers.expansion import Expansion, Round
from apo_ci.search.plan import round_budget
from apo_ci.search.pulls import Pulls, freeze_order
from apo_ci.search.result import RoundReport
from apo_ci.search.seeds import generator
from apo_ci.search.selection.selectors import Selection
from apo_ci.search.spending import UNBOUNDED
from apo_ci.search.state import SearchState

LEAST_ROUND = 16  # requests; with less, nothing new can be learnt
STALLED_ROUNDS = 3  # the first one widens the search, two more end it
ENOUGH_TO_WIN = 16  # dev cases, or half of them: nobody replaces the best on fewer
MOST_ERRORED = 0.1  # of the replies that the other prompt got: a prompt that makes requests fail does not win by it
PERFECT = 1 - 1e-9


class Rounds:
    """A search under way, after its baseline. Every decision is taken when nothing is in flight."""

    def __init__(self, state: SearchState, pulls: Pulls, threshold: float):
        self._state = state
        self._expansion = Expansion(state, pulls, threshold)
        self._stalled = 0
        self.pulls = pulls
        self.number = 0
        self.beam = self._first_beam()

    def reason_to_stop(self) -> str | None:
        """Why there is no further round; `None` when there is one."""
        state = self._state
        best = state.best
        if self.pulls.count(best) == self.pulls.size and self.pulls.estimate(best) >= PERFECT:
            return "perfect on dev"
        out_of_budget = state.exhausted or state.spending.calls_left(self._prompts(self.beam)) < LEAST_ROUND
        if self.number >= state.settings.rounds:
            return "complete"
        if self._stalled >= STALLED_ROUNDS:
            return "stalled"
        if out_of_budget:
            cap = state.spending.tightest_cap(self._prompts(self.beam))
            return "deadline" if cap == "seconds" else f"budget: {cap}"
        return None

    async def next_round(self) -> None:
        """Expand, gate and select once."""
        self.number += 1
        state, before = self._state, self._state.asked
        left = state.spending.calls_left(self._prompts(self.beam))
        budget = round_budget(left, state.settings.rounds - self.number + 1)
        turn = Round(self.number, tuple(self.beam), budget, widened=self._stalled > 0)
        slots = self._expansion.slots(turn)
        applicants = await self._gated(await self._expansion.grow(turn, slots), budget - (state.asked - before))
        applicants += await self._expansion.fill_up(turn, sum(slots.values()) - len(applicants))
        arms = [applicant.candidate for applicant in applicants]
        generator(state.settings.seed, "arms", self.number).shuffle(arms)
        possible = state.spending.calls_left(self._prompts([*self.beam, *arms]))
        selection = await state.selector.select(
            [*self.beam, *arms],
            state.settings.beam_width,
            self.pulls,
            max(0, min(possible, budget - (state.asked - before))),
        )
        self._settle(arms, selection)

    async def finish(self) -> None:
        """Bring the best to all of dev where the budget allows it, and fall back to the start if it does no better."""
        state = self._state
        best = state.best
        if self.pulls.cost(best, self.pulls.size) <= state.spending.calls_left(self._prompts([best])):
            await self.pulls.extend([best], self.pulls.size)
        if best is not state.start and not self._better(best, state.start):
            state.best = state.start

    def report(self) -> RoundReport:
        """Where the search stands."""
        state = self._state
        left = state.spending.calls_left()
        return RoundReport(
            round=self.number,
            rounds=state.settings.rounds,
            candidates=len(state.roster.candidates),
            start_score=self.pulls.estimate(state.start),
            best_score=self.pulls.estimate(state.best),
            best_operator=state.best.operator,
            best_source=state.best.prompt.source,
            calls_left=None if left >= UNBOUNDED else left,
        )

    @property
    def tried(self) -> int:
        """How many candidates that the search made have met dev cases."""
        made = (candidate for candidate in self._state.roster.candidates if candidate.round > 0)
        return sum(self.pulls.count(candidate) > 0 for candidate in made)

    def _first_beam(self) -> list[Candidate]:
        """The start, and the base version where it does at least as well; the better one first."""
        state = self._state
        base, start = state.base, state.start
        if base is None:
            return [start]
        if self._better(start, base):
            state.roster.note({base.id: "dropped: does worse than the start"})
            return [start]
        if not self._better(base, start):
            return [start, base]
        state.best = base
        return [base, start]

    async def _gated(self, applicants: list[Applicant], budget: int) -> list[Applicant]:
        fates = await entry_gate(applicants, self._state.outcomes, budget)
        self._state.roster.note(fates)
        for applicant in applicants:
            if applicant.candidate.id in fates:
                self._state.books.enter(applicant.candidate, success=False)
        return [applicant for applicant in applicants if applicant.candidate.id not in fates]

    def _settle(self, arms: list[Candidate], selection: Selection) -> None:
        """Book what the round brought."""
        state = self._state
        state.roster.note(dict.fromkeys((arm.id for arm in selection.kept), "kept"))
        state.roster.note(selection.fates)
        for arm in arms:
            parent = state.roster.parent_of(arm)
            if parent is not None and arm.operator in KIND and self.pulls.count(arm):
                state.books.enter(arm, success=self._better(arm, parent))
        self.beam = list(selection.kept)
        before = state.best
        for arm in selection.kept:
            if self._better(arm, state.best):
                state.best = arm
        if state.best not in self.beam:
            self.beam = [state.best, *self.beam][: state.settings.beam_width]
        self._stalled = 0 if state.best is not before else self._stalled + 1
        state.spending.resize(state.best.prompt)

    def _better(self, one: Candidate, other: Candidate) -> bool:
        """Whether `one` does better than `other` on the longest prefix that both have met, if it is long enough."""
        upto = min(self.pulls.count(one), self.pulls.count(other))
        replies, others = len(self.pulls.values(one, upto)), len(self.pulls.values(other, upto))
        enough = upto >= min(ENOUGH_TO_WIN, self.pulls.size / 2) and replies >= (1 - MOST_ERRORED) * others
        return enough and self.pulls.estimate(one, upto) > self.pulls.estimate(other, upto) + 1e-9

    @staticmethod
    def _prompts(candidates: list[Candidate]) -> tuple[Prompt, ...]:
        return tuple(candidate.prompt for candidate in candidates)


async def begin(state: SearchState, dev: Sequence[Case]) -> Rounds | None:
    """The baseline: start and base on dev, and the frozen order; `None` when the start has no score there."""
    await state.outcomes.obtain([(state.start, dev)])
    if state.base is not None and len(state.outcomes.missing(state.base, dev)) <= state.spending.calls_left():
        await state.outcomes.obtain([(state.base, dev)])
    seen = state.outcomes.of(state.start)
    scores = [seen[case.id].score for case in dev if case.id in seen]
    values = [score.value for score in scores if score is not None]
    if not values:
        return None
    threshold = success_threshold(values)
    order = freeze_order(dev, seen, threshold, generator(state.settings.seed, "dev"))
    return Rounds(state, Pulls(order, state.outcomes, state.task.metric), threshold)
