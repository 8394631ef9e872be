"""Whose word counts: the base's configuration, and for the head's eval sets only what neither sends nor spends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from apo_ci.config import Config, ModelSettings, Overrides
from apo_ci.errors import ConfigError, InputError
from apo_ci.inputs.evals import EvalSettings
from apo_ci.inputs.repository import Tree
from apo_ci.inputs.sides import config_path, no_configuration, read_config

MODEL_KEYS_OF_HEAD = frozenset({"name", "parameters"})  # of an eval set's `model` block; the rest is the base's


@dataclass(frozen=True, slots=True)
class Configurations:
    """The governing configuration, the side that it came from, the head's, and what to say about it."""

    governing: Config
    head: Config
    source: Literal["base", "head"]
    warnings: tuple[str, ...]


def read_configurations(
    base_tree: Tree | None, head_tree: Tree, path: str | None = None, overrides: Overrides | None = None
) -> Configurations:
    """The base's configuration governs; the head's does where the base has none that can be read.

    With a `path`, that file is the configuration. `overrides` go before the configuration of either side. Raises
    `ConfigError` when the head's cannot be read, and when neither side has one.
    """
    head = read_config(head_tree, path)
    base, warnings = (None, []) if base_tree is None else _read_base(base_tree, head_tree, path)
    if base is None and head is None:
        raise no_configuration(path)
    if head is None:
        warnings.append("The head has no configuration; the base's is used.")
    override = (overrides or Overrides()).apply
    governing = override(base or head or Config(version=1))
    own = governing if head is None else override(head)
    return Configurations(governing, own, "head" if base is None else "base", tuple(warnings))


def _read_base(base_tree: Tree, head_tree: Tree, path: str | None) -> tuple[Config | None, list[str]]:
    try:
        base = read_config(base_tree, path)
    except (ConfigError, InputError) as problem:
        return None, [f"The base's configuration cannot be used ({problem.message}); the head's is."]
    where = config_path(head_tree, path)
    if base is None and where is not None:
        return None, [f"The base has no configuration yet; {where} is read from the head."]
    return base, []


def without_authority(head: EvalSettings, base: EvalSettings | None) -> EvalSettings:
    """The head's eval settings, with the base's (or none) for where requests go and what they may cost."""
    model = _governed_model(head.model, base.model if base else None)
    return head.model_copy(update={"model": model, "budget": base.budget if base else None})


def _governed_model(head: ModelSettings | None, base: ModelSettings | None) -> ModelSettings | None:
    if head is None and base is None:
        return None
    values = {} if base is None else {name: getattr(base, name) for name in base.model_fields_set - MODEL_KEYS_OF_HEAD}
    if head is not None:
        values |= {name: getattr(head, name) for name in head.model_fields_set & MODEL_KEYS_OF_HEAD}
    return ModelSettings.model_validate(values) if values else None
