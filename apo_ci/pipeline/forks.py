"""A fork's pull request, measured with a key by a maintainer's word: only the target branch says what sends and spends.

The head chooses where it left the target, so it could choose a commit without a configuration, where its own would
govern, or one whose configuration named an endpoint that has long been given up.
"""

from __future__ import annotations

from dataclasses import replace

from apo_ci.config import ModelSettings
from apo_ci.errors import RefusedError
from apo_ci.inputs.pull_request import PullRequest
from apo_ci.pipeline.options import RunOptions, read

Destination = tuple[str, str | None, str, str | None]


def check_authority(options: RunOptions, pull_request: PullRequest) -> None:
    """Raise `RefusedError` unless all that sends and spends stands on the tip of the target branch, too."""
    if pull_request.config_from == "head":
        raise RefusedError(
            "The configuration would be the fork's own, so no model is asked.",
            cure="Have the fork merge the target branch, which must have an apo-ci.yaml.",
        )
    tip = read(replace(options, head=options.base, every=True))
    same_budgets = (tip.config.budget, tip.config.pull_request_budget) == (
        pull_request.config.budget,
        pull_request.config.pull_request_budget,
    )
    if not (same_budgets and _destinations(pull_request) <= _destinations(tip)):
        raise RefusedError(
            "Where requests go, or what they may cost, changed on the target branch since the fork left it.",
            cure="Have the fork merge the target branch, then ask again.",
        )


def _destinations(pull_request: PullRequest) -> frozenset[Destination]:
    """Where requests of this pull request may go, and with which key."""
    configs = [pull_request.config]
    for affected in pull_request.affected:
        evals = (affected.base_eval, affected.head_eval)
        configs += [one.settings.applied_to(pull_request.config) for one in evals if one is not None]
    return frozenset(_destination(model) for config in configs for model in (config.model, config.proposer_model))


def _destination(model: ModelSettings) -> Destination:
    return model.provider, model.base_url, model.api_key_env, model.path
