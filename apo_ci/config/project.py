"""All of `apo-ci.yaml` as one frozen `Config`, and what an action's inputs put before it."""

from __future__ import annotations

from typing import Literal

from apo_ci import documents
from apo_ci.config.search import SearchSettings
from apo_ci.config.settings import Budget, GateSettings, ModelSettings, PublishSettings, Settings
from apo_ci.errors import ConfigError

CONFIG_PATHS = ("apo-ci.yaml", ".github/apo-ci.yaml")
DEFAULT_CALLS = 2000


class Config(Settings):
    """Everything `apo-ci.yaml` can say.

    `budget` caps one run, `pull_request_budget` what all runs of one pull request may spend together.
    """

    version: Literal[1]
    model: ModelSettings = ModelSettings()
    optimizer_model: ModelSettings | None = None
    prompts: tuple[str, ...] = ("prompts/**/*.prompt.md",)
    evals: tuple[str, ...] = ("evals/*.yaml", "evals/*.yml")
    budget: Budget = Budget(calls=DEFAULT_CALLS)
    pull_request_budget: Budget = Budget()
    gate: GateSettings = GateSettings()
    search: SearchSettings = SearchSettings()
    publish: PublishSettings = PublishSettings()

    @property
    def proposer_model(self) -> ModelSettings:
        """The model that writes gradients and edits; it inherits what it does not set."""
        return self.optimizer_model.over(self.model) if self.optimizer_model else self.model


class Overrides(Settings):
    """What an action's inputs put before the configuration: the workflow owner's word. Only what is set counts.

    It goes before the configuration of either side; an eval set's own `model:` and `gate:` still go before both.
    """

    model: ModelSettings = ModelSettings()
    optimizer_model: ModelSettings = ModelSettings()
    gate: GateSettings = GateSettings()

    def apply(self, config: Config) -> Config:
        """`config` with these settings over its own."""
        update: dict[str, Settings] = {}
        if self.model.model_fields_set:
            update["model"] = _renamed(self.model, config.model)
        if self.optimizer_model.model_fields_set:
            update["optimizer_model"] = _renamed(self.optimizer_model, config.optimizer_model or ModelSettings())
        if self.gate.model_fields_set:
            update["gate"] = self.gate.over(config.gate)
        return config.model_copy(update=update)


def _renamed(model: ModelSettings, defaults: ModelSettings) -> ModelSettings:
    """`model` over `defaults`; a price that was set for one model is not that of another."""
    if model.name in (None, defaults.name) or defaults.price is None:
        return model.over(defaults)
    kept = defaults.model_dump(exclude_unset=True, exclude={"price"})
    return model.over(ModelSettings.model_validate(kept))


def parse_config(text: str, path: str) -> Config:
    """The configuration that `text` (from `path`) holds, or a `ConfigError` at the line that is wrong."""
    return documents.validate(Config, documents.parse(text, path, error=ConfigError), error=ConfigError)
