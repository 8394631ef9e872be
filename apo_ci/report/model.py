"""`Report`: everything a run found, as one JSON-safe value; the JSON Schema of `report.json` is made from it.

Scores, deltas, bounds and thresholds are in units of the metric (0.02 is two points). The same inputs, seed
and cache give the same bytes, apart from `ledger.seconds`; latencies are the cache's.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from apo_ci.report.hunks import HunkReport
from apo_ci.report.shares import SearchShare
from apo_ci.report.tradeoff import Tradeoff
from apo_ci.report.values import Text, Value

Outcome = Literal["pass", "fail", "inconclusive", "error"]
SuggestionStatus = Literal["better", "cheaper", "inconclusive", "none"]
OFFERED: frozenset[SuggestionStatus] = frozenset({"better", "cheaper"})


class CaseChange(Value):
    """One case that the pull request fixed or broke."""

    id: Text = Field(description="The case's id.")
    input: Text = Field(description="An excerpt of its inputs.")
    target: Text = Field(description="The target, as text.")
    base_reply: Text | None = Field(description="An excerpt of the reply to the base prompt; null when it errored.")
    head_reply: Text | None = Field(description="An excerpt of the reply to the head prompt; null when it errored.")


class ComparisonReport(Value):
    """Base against head on the same cases, paired."""

    n: int = Field(ge=0, description="Pairs of cases that both sides answered.")
    base: float = Field(description="The metric of the base prompt on those cases.")
    head: float = Field(description="The metric of the head prompt on those cases.")
    delta: float = Field(description="head - base, in units of the metric.")
    ci_low: float = Field(description="Lower bound of the confidence interval of delta.")
    ci_high: float = Field(description="Upper bound of the confidence interval of delta.")
    p_value: float = Field(ge=0, le=1, description="Two-sided p-value of no difference, by `test`.")
    detectable_drop: float = Field(description="The smallest drop that n cases show with power 0.8.")
    errored: int = Field(ge=0, description="Cases left out because a request for either side failed.")
    unevaluated: int = Field(default=0, ge=0, description="Cases left out because the budget ended.")
    confidence: float = Field(gt=0, lt=1, description="Confidence level of the interval.")
    test: Text = Field(description="The test that gave p_value.")
    fixed: tuple[CaseChange, ...] = Field(default=(), description="Cases that head answers better; may be shortened.")
    broken: tuple[CaseChange, ...] = Field(default=(), description="Cases that head answers worse; may be shortened.")
    n_fixed: int = Field(default=0, ge=0, description="How many cases head answers better.")
    n_broken: int = Field(default=0, ge=0, description="How many cases head answers worse.")
    changed: int = Field(default=0, ge=0, description="Cases whose reply differs between base and head.")
    cases_needed: int | None = Field(default=None, description="Cases that would decide an inconclusive comparison.")


class FloorReport(Value):
    """The head's own metric against the floor that the gate sets."""

    n: int = Field(ge=0, description="Cases that were answered.")
    head: float = Field(description="The metric of the head prompt.")
    ci_low: float = Field(description="Lower bound of its confidence interval.")
    ci_high: float = Field(description="Upper bound of its confidence interval.")
    confidence: float = Field(gt=0, lt=1, description="Confidence level of the interval.")
    min: float | None = Field(description="The floor (`gate.min`); null when none is set.")
    errored: int = Field(default=0, ge=0, description="Cases left out because their request failed.")
    unevaluated: int = Field(default=0, ge=0, description="Cases left out because the budget ended.")


class HeadVerdict(Value):
    """What the head's own eval set and settings would have said; the base's gate the merge."""

    verdict: Outcome
    reasons: tuple[Text, ...] = ()
    dataset: Text = Field(default="", description="Path of the dataset that the head's eval set names.")
    metric: Text = Field(default="", description="The metric that the head's eval set asks for.")
    comparison: ComparisonReport | None = None
    floor: FloorReport | None = None


class LineageStep(Value):
    """One step from the head prompt to the suggested one."""

    id: int = Field(description="The candidate's number.")
    operator: Text = Field(description="How it was made: start, base, edit, paraphrase, demonstrations, …")
    gradient: Text | None = Field(default=None, description="The criticism it answers, in the model's words.")
    round: int = Field(default=0, description="The search's round that made it; 0 is before the first.")
    dev_score: float | None = Field(default=None, description="Its metric on the dev cases it was tried on.")
    n: int = Field(default=0, ge=0, description="How many dev cases that were.")


