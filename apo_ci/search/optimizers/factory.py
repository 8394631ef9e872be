"""The optimizers by name."""

from __future__ import annotations

from apo_ci.search.optimizers.apo import Apo
from apo_ci.search.optimizers.strategy import Strategy
from apo_ci.search.pulls import Pulls
from apo_ci.search.state import SearchState


def make_strategy(state: SearchState, pulls: Pulls, threshold: float) -> Strategy:
    """The optimizer that the settings name; `threshold` is the score from which a case counts as passed."""
    return Apo(state, pulls, threshold)
