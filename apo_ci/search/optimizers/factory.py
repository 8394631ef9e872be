"""The optimizers by name."""

from __future__ import annotations

from apo_ci.search.optimizers.apo import Apo
from apo_ci.search.optimizers.autogpt import Agent
from apo_ci.search.optimizers.beam import BeamSearch
from apo_ci.search.optimizers.monte_carlo import Paraphrases
from apo_ci.search.optimizers.protegi import TextualGradients
from apo_ci.search.optimizers.reinforce import PhraseEdits
from apo_ci.search.optimizers.strategy import Strategy
from apo_ci.search.pulls import Pulls
from apo_ci.search.state import SearchState


def make_strategy(state: SearchState, pulls: Pulls, threshold: float) -> Strategy:
    """The optimizer that the settings name; `threshold` is the score from which a case counts as passed."""
    match state.settings.optimizer:
        case "protegi":
            return BeamSearch(state, pulls, TextualGradients(state, threshold))
        case "monte_carlo":
            return BeamSearch(state, pulls, Paraphrases(state))
        case "reinforce":
            return BeamSearch(state, pulls, PhraseEdits(state))
        case "autogpt":
            return Agent(state, pulls, threshold)
        case "apo":
            return Apo(state, pulls, threshold)