class TrialReport(Value):
    """One candidate of the search, whatever became of it."""

    id: int
    parent: int | None = Field(description="The candidate it was made from; null for the start and the base prompt.")
    operator: Text
    round: int
    dev_score: float | None = Field(description="Its metric on the dev cases it was tried on; null when on none.")
    dev_n: int = Field(ge=0, description="How many dev cases it was tried on.")
    fate: Text = Field(description="What became of it: winner, kept, dropped, refused by a guard, …")


class Suggestion(Value):
    """What the search found, confirmed once on cases it never saw."""

    status: SuggestionStatus = Field(
        description="better: the gain is confirmed; cheaper: calls take fewer tokens, and a loss of score is ruled out "
        "(under `objective: score_per_cost` alone); none: no better prompt was found."
    )
    delta: float | None = Field(default=None, description="Gain over head on the test cases.")
    delta_over_base: float | None = Field(default=None, description="Gain over base on the test cases.")
    ci_low: float | None = Field(default=None, description="Lower bound of the confidence interval of delta.")
    ci_high: float | None = Field(default=None, description="Upper bound of the confidence interval of delta.")
    p_value: float | None = Field(default=None, description="Two-sided p-value of no gain over head.")
    n: int = Field(default=0, ge=0, description="Test cases of the confirmation.")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="Confidence level of the interval.")
    text: Text | None = Field(default=None, description="The suggested prompt file, whole; null when there is none.")
    diff: Text | None = Field(default=None, description="Unified diff from the head's prompt file to `text`.")
    is_revert: bool = Field(default=False, description="The suggestion is the base version.")
    operators: tuple[Text, ...] = Field(default=(), description="The operators that made it, first to last.")
    gradients: tuple[Text, ...] = Field(default=(), description="The criticisms that led to it, in the model's words.")
    lineage: tuple[LineageStep, ...] = ()
    trials: tuple[TrialReport, ...] = Field(default=(), description="Every candidate, in the order of their numbers.")
    explanation: Text = Field(default="", description="Why there is this suggestion, or none, in a sentence.")
    finish_reason: Text = Field(default="", description="Why the search ended.")
    calls: int = Field(default=0, ge=0, description="Requests that search and confirmation paid for.")
    usd: float | None = Field(default=None, description="Dollars they cost; null when the price is unknown.")
    objective: Text = Field(default="score", description="What was optimized: score, or score_per_cost.")
    tradeoff: Tradeoff | None = Field(default=None, description="Quality and cost beside the present prompt's.")
    hunks: tuple[HunkReport, ...] = Field(
        default=(), description="The pieces of the confirmed change and what each is worth; empty without one."
    )

    @property
    def is_offered(self) -> bool:
        """Whether the test cases speak for it, so that it may be applied."""
        return self.status in OFFERED


class Account(Value):
    """What one purpose or prompt spent."""

    calls: int = Field(default=0, ge=0, description="Requests charged, retries included.")
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    usd: float | None = Field(default=0.0, description="Dollars; null when the price is unknown.")
    cache_hits: int = Field(default=0, ge=0, description="Requests that the cache answered for nothing.")


class Purposes(Value):
    """The ledger by purpose."""

    base: Account = Account()
    head: Account = Account()
    search: Account = Account()
    confirm: Account = Account()


class LedgerReport(Account):
    """What the run spent in all."""

    seconds: float = Field(default=0.0, ge=0, description="Wall time of the run; varies between repetitions.")
    purposes: Purposes = Purposes()


