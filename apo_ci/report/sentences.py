"""What a report says, in sentences: the same words for Markdown and for the terminal.

A `Style` says how names and foreign words are written in one medium; everything else here is our own text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apo_ci.report import words
from apo_ci.report.escape import clip, code, one_line, sentence
from apo_ci.report.model import ComparisonReport, FloorReport, HeadVerdict, NoiseReport, PromptReport, Report

ENDS = {
    "": "",
    "complete": "",
    "error": "",  # the verdict says it
    "no model": "",  # a note says it
    "budget": "The budget was spent before everything was evaluated.",
}
NAMED = "named"
PROMPT_CHANGED = "prompt changed"
MAX_NAMES = 20
MAX_PATH = 80
MAX_REASON = 600
MAX_REASONS = 5


@dataclass(frozen=True, slots=True)
class Style:
    """How a medium writes names (`name`), sentences that others wrote (`prose`), and stress (`strong`)."""

    name: Callable[[str], str]
    prose: Callable[[str], str]
    strong: Callable[[str], str]


MARKDOWN = Style(
    name=lambda text: code(words.short_path(text, MAX_PATH)),
    prose=lambda text: sentence(text, MAX_REASON),
    strong=lambda text: f"**{text}**",
)
TERMINAL = Style(
    name=lambda text: one_line(words.short_path(text, MAX_PATH)),
    prose=lambda text: one_line(text, MAX_REASON),
    strong=lambda text: text,
)


def by_severity(prompts: Sequence[PromptReport]) -> list[PromptReport]:
    """`prompts`, those with the worst verdict first, otherwise in their order."""
    return sorted(prompts, key=lambda prompt: words.SEVERITY.index(prompt.verdict))


def is_unchanged(prompt: PromptReport) -> bool:
    """Whether base and head gave the same replies to every case."""
    comparison = prompt.comparison
    return (
        prompt.verdict == "pass"
        and comparison is not None
        and comparison.changed == 0
        and comparison.delta == 0
        and comparison.errored == 0
        and prompt.head_verdict is None
        and (prompt.suggestion is None or prompt.suggestion.status == "none")
    )


def explanation(prompt: PromptReport, style: Style, *, power: str = "") -> list[str]:
    """Why the verdict is what it is: figures, then what decides, then what it means for the merge.

    `power` is the line on what the cases can show, where it belongs to the explanation.
    """
    sentences = [style.prose(reason) for reason in prompt.reasons[:MAX_REASONS]] or _figures(prompt)
    comparison = prompt.comparison
    undecided = prompt.verdict == "inconclusive" and not prompt.reasons  # the gate's own reasons say it
    if undecided and comparison is not None and comparison.cases_needed:
        sentences.append(f"About {words.count(comparison.cases_needed, 'case')} would decide it.")
    if power:
        sentences.append(power)
    if prompt.noise is not None and prompt.noise.n:
        sentences.append(noise_sentence(prompt.noise))
    if prompt.verdict == "inconclusive":
        sentences.append("This blocks the merge." if prompt.blocks else "This does not block the merge.")
    if prompt.errors:
        sentences.append(_errors(prompt, style))
    if prompt.affected and not prompt.is_new and not {PROMPT_CHANGED, NAMED} & set(prompt.affected):
        sentences.append(f"Why it was evaluated: {style.prose(words.listed(prompt.affected))}.")
    return sentences


def _figures(prompt: PromptReport) -> list[str]:
    metric = words.capitalized(words.metric_name(prompt.metric))
    if prompt.comparison is not None:
        return [comparison_sentence(prompt.comparison, metric)]
    return [floor_sentence(prompt.floor, metric)] if prompt.floor is not None else []


def comparison_sentence(comparison: ComparisonReport, metric: str) -> str:
    """`Accuracy fell from 90.3% to 72.2% on 72 cases: −18.1 points (95% CI …).`"""
    if comparison.delta == 0:
        return f"{metric} stays at {words.percent(comparison.head)} on {words.count(comparison.n, 'case')}."
    verb = "fell" if comparison.delta < 0 else "rose"
    change = words.change(
        comparison.delta, comparison.ci_low, comparison.ci_high, comparison.p_value, comparison.confidence
    )
    return (
        f"{metric} {verb} from {words.percent(comparison.base)} to {words.percent(comparison.head)} "
        f"on {words.count(comparison.n, 'case')}: {change}."
    )


def floor_sentence(floor: FloorReport, metric: str) -> str:
    """`Accuracy is 84.1% (95% CI 74.0% to 90.9%) on 60 cases; the floor is 80.0%.`"""
    bounds = f"{words.confidence(floor.confidence)} {words.percent(floor.ci_low)} to {words.percent(floor.ci_high)}"
    tail = "no floor is set" if floor.min is None else f"the floor is {words.percent(floor.min)}"
    return f"{metric} is {words.percent(floor.head)} ({bounds}) on {words.count(floor.n, 'case')}; {tail}."


def noise_sentence(noise: NoiseReport) -> str:
    """`Asked twice, the same prompt differed in 3 of 180 replies (0.6 points).`"""
    replies = words.count(noise.n, "reply", "replies")
    if not noise.flips:
        return f"Asked twice, the same prompt gave the same {replies}."
    return f"Asked twice, the same prompt differed in {noise.flips:,} of {replies} ({_apart(noise.delta)})."


def _apart(delta: float) -> str:
    return words.amount_of_points(abs(round(delta, 3)))


def _errors(prompt: PromptReport, style: Style) -> str:
    shown = [f"{style.prose(clip(error.message, 200))} ({error.count:,}×)" for error in prompt.errors[:3]]
    more = f" and {len(prompt.errors) - 3} other reasons" if len(prompt.errors) > 3 else ""
    return f"Requests failed: {'; '.join(shown)}{more}."


def second_verdict(prompt: PromptReport, style: Style, *, with_figures: bool = True) -> str:
    """What the head's own eval set says, when the pull request changes that too; else empty.

    Without its figures where a table has them.
    """
    head = prompt.head_verdict
    if head is None:
        return ""
    return (
        f"This pull request also changes the eval set. By the base's, which gates: {style.strong(prompt.verdict)}. "
        f"By its own: {style.strong(head.verdict)}. {_of_head(head, style, with_figures=with_figures)}"
    ).rstrip()


def _of_head(head: HeadVerdict, style: Style, *, with_figures: bool) -> str:
    metric = words.capitalized(words.metric_name(head.metric)) or "The metric"
    if head.comparison is not None:
        return comparison_sentence(head.comparison, metric) if with_figures else ""
    if head.floor is not None:
        return floor_sentence(head.floor, metric) if with_figures else ""
    return " ".join(style.prose(reason) for reason in head.reasons[:MAX_REASONS])


def power_line(comparison: ComparisonReport) -> str:
    """The smallest drop that so many cases can show."""
    cases = words.count(comparison.n, "case")
    if not 0 < comparison.detectable_drop < 1:
        return f"With {cases} this check sees no drop reliably."
    return f"With {cases} this check sees drops of {words.drop_seen(comparison.detectable_drop)} or more."


def notes(report: Report, style: Style) -> list[str]:
    """What else a reader must know: where the rules came from, what was not evaluated, why the run ended early."""
    lines: list[str] = []
    if report.without_model is not None:
        lines.append(f"No model was asked, because {style.prose(report.without_model).rstrip('.')}.")
    if report.config_from == "head" and not _is_a_checkout(report):
        lines.append("The base has no configuration yet: thresholds, scorers and eval sets are this pull request's.")
    end = ENDS.get(report.finish_reason)
    if end is None:
        end = f"The run ended early: {style.prose(report.finish_reason).rstrip('.')}."
    lines += [end] if end else []
    lines += _names("Deleted", report.deleted, style)
    lines += _names("Not checked, because no eval set names it", report.unevaluated, style)
    distinct = Counter(report.warnings)
    lines += [style.prose(warning) for warning in list(distinct)[:MAX_NAMES]]
    if len(distinct) > MAX_NAMES:
        lines.append(f"{len(distinct) - MAX_NAMES} more warnings are in report.json.")
    return lines


def _is_a_checkout(report: Report) -> bool:
    """Whether the run looked at named prompts alone, so that there is no base to speak of."""
    return bool(report.prompts) and all(prompt.affected == (NAMED,) for prompt in report.prompts)


def _names(label: str, paths: Sequence[str], style: Style) -> list[str]:
    if not paths:
        return []
    shown = [style.name(path) for path in paths[:MAX_NAMES]]
    more = f" and {len(paths) - MAX_NAMES:,} more" if len(paths) > MAX_NAMES else ""
    return [f"{label}: {', '.join(shown)}{more}."]
