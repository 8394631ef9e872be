"""The smallest edit: a confirmed winner without the hunks of its change that carry no gain.

Each hunk is left out in turn, on dev, paired with the winner on the same cases, a few first; who clearly loses by it
leaves early, and its hunk stays. Hunks that can be spared are then left out together and tried together, fewer at each
try until it does no harm. The result is confirmed on the test cases like the winner before it, and must not lose
against it there.
Whatever cannot be shown leaves the winner as it is, so trimming never makes a suggestion that was not confirmed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from apo_ci.errors import BudgetExhaustedError, InfrastructureError, InputError
from apo_ci.evaluation.compare import Comparison, compare
from apo_ci.inputs.datasets import Case
from apo_ci.lm.model import Purpose
from apo_ci.search import explain
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.confirm import Confirmation, confirm, verdict
from apo_ci.search.hunks import Hunk, compose, split
from apo_ci.search.pulls import MOST_ERRORED, Pulls
from apo_ci.search.result import HunkGain
from apo_ci.search.selection.selector import LEFT_OUT, sign_test
from apo_ci.search.state import SearchState

FIRST_LOOK = 16  # dev cases
ENOUGH_TO_DROP = 32  # dev cases, or all of them: on fewer, no hunk is called useless
CLEAR_LOSS = 0.25  # one-sided sign test; lenient, for to keep a hunk is the safe side
TOLERANCE = 0.01  # of the metric: how far the trimmed prompt may fall behind the winner on the test cases
MOST_SHARE = 0.25  # of what the search cost may go into trimming, where more than what was set aside is left
EPSILON = 1e-9
CARRIES_GAIN = "dropped: the change that it leaves out carries gain"


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What is left of the winner, its confirmation, what each hunk is worth, and what is to be said about it."""

    winner: Candidate
    confirmation: Confirmation
    hunks: tuple[HunkGain, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Without:
    """A candidate that leaves one hunk out."""

    hunk: Hunk
    candidate: Candidate


async def trim(
    state: SearchState, pulls: Pulls, test: Sequence[Case], confirmation: Confirmation, round_: int
) -> Trimmed:
    """Leave out of `state.best`, which `confirmation` has confirmed, what carries no gain. Raises nothing.

    Spends what was set aside for it, or what the search has left over up to `MOST_SHARE` of its own cost.
    """
    whole = Trimmed(state.best, confirmation)
    hunks = split(state.start.prompt, state.best.prompt)
    if len(hunks) == 1:
        return dataclasses.replace(whole, hunks=(_gain(hunks[0], state.best, state.start, pulls),))
    most = max(state.spending.spare.searching, int(MOST_SHARE * state.asked))
    if not _can_begin(state, test, most):
        return dataclasses.replace(
            whole, hunks=tuple(HunkGain(hunk, None, 0) for hunk in hunks), note=explain.NOT_TRIMMED
        )
    trimming = _Trimming(state, pulls, hunks, most, round_)
    try:
        return await trimming.run(whole, test)
    except (InfrastructureError, BudgetExhaustedError):
        return dataclasses.replace(whole, hunks=trimming.gains(()), note=explain.TRIM_CUT_SHORT)


def _can_begin(state: SearchState, test: Sequence[Case], most: int) -> bool:
    """Free what was set aside, set the second confirmation aside, and see whether the rest is worth beginning."""
    prompts = (state.best.prompt,)
    state.task.ledger.release_earmark(Purpose.CONFIRM)
    try:
        state.spending.set_aside(len(test) * state.task.replicates, prompts)
    except BudgetExhaustedError:
        return False
    state.outcomes.reopen()
    return min(most, state.spending.calls_left(prompts)) >= ENOUGH_TO_DROP


class _Trimming:
    """One winner's trimming under way. Each step's requests go out at once."""

    def __init__(self, state: SearchState, pulls: Pulls, hunks: tuple[Hunk, ...], most: int, round_: int):
        self._state = state
        self._pulls = pulls
        self._winner = state.best
        self._hunks = hunks
        self._end = state.asked + most
        self._round = round_
        self._without: list[_Without] = []

    async def run(self, whole: Trimmed, test: Sequence[Case]) -> Trimmed:
        """Find what can be spared, and put it to the test cases."""
        self._without = self._variants()
        dropped, candidate = await self._together(await self._spared())
        if not dropped:
            return dataclasses.replace(whole, hunks=self.gains(()), note=explain.nothing_trimmed(len(self._hunks)))
        task = self._state.task
        known = (*task.evaluations, *whole.confirmation.evaluations)
        again = await confirm(dataclasses.replace(task, evaluations=known), candidate.prompt, test)
        against = self._compared(whole.confirmation, again)
        number, total = len(dropped), len(self._hunks)
        if not self._holds(whole.confirmation, again, against):
            self._state.roster.note({candidate.id: "dropped: it loses against the untrimmed prompt on the test cases"})
            return dataclasses.replace(whole, hunks=self.gains(()), note=explain.not_held(number, total, against))
        self._state.roster.note({self._winner.id: f"trimmed: see candidate {candidate.id}"})
        return Trimmed(candidate, again, self.gains(dropped), explain.trimmed(number, total, against))

    def gains(self, dropped: Collection[int]) -> tuple[HunkGain, ...]:
        """What each hunk is worth, as far as it was tried."""
        tried = {each.hunk.number: each.candidate for each in self._without}
        return tuple(
            dataclasses.replace(
                _gain(hunk, self._winner, tried.get(hunk.number), self._pulls), kept=hunk.number not in dropped
            )
            for hunk in self._hunks
        )

    def _variants(self) -> list[_Without]:
        """For each hunk the winner without it, where that is a prompt; the longest hunks first."""
        made = [
            _Without(hunk, self._enrolled({hunk.number})) for hunk in self._by_length() if self._fits({hunk.number})
        ]
        return [each for each in made if each.candidate is not self._winner]

    def _by_length(self) -> list[Hunk]:
        return sorted(self._hunks, key=lambda hunk: (-hunk.examples, -len(hunk.added) - len(hunk.removed), hunk.number))

    def _kept(self, dropped: Collection[int]) -> set[int]:
        return {hunk.number for hunk in self._hunks} - set(dropped)

    def _fits(self, dropped: Collection[int]) -> bool:
        """Whether the winner without these hunks is a prompt with some text."""
        try:
            prompt = compose(self._state.start.prompt, self._winner.prompt, self._kept(dropped))
        except InputError:
            return False
        return any(part.text for part in prompt.parts)

    def _enrolled(self, dropped: Collection[int]) -> Candidate:
        """The winner without these hunks; a candidate that there is already, or a new one."""
        prompt = compose(self._state.start.prompt, self._winner.prompt, self._kept(dropped))
        known = (each for each in self._state.roster.candidates if each.prompt.source == prompt.source)
        count = len(dropped)
        note = f"without {count} of {len(self._hunks)} changes"
        found = max(known, key=self._pulls.count, default=None)
        return found or self._state.roster.enrol(Draft(prompt, self._winner, "trim", note=note), self._round)

    async def _spared(self) -> list[_Without]:
        """Those whose hunk can be spared, the most promising first."""
        tried, lost = list(self._without), set[int]()
        for rung in _looks(FIRST_LOOK, self._pulls.size):
            tried = self._affordable(self._ranked(tried), rung)
            await self._pulls.extend([each.candidate for each in tried], rung)
            lost |= {each.hunk.number for each in tried if self._loses(each.candidate)}
            tried = [each for each in tried if each.hunk.number not in lost]
        rest = [each for each in self._without if each.hunk.number not in lost]
        spared = self._ranked([each for each in rest if self._can_be_spared(each.candidate)])
        self._note_fates([each for each in self._without if each not in spared])
        return spared

    def _note_fates(self, others: Sequence[_Without]) -> None:
        made = [each.candidate for each in others if each.candidate.operator == "trim"]
        self._state.roster.note({each.id: CARRIES_GAIN if self._pulls.count(each) else LEFT_OUT for each in made})

    def _affordable(self, ranked: Sequence[_Without], rung: int) -> list[_Without]:
        """As many as can be brought to `rung`, so that the first can still be brought to where a decision is taken."""
        left = self._left()
        goal = max(rung, min(ENOUGH_TO_DROP, self._pulls.size))
        chosen: list[_Without] = []
        for each in ranked:
            cost = self._pulls.cost(each.candidate, rung if chosen else goal)
            if cost <= left:
                chosen.append(each)
                left -= cost
        return chosen

    async def _together(self, spared: list[_Without]) -> tuple[set[int], Candidate]:
        """The largest set of hunks that can be spared together, fewer at each try, and the winner without them."""
        while len(spared) > 1:
            dropped = {each.hunk.number for each in spared}
            if self._fits(dropped):
                candidate = self._enrolled(dropped)
                if await self._is_spared(candidate):
                    return dropped, candidate
                self._state.roster.note({candidate.id: "dropped: these changes carry gain together"})
            spared = spared[:-1]
        return ({spared[0].hunk.number}, spared[0].candidate) if spared else (set(), self._winner)

    async def _is_spared(self, candidate: Candidate) -> bool:
        """Whether the winner does no better than `candidate`, on as many dev cases as can be had."""
        for rung in _looks(ENOUGH_TO_DROP, self._pulls.size):
            if self._pulls.cost(candidate, rung) > self._left():
                break
            await self._pulls.extend([candidate], rung)
            if self._loses(candidate):
                return False
        return self._can_be_spared(candidate)

    def _left(self) -> int:
        return min(self._end - self._state.asked, self._state.spending.calls_left((self._winner.prompt,)))

    def _ranked(self, each: Iterable[_Without]) -> list[_Without]:
        return sorted(each, key=lambda one: -round(self._margin(one.candidate), 9))

    def _margin(self, candidate: Candidate) -> float:
        """How much better `candidate` does on dev than the winner."""
        upto = min(self._pulls.count(candidate), self._pulls.count(self._winner))
        return self._pulls.utility(candidate, upto) - self._pulls.utility(self._winner, upto) if upto else 0.0

    def _can_be_spared(self, candidate: Candidate) -> bool:
        """Whether the winner does no better than `candidate`, on dev cases enough to say so."""
        upto = min(self._pulls.count(candidate), self._pulls.count(self._winner))
        replies, others = (len(self._pulls.values(each, upto)) for each in (candidate, self._winner))
        enough = upto >= min(ENOUGH_TO_DROP, self._pulls.size) and replies >= (1 - MOST_ERRORED) * others
        return enough and self._margin(candidate) >= -EPSILON

    def _loses(self, candidate: Candidate) -> bool:
        """Whether `candidate` clearly does worse on dev than the winner, so far."""
        upto = min(self._pulls.count(candidate), self._pulls.count(self._winner))
        wins, losses = self._pulls.wins_and_losses(candidate, self._winner, upto)
        return losses > wins and sign_test(wins, losses) <= CLEAR_LOSS and self._margin(candidate) < 0

    def _compared(self, before: Confirmation, again: Confirmation) -> Comparison:
        """The trimmed prompt against the winner, on the test cases."""
        task = self._state.task
        whole, trimmed = before.evaluations[0], again.evaluations[0]
        return compare(whole, trimmed, task.metric, confidence=task.confidence, seed=task.settings.seed)

    def _holds(self, before: Confirmation, again: Confirmation, against: Comparison) -> bool:
        """Whether the trimmed prompt is confirmed as the winner was, and shows no loss against it."""
        settings = self._state.settings
        whole = again.over_start.unevaluated == 0 and verdict(again, settings) in ("better", verdict(before, settings))
        significant = against.p_value < 1 - against.confidence
        return whole and (against.delta >= 0 or (against.delta >= -TOLERANCE and not significant))


def _gain(hunk: Hunk, winner: Candidate, without: Candidate | None, pulls: Pulls) -> HunkGain:
    """What `hunk` is worth on the dev cases that winner and the winner `without` it have both met."""
    upto = 0 if without is None else min(pulls.count(winner), pulls.count(without))
    if without is None or not upto:
        return HunkGain(hunk, None, 0)
    both = pulls.values(winner, upto).keys() & pulls.values(without, upto).keys()
    return HunkGain(hunk, pulls.estimate(winner, upto) - pulls.estimate(without, upto), len(both))


def _looks(first: int, size: int) -> list[int]:
    """Prefix lengths at which to look, doubling from `first` up to `size`."""
    looks = [min(first, size)]
    while looks[-1] < size:
        looks.append(min(2 * looks[-1], size))
    return looks
