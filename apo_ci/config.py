"""`apo-ci.yaml` as one frozen `Config`; the only place that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from apo_ci import documents
from apo_ci.errors import ConfigError

CONFIG_PATHS = ("apo-ci.yaml", ".github/apo-ci.yaml")
DEFAULT_CALLS = 2000
SECRET_NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$")
STANDARD_KEY = "OPENAI_API_KEY"
ACTION_KEY = "APO_CI_INPUT_API_KEY"
# No model's keys: what the runner gives its own steps, and what writes to the repository by this action.
NO_KEYS = re.compile(r"ACTIONS_.*|RUNNER_.*|APO_CI_INPUT_TOKEN", re.IGNORECASE)
BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_][A-Za-z0-9_-]*)*")
MAX_BRANCH = 200
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]


class Settings(BaseModel):
    """Base of every settings block: frozen, unknown keys rejected, defaults checked."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def over(self, defaults: Self) -> Self:
        """These settings, with `defaults` for those that were not set, in nested blocks too."""
        return type(self).model_validate(_merge(defaults.model_dump(exclude_unset=True), self))


class Parameters(Settings):
    """Sampling parameters, named as in the Chat Completions API; `None` leaves the endpoint's default."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: Positive | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_stop_is_a_list(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("stop"), str):
            return {**value, "stop": (value["stop"],)}
        return value


def _merge(defaults: dict[str, Any], block: Settings) -> dict[str, Any]:
    """What was set in `block` over `defaults`; a nested block replaces only the keys that it sets."""
    merged = dict(defaults)
    for name in block.model_fields_set:
        value = getattr(block, name)
        nested = merged.get(name)
        merged[name] = _merge(nested, value) if isinstance(value, Settings) and isinstance(nested, dict) else value
    return merged


class Price(Settings):
    """Dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class ModelSettings(Settings):
    """Which model is asked, and how hard."""

    provider: Literal["openai", "local", "replay"] = "openai"
    name: str | None = None
    base_url: str | None = None
    api_key_env: str = Field(default=STANDARD_KEY, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    parameters: Parameters = Parameters()
    concurrency: int = Field(default=16, ge=1, le=1024)
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None
    timeout_seconds: float = Field(default=60, gt=0)
    max_retries: int = Field(default=4, ge=0, le=20)
    price: Price | None = None
    path: str | None = None
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    @field_validator("api_key_env")
    @classmethod
    def _is_a_key(cls, name: str) -> str:
        if NO_KEYS.fullmatch(name):
            raise ValueError("this variable holds no model's key and is sent to none")
        return name

    @model_validator(mode="after")
    def _a_remote_model_has_a_name(self) -> ModelSettings:
        if self.provider != "local" and self.path is not None:
            raise ValueError("`path` belongs to `provider: local`")
        return self


class Budget(Settings):
    """Caps on what a run may spend; any subset, `None` is no cap."""

    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    usd: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0)


class GateSettings(Settings):
    """When the check fails; drops and floors are in units of the metric (0.02 is two points)."""

    max_drop: Fraction = 0.0
    min: Fraction | None = None
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    policy: Literal["statistical", "point"] = "statistical"
    on_inconclusive: Literal["pass", "fail"] = "pass"
    max_errored: Fraction = 0.05


# The configuration of arXiv 2305.03495, section 3.2 ("Setup"); the paper asks no more than six optimization steps.
PROTEGI: Mapping[str, Any] = {
    "optimizer": "protegi",
    "selector": "ucb",
    "beam_width": 4,
    "rounds": 6,
    "minibatch_size": 64,
    "n_gradients": 4,
    "errors_per_gradient": 4,
    "gradients_per_error": 1,
    "steps_per_gradient": 1,
    "mc_samples_per_step": 2,
    "max_expansion_factor": 8,
    "demonstrations": 0,
}


PAPER = ("protegi", "monte_carlo", "reinforce", "autogpt")  # optimizers of arXiv 2305.03495


