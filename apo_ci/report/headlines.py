"""The verdict in one sentence: what the comment, the check run and the terminal begin with."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.report import words
from apo_ci.report.model import PromptReport, Report
from apo_ci.report.sentences import Style, is_unchanged


def headline(report: Report, style: Style) -> str:
    """The verdict in one plain sentence, without a full stop."""
    if not report.prompts:
        return _headline_without_prompts(report)
    concerned = [prompt for prompt in report.prompts if prompt.verdict == report.verdict]
    if len(report.prompts) == 1:
        return f"{_outcome(report)}: {_headline_of_one(report.prompts[0], style)}"
    some = f"{len(concerned)} of {len(report.prompts)} prompts"
    dropped = [_dropped(prompt) for prompt in concerned]
    failed = "got worse" if all(dropped) else "got worse or miss their floor" if any(dropped) else "miss their floor"
    if concerned and not any(map(_has_figures, concerned)):
        failed = "do not pass"
    return (
        f"{_outcome(report)}: "
        + {
            "pass": _headline_of_passes(report.prompts),
            "fail": f"{some} {failed}",
            "inconclusive": f"{some} {_undecided(concerned)}",
            "error": f"{some} could not be evaluated" if concerned else "the run could not finish",
        }[report.verdict]
    )


def _undecided(prompts: Sequence[PromptReport]) -> str:
    if any(map(_has_figures, prompts)):
        return "could not be judged with this many cases"
    return "were not evaluated"


def _outcome(report: Report) -> str:
    return words.capitalized(report.verdict)


def _headline_without_prompts(report: Report) -> str:
    if report.verdict == "error":
        return "Error: the run could not finish"
    if report.unevaluated:
        return f"{_outcome(report)}: no eval set names what changed"
    if report.deleted:
        return f"{_outcome(report)}: there was nothing to evaluate"
    return f"{_outcome(report)}: no prompt, eval set or setting changed, so nothing was evaluated"


def _headline_of_passes(prompts: Sequence[PromptReport]) -> str:
    if all(is_unchanged(prompt) for prompt in prompts):
        return f"all {len(prompts)} prompts answer as before"
    if all(prompt.comparison is None and not _has_floor(prompt) for prompt in prompts):
        return f"{len(prompts)} prompts were evaluated"
    if all(prompt.comparison is None for prompt in prompts):
        return f"none of {len(prompts)} prompts misses its floor"
    improved = sum(is_improved(prompt) for prompt in prompts)
    return f"none of {len(prompts)} prompts got worse" + (f", {improved} got better" if improved else "")


def _headline_of_one(prompt: PromptReport, style: Style) -> str:
    name = style.name(prompt.path)
    if prompt.verdict == "error":
        return f"{name} could not be evaluated"
    if prompt.verdict == "inconclusive":
        cases = prompt.comparison or prompt.floor
        return (
            f"{words.count(cases.n, 'case')} cannot tell whether {name} {_question(prompt)}"
            if cases
            else f"{name} was not evaluated"
        )
    if prompt.verdict == "fail" and not _has_figures(prompt):
        return f"{name} does not pass"
    if prompt.verdict == "fail":
        return f"this pull request makes {name} worse" if _dropped(prompt) else f"{name} misses its floor"
    if prompt.is_new:
        return f"{name} is new and " + ("meets its floor" if _has_floor(prompt) else "has no floor to meet")
    if prompt.comparison is None:
        return f"{name} meets its floor" if _has_floor(prompt) else f"{name} was evaluated"
    if is_unchanged(prompt):
        return f"{name} answers as before"
    return f"this pull request improves {name}" if is_improved(prompt) else f"{name} did not get worse"


def _question(prompt: PromptReport) -> str:
    return "meets its floor" if prompt.comparison is None else "got worse"


def _dropped(prompt: PromptReport) -> bool:
    allowed = prompt.gate.max_drop if prompt.gate else 0.0
    return prompt.comparison is not None and -prompt.comparison.delta > allowed


def _has_figures(prompt: PromptReport) -> bool:
    return prompt.comparison is not None or prompt.floor is not None


def _has_floor(prompt: PromptReport) -> bool:
    return prompt.floor is not None and prompt.floor.min is not None


def is_improved(prompt: PromptReport) -> bool:
    """Whether the head is better, beyond the noise."""
    return prompt.comparison is not None and prompt.comparison.delta > 0 and prompt.comparison.ci_low > 0
