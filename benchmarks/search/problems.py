"""A prompt to be improved, the cases to improve it on, and the models that are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from apo_ci.config import ModelSettings
from apo_ci.evaluation.metrics import Metric
from apo_ci.evaluation.scorers import Scorer
from apo_ci.inputs.prompts import Prompt
from apo_ci.inputs.splits import Splits


@dataclass(frozen=True)
class Problem:
    """What every method is given. `task_model` answers the cases, `optimizer_model` writes prompts.

    `search` are settings of `search:` that belong to the problem, under those of the method.
    """

    name: str
    start: Prompt
    splits: Splits
    labels: tuple[str, ...]
    scorer: Scorer
    metric: Metric
    task_model: ModelSettings
    optimizer_model: ModelSettings
    search: Mapping[str, object]


def instruction_of(prompt: Prompt, tail: str) -> str:
    """All text of `prompt` besides the case itself; `tail` is how a case follows an instruction.

    Worked examples are part of it. A text that was put behind the case is too.
    """
    rendered = "\n\n".join(message.content for message in prompt.render(dict.fromkeys(prompt.placeholders, "")))
    empty = tail
    for name in prompt.placeholders:
        empty = empty.replace(f"{{{{ {name} }}}}", "")
    return rendered.removesuffix(empty)
