"""The settings of the search, and those of the paper, which a preset fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from apo_ci.config.settings import Fraction, Settings

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
    n_gradients: int = Field(default=4, ge=0)
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
