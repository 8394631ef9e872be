"""The APO loop: expand, guard, gate, select, until there is a reason to stop; then confirm once.

Prompt optimization with textual gradients and beam search (ProTeGi, arXiv 2305.03495), with demonstrations as a further
operator, cumulative paired selection, and one confirmation on cases that no decision has seen.
"""

from __future__ import annotations

from apo_ci.lm.model import Purpose
from apo_ci.search.confirm import Confirmation, confirm, status_of
from apo_ci.search.explain import explain, explain_nothing
from apo_ci.search.optimizers.rounds import Rounds, begin
from apo_ci.search.plan import Plan, Refusal, make_plan
from apo_ci.search.result import Progress, SearchResult, Status
from apo_ci.search.state import SearchState
from apo_ci.search.task import SearchTask

USELESS_ENDS = frozenset({"complete", "stalled"})


async def optimize(task: SearchTask, progress: Progress | None = None) -> SearchResult:
    """Search for a prompt that does better than `task.start`, within what the ledger allows.

    Anytime: whatever ends the search, the best candidate so far goes to the confirmation, whose share was set
    aside at the start. The same task, replies and settings give the same result, whatever the order in which
    replies arrive. Raises `InfrastructureError` when no request can succeed, and nothing else.
    """
    state = SearchState(task)
    plan = _refusal(task) or make_plan(task, state.spending, state.typical)
    if isinstance(plan, Refusal):
        return _without_search(state, plan)
    try:
        rounds = await begin(state, plan.dev)
        if rounds is None:
            return _without_search(state, NO_SCORE)
        reason = await _search(rounds, progress)
        confirmation = None
        if state.best is not state.start:
            confirmation = await confirm(task, state.best.prompt, plan.test)
        return _result(state, rounds, confirmation, reason, plan)
    finally:
        task.ledger.release_earmark(Purpose.CONFIRM)


NO_SCORE = Refusal("no dev score", "There was no search: the start prompt has no score on the dev cases.")


def _refusal(task: SearchTask) -> Refusal | None:
    """What makes a search pointless before it begins."""
    if not task.settings.enabled or task.settings.rounds == 0:
        return Refusal("switched off", "The search is switched off.")
    for name, cases in (("dev", task.splits.dev), ("test", task.splits.test)):
        if not cases:
            return Refusal(f"no {name} cases", f"There was no search: the {name} split has no cases.")
    return None


async def _search(rounds: Rounds, progress: Progress | None) -> str:
    """Go on until there is a reason to stop; returns it."""
    while True:
        if progress is not None:
            progress(rounds.report())
        reason = rounds.reason_to_stop()
        if reason is not None:
            break
        await rounds.next_round()
    await rounds.finish()
    return "no usable proposals" if reason in USELESS_ENDS and not rounds.tried else reason


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