class Caps(Value):
    """The run's budget; null is no cap."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None


class GateReport(Value):
    """The thresholds that judged a prompt."""

    max_drop: float = Field(description="The largest allowed drop.")
    min: float | None = Field(default=None, description="The floor; null when none is set.")
    policy: Text = Field(default="statistical", description="statistical, or point for a plain threshold.")
    on_inconclusive: Text = Field(default="pass", description="What an inconclusive verdict does to the check.")
    max_errored: float = Field(
        default=0.05, description="The largest share of errored cases before the verdict is error."
    )


class ErrorCount(Value):
    """One reason why requests failed."""

    message: Text
    count: int = Field(ge=1, description="Cases that failed for it.")


class NoiseReport(Value):
    """How far the same prompt differs from itself: the base prompt, asked twice on the same cases."""

    n: int = Field(ge=0, description="Cases that were answered both times.")
    flips: int = Field(ge=0, description="Cases whose answer differed.")
    delta: float = Field(description="The second time's metric less the first's.")
    delta_sd: float = Field(ge=0, description="Standard deviation of one case's difference.")


class PromptReport(Value):
    """What the run says about one prompt with one eval set. Paths begin at the report's `directory`."""

    path: Text = Field(description="The prompt file, relative to the report's directory.")
    eval: Text = Field(description="The eval set's file, likewise.")
    dataset: Text = Field(description="The dataset's file, likewise.")
    digest: Text = Field(
        default="",
        description="SHA-256 of all that decides its comparison: both versions, eval set, thresholds and model.",
    )
    metric: Text = Field(description="accuracy, precision, recall, f1, macro_f1 or mean.")
    scorer: Text = Field(description="The scorer, in words.")
    verdict: Outcome
    reasons: tuple[Text, ...] = ()
    blocks: bool = Field(default=False, description="Whether this verdict fails the check.")
    affected: tuple[Text, ...] = Field(default=(), description="Why the prompt was looked at: prompt changed, …")
    is_new: bool = Field(default=False, description="The base has no such prompt: only the floor gates.")
    gate: GateReport | None = None
    comparison: ComparisonReport | None = Field(default=None, description="Null for a new prompt or after an error.")
    floor: FloorReport | None = None
    head_verdict: HeadVerdict | None = Field(default=None, description="Set when the head changes the eval set too.")
    suggestion: Suggestion | None = Field(default=None, description="Null when no search ran.")
    search_share: SearchShare | None = Field(
        default=None, description="Its part of what the run's searches spent; null when it was not one of several."
    )
    noise: NoiseReport | None = Field(default=None, description="Null when nobody asked the base prompt twice.")
    errors: tuple[ErrorCount, ...] = Field(default=(), description="Why requests failed, most frequent first.")
    cost: Account | None = Field(default=None, description="What this prompt's evaluation and search spent.")
    positive_label: Text | None = Field(default=None, description="The positive label of precision, recall and F1.")


class ModelIdentity(Value):
    """One model that was asked."""

    role: Literal["task", "optimizer"] = Field(description="task answers the cases; optimizer writes candidates.")
    provider: Text = Field(description="Where replies come from: `openai:<base_url>`, `local:<sha256>`.")
    name: Text
    parameters: dict[str, Any] = Field(default={}, description="Sampling parameters that were set.")


class PromptHashes(Value):
    """SHA-256 of a prompt file on both sides; null where the file is missing."""

    base: Text | None = None
    head: Text | None = None


class Provenance(Value):
    """What it takes to repeat the run."""

    version: Text = Field(description="apo-ci's version.")
    base_commit: Text | None = Field(default=None, description="Commit of the base; null when there is none.")
    head_commit: Text | None = Field(default=None, description="Commit of the head; null for the working tree.")
    config_hash: Text = Field(default="", description="SHA-256 of the governing configuration.")
    models: tuple[ModelIdentity, ...] = ()
    seed: int = 0
    python: Text = Field(default="", description="Version of the Python interpreter.")
    openai: Text = Field(default="", description="Version of the openai package.")
    datasets: dict[Text, Text] = Field(default={}, description="Fingerprint of each dataset by its path.")
    prompts: dict[Text, PromptHashes] = Field(default={}, description="Hashes of each prompt file by its path.")
    run: Text = Field(default="", description="The run's id: a hash of its inputs, configuration, seed and budget.")


class Report(Value):
    """The whole finding of one run."""

    schema_version: Literal[1] = Field(default=1, description="Raised when a reader of `report.json` must change.")
    directory: Text = Field(default="", description="Folder of the project inside the repository; empty for its root.")
    verdict: Outcome = Field(description="The worst verdict of all prompts.")
    reasons: tuple[Text, ...] = Field(default=(), description="Why, in sentences.")
    blocks: bool = Field(default=False, description="Whether the check fails.")
    prompts: tuple[PromptReport, ...] = ()
    deleted: tuple[Text, ...] = Field(default=(), description="Prompt files that the head deletes.")
    unevaluated: tuple[Text, ...] = Field(default=(), description="Affected prompt files without an eval set.")
    warnings: tuple[Text, ...] = ()
    config_from: Literal["base", "head"] = Field(
        default="base", description="Where thresholds, scorers and eval sets were read; head when base has none."
    )
    ledger: LedgerReport = LedgerReport()
    budget: Caps = Caps()
    finish_reason: Text = Field(default="complete", description="Why the run ended: complete, budget: calls, …")
    without_model: Text | None = Field(default=None, description="Why no model was asked; null when one might be.")
    provenance: Provenance
