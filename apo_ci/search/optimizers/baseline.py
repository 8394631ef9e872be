"""What every optimizer begins with: the start's scores on dev, and the order in which all candidates meet the cases."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.inputs.datasets import Case
from apo_ci.search.gradients import success_threshold
from apo_ci.search.objective import make_objective
from apo_ci.search.optimizers.factory import make_strategy
from apo_ci.search.optimizers.rounds import Rounds
from apo_ci.search.pulls import Pulls, freeze_order
from apo_ci.search.seeds import generator
from apo_ci.search.state import SearchState


async def begin(state: SearchState, dev: Sequence[Case]) -> Rounds | None:
    """Evaluate start and base on dev, and freeze the order; `None` when the start has no score there."""
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
    pulls = Pulls(order, state.outcomes, state.task.metric, make_objective(state.settings), state.start)
    return Rounds(state, pulls, make_strategy(state, pulls, threshold))
