"""The APO loop: expand, guard, gate, select, until there is a reason to stop; then confirm once, and trim.

Prompt optimization with textual gradients and beam search (ProTeGi, arXiv 2305.03495), with demonstrations as a further
operator, cumulative paired selection, and one confirmation on cases that no decision has seen.
"""

from __future__ import annotations

from apo_ci.lm.model import Purpose
from apo_ci.search.allocation import credible_gain
from apo_ci.search.confirm import confirm, verdict
from apo_ci.search.explain import Efforts, Saving, explain, explain_nothing
from apo_ci.search.optimizers.baseline import begin
from apo_ci.search.optimizers.rounds import Rounds
from apo_ci.search.plan import Plan, Refusal, make_plan
from apo_ci.search.refusals import NO_SCORE, SPENT, refusal_of
from apo_ci.search.result import Progress, RoundReport, SearchResult, Status
from apo_ci.search.state import SearchState
from apo_ci.search.task import SearchTask
from apo_ci.search.trim import Trimmed, trim

USELESS_ENDS = frozenset({"complete", "stalled"})


async def optimize(task: SearchTask, progress: Progress | None = None) -> SearchResult:
    """Search for a prompt that does better than `task.start`, within what the ledger allows.

    Anytime: whatever ends the search, the best candidate so far goes to the confirmation, whose share was set
    aside at the start. The same task, replies and settings give the same result, whatever the order in which
    replies arrive. Raises `InfrastructureError` when no request can succeed, and nothing else.
    """
    search = Search(task, progress)
    try:
        await search.begin()
        while search.reason_to_stop is None:
            await search.next_round()
        return await search.conclude()
    finally:
        search.close()


class Search:
    """A search that is taken round by round, so that several can share one budget.

    `begin`, then `next_round` as long as there is no `reason_to_stop`, then `conclude`, and `close` in any case.
    """

    def __init__(self, task: SearchTask, progress: Progress | None = None):
        self._task = task
        self._progress = progress
        self._state = SearchState(task)
        self._rounds: Rounds | None = None
        self._plan: Plan | Refusal = refusal_of(task) or make_plan(task, self._state.spending, self._state.typical)

    async def begin(self) -> None:
        """Evaluate the start on dev, unless the search was refused."""
        if isinstance(self._plan, Refusal):
            return
        with self._state.spending.at_work():
            self._rounds = await begin(self._state, self._plan.dev)
        if self._rounds is None:
            self._plan = SPENT if self._state.exhausted else NO_SCORE
        self._tell()

    @property
    def is_refused(self) -> bool:
        """Whether there is nothing to be done but to `conclude`."""
        return isinstance(self._plan, Refusal)

    @property
    def asked(self) -> int:
        """Requests of the search so far, those that the cache answered among them."""
        return self._state.asked

    @property
    def found(self) -> bool:
        """Whether a prompt did better than the start so far, so that there is something to confirm."""
        return self._state.best is not self._state.start

    @property
    def credible_gain(self) -> float:
        """How much better the best prompt so far is on dev than the start, beyond what luck may bring."""
        if self._rounds is None:
            return 0.0
        values = self._rounds.pulls.values
        return credible_gain(values(self._state.best), values(self._state.start))

    @property
    def standing(self) -> RoundReport | None:
        """Where the search stands now; `None` for one that was refused or has not begun."""
        return None if self._rounds is None else self._rounds.report()

    @property
    def reason_to_stop(self) -> str | None:
        """Why there is no further round; `None` when there is one."""
        return "refused" if self._rounds is None else self._rounds.reason_to_stop()

    async def next_round(self, allowance: int | None = None) -> RoundReport:
        """One round, with at most `allowance` requests, and where the search stands after it."""
        assert self._rounds is not None, "a refused search has no rounds"
        with self._state.spending.at_work():
            await self._rounds.next_round(allowance)
        self._tell()
        return self._rounds.report()

    async def conclude(self) -> SearchResult:
        """Put the best candidate to the test cases, once."""
        if isinstance(self._plan, Refusal) or self._rounds is None:
            assert isinstance(self._plan, Refusal)
            return _without_search(self._state, self._plan)
        state, rounds = self._state, self._rounds
        reason = rounds.reason_to_stop() or STOPPED
        await rounds.finish()
        reason = "no usable proposals" if reason in USELESS_ENDS and not state.roster.admitted else reason
        ending = None if state.best is state.start else await self._ending(rounds, self._plan)
        return _result(state, rounds, ending, reason, self._plan)

    async def _ending(self, rounds: Rounds, plan: Plan) -> Trimmed:
        """The best candidate confirmed, and made smaller where it is worth suggesting."""
        state = self._state
        confirmation = await confirm(self._task, state.best.prompt, plan.test)
        wanted = verdict(confirmation, state.settings) in ("better", "cheaper") and state.best is not state.base
        if wanted and state.settings.trim:
            return await trim(state, rounds.pulls, plan.test, confirmation, rounds.number)
        return Trimmed(state.best, confirmation)

    def close(self) -> None:
        """Give back what was set aside for the confirmation and not used."""
        self._task.ledger.release_earmark(Purpose.CONFIRM)

    def _tell(self) -> None:
        if self._progress is not None and self._rounds is not None:
            self._progress(self._rounds.report())


STOPPED = "budget: share"  # by who runs several searches on one budget


def _efforts(state: SearchState, rounds: Rounds) -> Efforts:
    model, made = state.proposers.writer.model, [each for each in state.roster.candidates if each.round > 0]
    return Efforts(
        start_score=rounds.pulls.estimate(state.start),
        dev=rounds.pulls.size,
        made=len(made),
        written=sum(candidate.operator != "demonstrations" for candidate in made),
        tried=rounds.tried,
        refused=state.roster.refusals(),
        asked=model.asked,
        cut_off=model.cut_off,
        failed=model.failed,
    )


def _without_search(state: SearchState, refusal: Refusal) -> SearchResult:
    return SearchResult(
        status="none",
        start=state.start,
        winner=state.start,
        confirmation=None,
        confirmation_over_base=None,
        lineage=(state.start,),
        history=state.roster.trials(None, state.start),
        finish_reason=refusal.reason,
        is_revert=False,
        explanation=refusal.explanation,
    )


def _result(state: SearchState, rounds: Rounds, ending: Trimmed | None, reason: str, plan: Plan) -> SearchResult:
    winner, confirmation = (ending.winner, ending.confirmation) if ending else (state.best, None)
    is_revert = winner is state.base
    status: Status = "none"
    if confirmation is None:
        text = explain_nothing(reason, _efforts(state, rounds))
    else:
        status = verdict(confirmation, state.settings)
        saving = Saving(confirmation.expenses, state.settings.max_drop) if state.settings.minds_cost else None
        against, over_start = confirmation.objection, confirmation.over_start
        text = explain(status, over_start, reason, is_revert=is_revert, saving=saving, objection=against)
    return SearchResult(
        status=status,
        start=state.start,
        winner=winner,
        confirmation=confirmation.over_start if confirmation else None,
        confirmation_over_base=confirmation.over_base if confirmation else None,
        lineage=state.roster.lineage(winner),
        history=state.roster.trials(rounds.pulls, winner),
        finish_reason=reason,
        is_revert=is_revert,
        explanation=" ".join(filter(None, (text, ending.note if ending else "", plan.note))),
        hunks=ending.hunks if ending else (),
        expenses=confirmation.expenses if confirmation else None,
    )
