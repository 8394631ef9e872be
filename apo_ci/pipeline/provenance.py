"""Who did what with what: the run's id, and all that it takes to repeat it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Literal

from apo_ci.config import Budget, Config, ModelSettings
from apo_ci.inputs.pull_request import AffectedPrompt, PullRequest
from apo_ci.inputs.trees import WORKING_TREE
from apo_ci.lm.factory import model_name, recorded_provider
from apo_ci.pipeline.examination import Examination
from apo_ci.pipeline.session import Session
from apo_ci.report import model


def digest(value: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def run_id(pull_request: PullRequest, budget: Budget, **choices: Any) -> str:
    """A hash of everything that decides what a run does; the same run again finds its journal by it."""
    prompts = [
        (
            affected.path,
            affected.base.hash if affected.base else None,
            affected.head.hash,
            affected.governing.fingerprint,
            affected.head_eval.fingerprint if affected.head_eval else None,
            affected.eval_path,
        )
        for affected in pull_request.affected
    ]
    config = pull_request.config.model_dump(mode="json")
    return digest([version("apo-ci"), config, prompts, budget.model_dump(mode="json"), choices])


def question_digest(affected: AffectedPrompt, pull_request: PullRequest) -> str:
    """A hash of everything that decides how a prompt's two versions compare, and of nothing else.

    Equal in a pull request, its merge queue and a later run, as long as neither version, eval set, thresholds nor
    model changed: so it is what a remembered verdict goes by.
    """
    applied = affected.governing.settings.applied_to(pull_request.config)
    return digest(
        [
            f"{pull_request.directory}/{affected.path}",
            affected.eval_path,
            affected.base.hash if affected.base else None,
            affected.head.hash,
            affected.governing.fingerprint,
            applied.gate.model_dump(mode="json"),
            task_identity(applied.model),
        ]
    )


def task_identity(settings: ModelSettings) -> list[Any]:
    """The model that answers: where its replies come from, its name, its sampling parameters."""
    return [recorded_provider(settings), model_name(settings), settings.parameters.model_dump(mode="json")]


def provenance_of(
    pull_request: PullRequest, examinations: list[Examination], session: Session, seed: int
) -> model.Provenance:
    """What the report says of where it comes from."""
    affected = [examination.affected for examination in examinations]
    return model.Provenance(
        version=version("apo-ci"),
        base_commit=pull_request.base,
        head_commit=None if pull_request.head == WORKING_TREE else pull_request.head,
        config_hash=digest(pull_request.config.model_dump(mode="json")),
        models=_models(pull_request.config, affected, session),
        seed=seed,
        python=platform.python_version(),
        openai=version("openai"),
        datasets={each.governing.dataset.path: each.governing.dataset.fingerprint for each in affected},
        prompts={
            each.path: model.PromptHashes(base=each.base.hash if each.base else None, head=each.head.hash)
            for each in affected
        },
        run=session.run,
    )


def _models(config: Config, affected: list[AffectedPrompt], session: Session) -> tuple[model.ModelIdentity, ...]:
    """Every model that may have been asked; a prompt's own front matter may name another than the settings."""
    return tuple(
        model.ModelIdentity(
            role=role,
            provider=opened.provider,
            name=name,
            parameters=settings.parameters.model_dump(exclude_unset=True, mode="json"),
        )
        for settings, opened in session.models.items()
        for role, names in _roles(settings, config, affected)
        for name in names
    )


def _roles(
    settings: ModelSettings, config: Config, affected: list[AffectedPrompt]
) -> Iterator[tuple[Literal["task", "optimizer"], list[str]]]:
    if settings == config.proposer_model and settings != config.model:
        yield "optimizer", [model_name(settings)]
        return
    asking = [each for each in affected if each.governing.settings.applied_to(config).model == settings]
    sides = [side for each in asking for side in (each.base, each.head) if side is not None]
    named = [side.header.model or model_name(settings) for side in sides]
    yield "task", list(dict.fromkeys(named)) or [model_name(settings)]
