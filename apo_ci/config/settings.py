"""The blocks of `apo-ci.yaml`, but for the search's, and what all blocks have in common."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

STANDARD_KEY = "OPENAI_API_KEY"
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


def _merge(defaults: dict[str, Any], block: Settings) -> dict[str, Any]:
    """What was set in `block` over `defaults`; a nested block replaces only the keys that it sets."""
    merged = dict(defaults)
    for name in block.model_fields_set:
        value = getattr(block, name)
        nested = merged.get(name)
        merged[name] = _merge(nested, value) if isinstance(value, Settings) and isinstance(nested, dict) else value
    return merged


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
