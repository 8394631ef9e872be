"""Selectors by the names that the settings have for them."""

from __future__ import annotations

from apo_ci.config import SearchSettings
from apo_ci.search.selection.halving import SuccessiveHalving
from apo_ci.search.selection.selector import Selector
from apo_ci.search.selection.uniform import Uniform


def make_selector(settings: SearchSettings) -> Selector:
    """The selector of `settings`."""
    match settings.selector:
        case "uniform":
            return Uniform(settings.seed)
        case _:
            return SuccessiveHalving(settings.seed)
