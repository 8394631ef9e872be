"""What a run is told: `apo-ci.yaml` as one frozen `Config`, and the process's environment variables."""

from __future__ import annotations

from apo_ci.config.project import CONFIG_PATHS, DEFAULT_CALLS, Config, Overrides, parse_config
from apo_ci.config.search import PAPER, PROTEGI, SearchSettings
from apo_ci.config.settings import (
    STANDARD_KEY,
    Budget,
    Fraction,
    GateSettings,
    ModelSettings,
    Parameters,
    Positive,
    Price,
    PublishSettings,
    Settings,
    is_branch_name,
)
from apo_ci.config.variables import (
    ACTION_KEY,
    api_key,
    environment,
    known_secrets,
    place_of_key,
    user_cache_directory,
)

__all__ = [
    "ACTION_KEY",
    "CONFIG_PATHS",
    "DEFAULT_CALLS",
    "PAPER",
    "PROTEGI",
    "STANDARD_KEY",
    "Budget",
    "Config",
    "Fraction",
    "GateSettings",
    "ModelSettings",
    "Overrides",
    "Parameters",
    "Positive",
    "Price",
    "PublishSettings",
    "SearchSettings",
    "Settings",
    "api_key",
    "environment",
    "is_branch_name",
    "known_secrets",
    "parse_config",
    "place_of_key",
    "user_cache_directory",
]