class SearchSettings(Settings):
    """The hyperparameters of the search, by the names of arXiv 2305.03495 where it has them.

    `preset`, or an optimizer of the paper, sets those that are not set beside it to the paper's.
    """

    enabled: bool = True
    preset: Literal["protegi"] | None = None
    optimizer: Literal["apo", "protegi", "monte_carlo", "reinforce", "autogpt"] = "apo"
    selector: Literal["successive_halving", "ucb", "ucb_e", "successive_rejects", "racing", "uniform"] = (
        "successive_halving"
    )
    exploration: float = Field(default=1.0, ge=0)
    objective: Literal["score", "score_per_cost"] = "score"
    exchange_rate: float = Field(default=0.05, ge=0, le=1)
    max_drop: Fraction = 0.03
    beam_width: int = Field(default=2, ge=1, le=32)
    rounds: int = Field(default=8, ge=0, le=100)
    minibatch_size: int = Field(default=64, ge=1)
    n_gradients: int = Field(default=3, ge=0)
    errors_per_gradient: int = Field(default=12, ge=1)
    gradients_per_error: int = Field(default=6, ge=1)
    steps_per_gradient: int = Field(default=1, ge=1)
    mc_samples_per_step: int = Field(default=0, ge=0)
    max_expansion_factor: int = Field(default=8, ge=1)
    demonstrations: int = Field(default=6, ge=0, le=64)
    max_prompt_growth: float = Field(default=12.0, ge=1)
    protocol: Literal["auto", "chat", "completion"] = "auto"
    trim: bool = True
    calls: int | None = Field(default=None, ge=0)
    seed: int = 0

    @property
    def minds_cost(self) -> bool:
        """Whether the tokens of a call count beside the score."""
        return self.objective == "score_per_cost"

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        is_preset, optimizer = data.get("preset") == "protegi", data.get("optimizer", "apo")
        return {**PROTEGI, **data} if is_preset or optimizer in PAPER else data


def is_branch_name(name: str) -> bool:
    """Whether `name` is a branch that git and GitHub take as it stands: a strict part of `git check-ref-format`."""
    plain = BRANCH.fullmatch(name) is not None and len(name) <= MAX_BRANCH
    return plain and not any(part.endswith(".lock") for part in name.split("/")) and name != "HEAD"


class PublishSettings(Settings):
    """What a run writes to the pull request and the repository.

    `pull_request` opens one with a better prompt for the default branch, `inconclusive` is the check run's conclusion
    for that verdict, `unchanged: silent` posts nothing when nothing changed, and `baseline` keeps the default branch's
    figures and replies on `data_branch`.
    """

    comment: Literal["update", "new", "hide-and-new", "off"] = "update"
    suggest: Literal["review", "comment", "off"] = "review"
    commit: Literal["off", "auto"] = "off"
    check: bool = True
    pull_request: bool = False
    inconclusive: Literal["neutral", "success", "failure"] = "neutral"
    unchanged: Literal["comment", "silent"] = "comment"
    baseline: bool = True
    data_branch: str = "apo-ci-data"

    @field_validator("data_branch")
    @classmethod
    def _is_a_branch(cls, name: str) -> str:
        if not is_branch_name(name):
            raise ValueError("this is not a plain branch name (letters, digits, and `-`, `_`, `.`, `/` between them)")
        return name


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


def environment() -> Mapping[str, str]:
    """A copy of the process's environment, for the one who reads the action's inputs and the event."""
    return dict(os.environ)


def api_key(settings: ModelSettings) -> SecretStr | None:
    """The key in the environment variable that `settings` names; `None` when it is unset or empty.

    The action's own input stands in for `OPENAI_API_KEY`, and for no other name: a variable that somebody chose is
    the only one that was meant.
    """
    value = os.environ.get(settings.api_key_env, "")
    if not value and settings.api_key_env == STANDARD_KEY:
        value = os.environ.get(ACTION_KEY, "")
    return SecretStr(value) if value else None


def place_of_key(name: str) -> str:
    """Where a person puts the key that the variable `name` holds: the variable, and what a workflow has for it."""
    return f"{name} (in a workflow: {'the input `api-key`' if name == STANDARD_KEY else '`env:` of the step'})"


def known_secrets(*settings: ModelSettings) -> tuple[str, ...]:
    """Every secret this process knows of, to be redacted wherever text leaves it, the longest first.

    These are the keys that `settings` name, and every variable whose name says that it holds a secret.
    """
    named = {block.api_key_env for block in settings}
    values = {value for name, value in os.environ.items() if name in named or SECRET_NAME.search(name)}
    return tuple(sorted(filter(None, values), key=lambda value: (-len(value), value)))


def user_cache_directory() -> Path:
    """Where downloads and assembled models are kept (XDG Base Directory Specification, `XDG_CACHE_HOME`)."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "apo-ci"
