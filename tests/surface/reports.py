"""The reports that the situations are about: the samples, brief enough to be read in a golden file."""

from __future__ import annotations

from apo_ci.pipeline.queueing import KNOWN, QUEUE
from apo_ci.report.model import ComparisonReport, LedgerReport, PromptReport, Report
from tests.unit.report import samples
from tests.unit.report.samples import BETTER, report, sentiment

NOTHING_SPENT = LedgerReport(seconds=0.4)
# The sample suggestion without its history, so that the golden files stay short.
FOUND = BETTER.model_copy(update={"trials": (), "lineage": (), "gradients": (), "text": None})
BRIEF = samples.PROVENANCE.model_copy(update={"models": samples.PROVENANCE.models[:1], "datasets": {}, "prompts": {}})


def few_cases(comparison: ComparisonReport) -> ComparisonReport:
    """`comparison` with two broken cases and a fixed one at most."""
    return comparison.model_copy(update={"broken": comparison.broken[:2], "fixed": comparison.fixed[:1]})


def brief(prompt: PromptReport) -> PromptReport:
    """`prompt` with few cases and a suggestion without its history."""
    found = prompt.suggestion
    update = {
        "suggestion": found and found.model_copy(update={"trials": (), "lineage": (), "gradients": (), "text": None})
    }
    return prompt.model_copy(update={**update, "comparison": prompt.comparison and few_cases(prompt.comparison)})


FEW_CASES = few_cases(samples.WORSE)
FULL = report(sentiment(comparison=FEW_CASES), verdict="fail")
FAILING = sentiment(comparison=FEW_CASES, suggestion=FOUND)
WITHOUT_SUGGESTION = FAILING.model_copy(update={"suggestion": None})
FAIL = report(FAILING, verdict="fail", provenance=BRIEF)
SEVERAL = report(*map(brief, samples.many()), verdict="fail", provenance=BRIEF)
LONG = report(*samples.huge().prompts[:9], verdict="fail", provenance=BRIEF)


def without_model(reason: str) -> Report:
    """A prompt that nobody evaluated."""
    return report(
        samples.NOT_EVALUATED,
        verdict="inconclusive",
        without_model=reason,
        finish_reason="no model",
        ledger=NOTHING_SPENT,
    )


def known_to_the_queue() -> Report:
    """A merge group that the pull request's verdict answers."""
    prompt = samples.NOT_EVALUATED.model_copy(update={"verdict": "fail", "blocks": True, "reasons": (KNOWN,)})
    return report(prompt, verdict="fail", without_model=QUEUE, finish_reason="no model", ledger=NOTHING_SPENT)


def proposed() -> Report:
    """What a scheduled run found: no comparison, as there is no base."""
    alone = BETTER.model_copy(update={"delta_over_base": None})
    floor = samples.NEW.floor
    assert floor is not None
    found = {
        "verdict": "pass",
        "blocks": False,
        "reasons": (),
        "affected": ("named",),
        "comparison": None,
        "floor": floor,
    }
    routing = alone.model_copy(update={"delta": 0.08, "ci_low": 0.02, "ci_high": 0.14, "p_value": 0.012, "n": 120})
    return report(
        sentiment(**found, suggestion=alone), sentiment(**found, path="prompts/routing.prompt.md", suggestion=routing)
    )
