"""Eval sets: which prompt is tried on which cases, how replies are scored, and when the check fails."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from apo_ci import documents
from apo_ci.config import Budget, Config, GateSettings, ModelSettings, SearchSettings, Settings
from apo_ci.errors import InputError
from apo_ci.inputs.datasets import Dataset
from apo_ci.inputs.paths import checked_path
from apo_ci.inputs.schemas import checked_schema
from apo_ci.inputs.splits import SplitFractions

LABEL_METRICS = ("precision", "recall", "f1", "macro_f1")
POSITIVE_METRICS = ("precision", "recall", "f1")
Text = Annotated[str, Field(min_length=1)]


class ExactMatchSettings(Settings):
    """The reply is the target."""

    type: Literal["exact_match"]
    case_sensitive: bool = True
    strip: bool = True


class LabelSettings(Settings):
    """The reply names one of `labels`, and it is the target."""

    type: Literal["label"]
    labels: tuple[Text, ...] = Field(min_length=2)
    case_sensitive: bool = False

    @field_validator("labels")
    @classmethod
    def _are_distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len({label.strip().casefold() for label in labels}) != len(labels):
            raise ValueError("two labels are the same but for case or blanks")
        return labels


class ContainsSettings(Settings):
    """The target occurs in the reply."""

    type: Literal["contains"]
    case_sensitive: bool = True


class RegexSettings(Settings):
    """A pattern (RE2 syntax) occurs in the reply; without one, each target is the pattern."""

    type: Literal["regex"]
    pattern: Text | None = None

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        fault = None if pattern is None else pattern_fault(pattern)
        if fault is not None:
            raise ValueError(f"this is not an RE2 pattern: {fault}")
        return pattern


class NumberSettings(Settings):
    """The reply's number is within `absolute` or `relative` (a share of the target) of the target."""

    type: Literal["number"]
    absolute: float = Field(default=0.0, ge=0)
    relative: float = Field(default=0.0, ge=0)


class JsonSettings(Settings):
    """The reply is JSON: valid under `schema` when given, and equal to the target when `compare` is set."""

    type: Literal["json"]
    json_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    compare: bool = False

    @field_validator("json_schema")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if schema is None else checked_schema(schema)


class RougeSettings(Settings):
    """How much of the target's wording the reply shares (Lin 2004), a value in [0, 1]."""

    type: Literal["rouge"]
    variant: Literal["rouge1", "rouge2", "rougeL"] = "rougeL"


ScorerSettings = Annotated[
    ExactMatchSettings
    | LabelSettings
    | ContainsSettings
    | RegexSettings
    | NumberSettings
    | JsonSettings
    | RougeSettings,
    Field(discriminator="type"),
]
Metric = Literal["accuracy", "precision", "recall", "f1", "macro_f1", "mean"]


class EvalSettings(Settings):
    """Everything an eval file can say.

    `prompt` holds paths and globs from the project's root. `columns` maps the names that a prompt uses to columns of
    the dataset. The blocks at the end override only the keys that they set.
    """

    prompt: tuple[Text, ...] = Field(min_length=1)
    dataset: Text
    columns: dict[Text, Text] = Field(default_factory=dict)
    scorers: tuple[ScorerSettings, ...] = Field(min_length=1)
    metric: Metric = "mean"
    positive_label: str | None = None
    splits: SplitFractions = SplitFractions()
    replicates: int = Field(default=1, ge=1, le=32)
    gate: GateSettings | None = None
    search: SearchSettings | None = None
    budget: Budget | None = None
    model: ModelSettings | None = None

    @field_validator("prompt", mode="before")
    @classmethod
    def _one_prompt_is_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("prompt", "dataset")
    @classmethod
    def _is_inside(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        try:
            return checked_path(value) if isinstance(value, str) else tuple(checked_path(path) for path in value)
        except InputError as problem:
            raise ValueError(problem.message.rstrip(".")) from problem

    @field_validator("metric")
    @classmethod
    def _has_its_scorer(cls, metric: Metric, info: ValidationInfo) -> Metric:
        scorers = info.data.get("scorers", ())
        if metric in LABEL_METRICS and scorers and not any(isinstance(one, LabelSettings) for one in scorers):
            raise ValueError(f"{metric} needs a scorer of type `label`")
        return metric

    @field_validator("positive_label")
    @classmethod
    def _is_a_label(cls, positive: str | None, info: ValidationInfo) -> str | None:
        metric, labels = info.data.get("metric"), _labels(info.data.get("scorers", ()))
        if metric in POSITIVE_METRICS and positive is None:
            raise ValueError(f"{metric} needs a `positive_label`")
        if positive is not None and labels and positive not in labels:
            raise ValueError(f"`positive_label` is none of the labels {', '.join(labels)}")
        return positive

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the label scorer; empty without one."""
        return _labels(self.scorers)

    def applied_to(self, config: Config) -> Config:
        """`config` with this eval set's overrides: only the keys that they set, the model's parameters included."""
        blocks = {name: getattr(self, name) for name in ("model", "gate", "search", "budget")}
        update = {name: own.over(getattr(config, name)) for name, own in blocks.items() if own is not None}
        return config.model_copy(update=update)


@dataclass(frozen=True)
class EvalSet:
    """An eval file with its cases; `fingerprint` is a SHA-256 over settings and dataset."""

    path: str
    settings: EvalSettings
    dataset: Dataset
    fingerprint: str


def make_eval_set(path: str, settings: EvalSettings, dataset: Dataset) -> EvalSet:
    """The eval set of these settings and cases."""
    text = settings.model_dump_json(by_alias=True, exclude={"prompt", "dataset"})
    fingerprint = hashlib.sha256(f"{text}\n{dataset.fingerprint}".encode()).hexdigest()
    return EvalSet(path, settings, dataset, fingerprint)


def parse_eval(text: str, path: str) -> EvalSettings:
    """The eval settings that `text` (from `path`) holds, or an `InputError` at the line that is wrong."""
    return documents.validate(EvalSettings, documents.parse(text, path, error=InputError), error=InputError)


def pattern_fault(pattern: str) -> str | None:
    """Why `pattern` is not a regular expression of RE2 (https://github.com/google/re2/wiki/Syntax); `None` if it is."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
    except re2.error as problem:
        reason = problem.args[0]
        return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    return None


def _labels(scorers: tuple[Any, ...]) -> tuple[str, ...]:
    return next((one.labels for one in scorers if isinstance(one, LabelSettings)), ())
