"""The inputs of `action.yml`, one variable each: `APO_CI_INPUT_BUDGET_CALLS` is `budget-calls`. Empty means not set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator

from apo_ci.config import Budget, Fraction, GateSettings, ModelSettings, Overrides, PublishSettings, Settings
from apo_ci.errors import ConfigError

PREFIX = "APO_CI_INPUT_"
MAX_SECTION = 100


def _listed(value: object) -> object:
    return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value


class ActionInputs(Settings):
    """What a workflow's `with:` says, by the inputs' names with `_` for `-`; `None` leaves it to apo-ci.yaml."""

    token: SecretStr | None = None
    api_key: SecretStr | None = None
    base_url: str | None = None
    model: str | None = None
    optimizer_model: str | None = None
    config: str | None = None
    working_directory: str = "."
    base: str | None = None
    head: str | None = None
    all: bool = False
    search: bool = True
    budget_calls: int | None = Field(default=None, ge=0)
    budget_tokens: int | None = Field(default=None, ge=0)
    budget_usd: float | None = Field(default=None, ge=0)
    budget_seconds: float | None = Field(default=None, ge=0)
    max_drop: Fraction | None = None
    min: Fraction | None = None
    seed: int | None = None
    fail_on: Annotated[tuple[Literal["fail", "error", "inconclusive", "never"], ...], BeforeValidator(_listed)] = (
        *("fail", "error"),
    )
    comment: Literal["update", "new", "hide-and-new", "off"] | None = None
    check: bool | None = None
    suggest: Literal["review", "comment", "off"] | None = None
    commit: Literal["off", "auto"] | None = None
    pull_request: bool | None = None
    baseline: bool | None = None
    section: str | None = Field(default=None, max_length=MAX_SECTION)
    cache: str | None = None
    out: str | None = None
    artifact: str = Field(default="apo-ci", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    handover: str | None = None

    @field_validator("fail_on")
    @classmethod
    def _never_stands_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "never" in value and len(value) > 1:
            raise ValueError("`never` stands alone")
        return value

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> ActionInputs:
        """The inputs in `environment`. Raises `ConfigError` that names the input as the workflow does."""
        given = {
            name: value
            for name in cls.model_fields
            if (value := environment.get(f"{PREFIX}{name.upper()}", "").strip())
        }
        try:
            return cls.model_validate(given)
        except ValidationError as problem:
            first = problem.errors()[0]
            field = str(first["loc"][0])
            message = first["msg"].removeprefix("Value error, ")
            raise ConfigError(
                f"The input `{field.replace('_', '-')}` cannot be used: {message} (written: {given[field][:80]!r}).",
                cure="Correct it under `with:` in the workflow; docs/github-action.md lists every input.",
            ) from problem

    @property
    def overrides(self) -> Overrides:
        """What the workflow sets over the configuration's model and thresholds."""
        return Overrides(
            model=ModelSettings(**_given(name=self.model, base_url=self.base_url)),
            optimizer_model=ModelSettings(**_given(name=self.optimizer_model)),
            gate=GateSettings(**_given(max_drop=self.max_drop, min=self.min)),
        )

    @property
    def budget(self) -> Budget:
        """The caps that the workflow sets."""
        return Budget(**_given(**{name: getattr(self, f"budget_{name}") for name in Budget.model_fields}))

    @property
    def directory(self) -> str:
        """The project's folder inside the repository; empty for its root."""
        return "" if self.working_directory in (".", "./") else self.working_directory.strip("/")

    @property
    def section_key(self) -> str:
        """What tells this job's part of the comment from that of others."""
        return self.directory if self.section is None else self.section

    def publishing(self, settings: PublishSettings) -> PublishSettings:
        """`settings` with what the workflow sets over them."""
        names = ("comment", "check", "suggest", "commit", "pull_request", "baseline")
        return settings.model_copy(update=_given(**{name: getattr(self, name) for name in names}))

    def fails_on(self, verdict: str) -> bool:
        """Whether the job is to fail on `verdict`."""
        return verdict in self.fail_on


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
