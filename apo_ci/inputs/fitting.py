"""Whether a prompt fits an eval set: every placeholder has an input, every input a placeholder, targets can be scored.

Works on what one pass over a dataset leaves: the distinct sets of input names and the distinct targets, each with the
line where it stood first.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from apo_ci.errors import InputError
from apo_ci.inputs.datasets import Case, text_of
from apo_ci.inputs.evals import EvalSettings, LabelSettings, NumberSettings, RegexSettings, pattern_fault
from apo_ci.inputs.formats.native import count_lines
from apo_ci.inputs.prompts import Prompt

Shapes = Mapping[frozenset[str], int]
TargetLines = Mapping[str, int]
_JOINT = re.compile(r"[\s_-]+")


def shapes_of(cases: Iterable[Case]) -> Shapes:
    """The distinct sets of input names, each with its first line."""
    shapes: dict[tuple[str, ...], int] = {}
    for case in cases:
        shapes.setdefault(tuple(case.inputs), case.line)
    return {frozenset(names): line for names, line in reversed(shapes.items())}


def target_lines_of(cases: Iterable[Case]) -> TargetLines:
    """The distinct targets as text, each with its first line."""
    lines: dict[str, int] = {}
    for case in cases:
        lines.setdefault(text_of(case.target), case.line)
    return lines


def missing_inputs(prompt: Prompt, dataset: str, shapes: Shapes) -> list[InputError]:
    """An error for each placeholder of `prompt` that some row of `dataset` has no input for."""
    problems = []
    for name in sorted(prompt.placeholders):
        lines = [line for shape, line in shapes.items() if name not in shape]
        if lines and len(lines) == len(shapes):
            known = sorted(frozenset[str]().union(*shapes))
            meant = _meant(name, known)
            hint = f"Did you mean `{meant}`?" if meant else f"Inputs there: {', '.join(known) or 'none'}."
            message = f"The placeholder `{name}` has no input in {dataset}."
            cure = f"{hint} To take it from a column of another name: `columns: {{{name}: COLUMN}}`."
            problems.append(InputError(message, cure=cure, path=prompt.path, line=_line_of(prompt, name)))
        elif lines:
            message = f"The row has no input `{name}`, which {prompt.path} needs."
            problems.append(InputError(message, cure=f"Add `{name}` to every row.", path=dataset, line=min(lines)))
    return problems


def unused_inputs(prompts: Iterable[Prompt], dataset: str, shapes: Shapes) -> list[InputError]:
    """An error for each input of `dataset` that none of its `prompts` has a placeholder for.

    An input that `missing_inputs` takes to be meant by a placeholder is not told a second time.
    """
    prompts = list(prompts)
    known = frozenset[str]().union(*shapes)
    placeholders = frozenset[str]().union(*(prompt.placeholders for prompt in prompts))
    used = placeholders | {_meant(name, known) for name in placeholders - known}
    where = prompts[0].path if len(prompts) == 1 else "any of its prompts"
    problems = []
    for name in sorted(known - used):
        line = min(line for shape, line in shapes.items() if name in shape)
        cure = f"Write {{{{ {name} }}}} in the prompt, or move it away: `columns: {{metadata.{name}: {name}}}`."
        message = f"The input `{name}` has no placeholder in {where}."
        problems.append(InputError(message, cure=cure, path=dataset, line=line))
    return problems


def _meant(placeholder: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(placeholder, sorted(known), n=1)), None)


def unusable_targets(settings: EvalSettings, dataset: str, targets: TargetLines) -> list[InputError]:
    """An error for each scorer at the first target that it could give no reply its full score for."""
    problems = []
    for scorer in settings.scorers:
        for target, line in targets.items():
            fault = _fault(scorer, target)
            if fault is not None:
                problems.append(InputError(fault[0], cure=fault[1], path=dataset, line=line))
                break
    return problems


def _fault(scorer: object, target: str) -> tuple[str, str] | None:
    shown = target if len(target) <= 60 else target[:59] + "…"
    if isinstance(scorer, LabelSettings):
        labels = {_spelling(label, scorer) for label in scorer.labels}
        if _spelling(target, scorer) not in labels:
            message = f"The target `{shown}` is not among the labels {', '.join(scorer.labels)}."
            return message, "Correct the target, or add the label to the scorer."
    if isinstance(scorer, NumberSettings) and not any(character.isdigit() for character in target):
        return f"The target `{shown}` is not a number.", "Write a number, or use another scorer."
    if isinstance(scorer, RegexSettings) and scorer.pattern is None:
        reason = pattern_fault(target)
        if reason is not None:
            return f"The target `{shown}` is not an RE2 pattern: {reason}.", "Correct it, or use another scorer."
    return None


def _spelling(label: str, scorer: LabelSettings) -> str:
    text = _JOINT.sub(" ", unicodedata.normalize("NFKC", label)).strip()
    return text if scorer.case_sensitive else text.casefold()


def _line_of(prompt: Prompt, name: str) -> int:
    found = re.search(rf"\{{[{{%](?:(?![}}%]\}}).)*?\b{re.escape(name)}\b", prompt.body, re.DOTALL)
    return prompt.first_line + count_lines(prompt.body[: found.end() if found else 0])
