"""The rounds of a search, whatever the optimizer: expansion, selection, and the reasons to stop."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate
from apo_ci.search.optimizers.strategy import Round, Strategy
from apo_ci.search.pulls import Pulls
from apo_ci.search.result import RoundReport
from apo_ci.search.selection.selector import Selection
from apo_ci.search.spending import UNBOUNDED
from apo_ci.search.state import SearchState

ENOUGH_AT_LAST = 8  # dev cases on which a candidate may lead to be confirmed, where none has won on more
LEAST_ROUND = 16  # requests; with less, nothing new can be learnt
PERFECT = 1 - 1e-9
MOST_BARREN = 3  # rounds in a row in which the optimizer model was asked, and wrote nothing that can be used


class Rounds:
    """A search under way, after its baseline. Every decision is taken when nothing is in flight."""

    def __init__(self, state: SearchState, pulls: Pulls, strategy: Strategy):
        self._state = state
        self._strategy = strategy
        self._stalled = 0
        self._barren = 0
        self.pulls = pulls
        self.number = 0
        self.beam = self._first_beam()

    def reason_to_stop(self) -> str | None:
        """Why there is no further round; `None` when there is one."""
        state = self._state
        best = state.best
        if self._is_perfect(best):
            return "perfect on dev"
        if self.number >= state.settings.rounds:
            return "complete"
        if self._strategy.patience is not None and self._stalled >= self._strategy.patience:
            return "stalled"
        if self._barren >= MOST_BARREN:
            return "stalled"
        if state.exhausted or state.spending.calls_left(_prompts(self.beam)) < LEAST_ROUND:
            cap = state.spending.tightest_cap(_prompts(self.beam))
            return "deadline" if cap == "seconds" else f"budget: {cap}"
        return None

    async def next_round(self, allowance: int | None = None) -> None:
        """Expand and select once, with at most `allowance` requests."""
        self.number += 1
        state, before = self._state, self._state.asked
        left = state.spending.calls_left(_prompts(self.beam))
        budget = self._strategy.budget(left, state.settings.rounds - self.number + 1, self.beam)
        budget = min(budget, left if allowance is None else allowance)
        turn = Round(self.number, tuple(self.beam), budget, widened=self._stalled > 0)
        replies, usable = state.proposers.asked, state.roster.admitted
        arms = await self._strategy.grow(turn)
        is_barren = state.proposers.asked > replies and state.roster.admitted == usable
        self._barren = self._barren + 1 if is_barren else 0
        await self._measure_best((budget - (state.asked - before)) // 2)
        possible = state.spending.calls_left(_prompts([*self.beam, *arms]))
        selection = await state.selector.select(
            [*self.beam, *arms],
            state.settings.beam_width,
            self.pulls,
            max(0, min(possible, budget - (state.asked - before))),
        )
        self._settle(selection)
        self._strategy.learn(turn, arms)

    async def _measure_best(self, budget: int) -> None:
        """Bring the best to all of dev if `budget` allows it: it was chosen on a part of dev that was kind to it."""
        best = self._state.best
        if self.pulls.cost(best, self.pulls.size) <= budget:
            await self.pulls.extend([best], self.pulls.size)
        self._fall_back()

    async def finish(self) -> None:
        """Bring the best to all of dev where the budget allows it, and fall back to the start if it does no better.

        Where nothing has won, what leads on few dev cases is as good as the best: the requests of the confirmation,
        which decides, are set aside and of no other use.
        """
        state = self._state
        if state.best is state.start:
            leading = (arm for arm in self.beam if self.pulls.better(arm, state.start, ENOUGH_AT_LAST))
            state.best = next(leading, state.start)
        best = state.best
        if self.pulls.cost(best, self.pulls.size) <= state.spending.calls_left(_prompts([best])):
            await self.pulls.extend([best], self.pulls.size)
        self._fall_back()

    def _fall_back(self) -> None:
        """Let the start be the best again where the best turns out to do no better."""
        best, start = self._state.best, self._state.start
        if best is not start and not self.pulls.better(best, start, ENOUGH_AT_LAST):
            self._state.best = start

    def _is_perfect(self, best: Candidate) -> bool:
        """Whether there is nothing left to gain; a perfect prompt may still become cheaper, where that counts."""
        if self._state.settings.minds_cost:
            return False
        return self.pulls.count(best) == self.pulls.size and self.pulls.estimate(best) >= PERFECT

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
        if self.pulls.better(start, base):
            state.roster.note({base.id: "dropped: does worse than the start"})
            return [start]
        if not self.pulls.better(base, start):
            return [start, base]
        state.best = base
        return [base, start]

    def _settle(self, selection: Selection) -> None:
        """Book what the round brought."""
        state = self._state
        state.roster.note(dict.fromkeys((arm.id for arm in selection.kept), "kept"))
        state.roster.note(selection.fates)
        self.beam = list(selection.kept)
        before = state.best
        for arm in selection.kept:
            if self.pulls.better(arm, state.best):
                state.best = arm
        if state.best not in self.beam:
            self.beam = [state.best, *self.beam][: state.settings.beam_width]
        self._stalled = 0 if state.best is not before else self._stalled + 1
        state.spending.resize(state.best.prompt)


def _prompts(candidates: Sequence[Candidate]) -> tuple[Prompt, ...]:
    return tuple(candidate.prompt for candidate in candidates)
