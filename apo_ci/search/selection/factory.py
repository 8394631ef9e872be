"""Selectors by the names that the settings have for them."""

from __future__ import annotations

from apo_ci.config import SearchSettings
from apo_ci.search.selection.halving import SuccessiveHalving
from apo_ci.search.selection.racing import Racing
from apo_ci.search.selection.rationed import EVALUATIONS, Rationed
from apo_ci.search.selection.rejects import SuccessiveRejects
from apo_ci.search.selection.selector import Selector
from apo_ci.search.selection.ucb import Ucb, UcbE
from apo_ci.search.selection.uniform import Uniform


def make_selector(settings: SearchSettings) -> Selector:
    """The selector of `settings`, with the ration of evaluations that goes with the optimizer."""
    selector, evaluations = _named(settings), EVALUATIONS.get(settings.optimizer)
    return selector if evaluations is None else Rationed(selector, evaluations)


def _named(settings: SearchSettings) -> Selector:
    match settings.selector:
        case "successive_halving":
            return SuccessiveHalving(settings.seed)
        case "ucb":
            return Ucb(settings.exploration, settings.seed)
        case "ucb_e":
            return UcbE(settings.exploration, settings.seed)
        case "successive_rejects":
            return SuccessiveRejects(settings.seed)
        case "racing":
            return Racing(settings.seed)
        case "uniform":
            return Uniform(settings.seed)
