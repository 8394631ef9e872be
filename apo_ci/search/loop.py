"""The APO loop: expand, guard, gate, select, until there is a reason to stop; then confirm once.

Prompt optimization with textual gradients and beam search (ProTeGi, arXiv 2305.03495), with demonstrations as a further
operator, cumulative paired selection, and one confirmation on cases that no decision has seen.
"""

from __future__ import annotations

from apo_ci.lm.model import Purpose
from apo_ci.search.confirm import Confirmation, confirm, status_of
from apo_ci.search.explain import explain, explain_nothing
from apo_ci.search.optimizers.baseline import begin
from apo_ci.search.optimizers.rounds import Rounds
from apo_ci.search.plan import Plan, Refusal, make_plan
from apo_ci.search.result import Progress, RoundReport, SearchResult, Status
from apo_ci.search.state import SearchState
from apo_ci.search.task import SearchTask

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
        self._plan: Plan | Refusal = _refusal(task) or make_plan(task, self._state.spending, self._state.typical)

    async def begin(self) -> None:
        """Evaluate the start on dev, unless the search was refused."""
        if isinstance(self._plan, Refusal):
            return
        self._rounds = await begin(self._state, self._plan.dev)
        if self._rounds is None:
            self._plan = NO_SCORE
        self._tell()

    @property
    def reason_to_stop(self) -> str | None:
        """Why there is no further round; `None` when there is one."""
        return "refused" if self._rounds is None else self._rounds.reason_to_stop()

    async def next_round(self, allowance: int | None = None) -> RoundReport:
        """One round, with at most `allowance` requests, and where the search stands after it."""
        assert self._rounds is not None, "a refused search has no rounds"
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
        reason = "no usable proposals" if reason in USELESS_ENDS and not rounds.tried else reason
        confirmation = None
        if state.best is not state.start:
            confirmation = await confirm(self._task, state.best.prompt, self._plan.test)
        return _result(state, rounds, confirmation, reason, self._plan)

    def close(self) -> None:
        """Give back what was set aside for the confirmation and not used."""
        self._task.ledger.release_earmark(Purpose.CONFIRM)

    def _tell(self) -> None:
        if self._progress is not None and self._rounds is not None:
            self._progress(self._rounds.report())


STOPPED = "budget: share"  # by who runs several searches on one budget
NO_SCORE = Refusal("no dev score", "There was no search: the start prompt has no score on the dev cases.")


def _refusal(task: SearchTask) -> Refusal | None:
    """What makes a search pointless before it begins."""
    if not task.settings.enabled or task.settings.rounds == 0:
        return Refusal("switched off", "The search is switched off.")
    for name, cases in (("dev", task.splits.dev), ("test", task.splits.test)):
        if not cases:
            return Refusal(f"no {name} cases", f"There was no search: the {name} split has no cases.")
    return None


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


def _result(
    state: SearchState, rounds: Rounds, confirmation: Confirmation | None, reason: str, plan: Plan
) -> SearchResult:
    winner = state.best
    is_revert = winner is state.base
    status: Status = "none"
    if confirmation is None:
        text = explain_nothing(reason, rounds.tried, rounds.pulls.estimate(state.start))
    else:
        status = status_of(confirmation.over_start)
        text = explain(status, confirmation.over_start, reason, is_revert=is_revert)
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
        explanation=" ".join(filter(None, (text, plan.note))),
    )
