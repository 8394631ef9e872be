"""What the files' view says at a prompt's lines: why it does not pass, or that there is a better version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from apo_ci.report import gains, sentences
from apo_ci.report.escape import clip
from apo_ci.report.headlines import headline
from apo_ci.report.model import PromptReport, Report
from apo_ci.report.places import from_the_root
from apo_ci.report.sentences import TERMINAL

Level = Literal["notice", "warning", "failure"]
Locate = Callable[[str], tuple[int, int]]
MAX_TITLE = 200


@dataclass(frozen=True, slots=True)
class Annotation:
    """Plain text at the lines `start_line` to `end_line` (one-based, inclusive) of a file of the head.

    `path` starts at the repository's root. `title` and `message` have one line each, where nothing is hidden and
    nothing is a workflow command.
    """

    path: str
    start_line: int
    end_line: int
    level: Level
    title: str
    message: str


def annotations_of(report: Report, locate: Locate) -> tuple[Annotation, ...]:
    """One for every prompt that does not pass, the worst first, and a notice for every better suggestion.

    `locate` gives the changed lines of a head file by its path from the repository's root. What blocks the merge is a
    failure, other verdicts are warnings. `report` must be redacted already.
    """
    report = from_the_root(report)
    return tuple(
        annotation
        for prompt in sentences.by_severity(report.prompts)
        for annotation in _of_prompt(report, prompt, locate)
    )


def _of_prompt(report: Report, prompt: PromptReport, locate: Locate) -> Iterator[Annotation]:
    path = prompt.path
    if prompt.verdict != "pass":
        level: Level = "failure" if prompt.blocks else "warning"
        alone = report.model_copy(update={"verdict": prompt.verdict, "prompts": (prompt,)})
        title = headline(alone, TERMINAL)
        why = next(iter(sentences.explanation(prompt, TERMINAL)), title)
        yield Annotation(path, *locate(path), level, clip(title, MAX_TITLE), why)
    gain = gains.suggestion_sentence(prompt.suggestion, TERMINAL) if prompt.suggestion else ""
    if gain:
        yield Annotation(path, *locate(path), "notice", gain.partition(":")[0], gain)
