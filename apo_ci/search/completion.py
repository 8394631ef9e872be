"""The `completion` protocol: small base models, which go on with a text but follow no instructions.

Each question is a few-shot list that ends in an open line; the reply is that line. One part of the prompt is rewritten
at a time, the longest, for these models lose their way in anything longer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from apo_ci.config import Parameters
from apo_ci.evaluation.evaluate import TaskModel
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.model import LanguageModel, Message
from apo_ci.search.gradients import FailureGroup
from apo_ci.search.proposer import Tried
from apo_ci.search.wording import described, fill, one_line, shorten
from apo_ci.search.writer import OptimizerModel, Texts

TEMPERATURE = 0.7
LONGEST_LINE = 300  # characters of a case that are shown
LONGEST_INSTRUCTION = 600  # characters; longer ones are left as they are
CASES_SHOWN = 1
OPENING = "Say that"  # as the template of gradients ends, so that the model does not tell a story instead
_LABELS = ("instruction:", "in other words:", "written again:", "note:", "case:")


class CompletionWriter:
    """Asks for one line at a time."""

    def __init__(self, model: LanguageModel, settings: TaskModel, seed: int):
        self.model = OptimizerModel(model, settings, Parameters())
        self._seed = seed

    async def reasons(self, prompt: Prompt, group: FailureGroup, most: int, sample: int) -> tuple[str, ...]:
        """As in `Writer`; one reason, whatever `most` says."""
        index = longest_part(prompt)
        if index is None:
            return ()
        cases = [
            {name: one_line(text) for name, text in case.items()}
            for case in described(group, LONGEST_LINE)[:CASES_SHOWN]
        ]
        line = await self._line(
            "completion_gradient", {"instruction": one_line(prompt.parts[index].text), "cases": cases}, 48, sample
        )
        return () if line is None else (f"{OPENING} {line}",)

    async def edit(
        self, prompt: Prompt, reason: str, group: FailureGroup, tried: Sequence[Tried], sample: int
    ) -> Texts:
        """As in `Writer`; the group and what was tried are not shown, they would be copied."""
        return await self._rewritten("completion_edit", prompt, {"reason": one_line(reason)}, sample)

    async def paraphrase(self, prompt: Prompt, sample: int) -> Texts:
        """As in `Writer`."""
        return await self._rewritten("completion_paraphrase", prompt, {}, sample)

    async def _rewritten(self, template: str, prompt: Prompt, values: dict[str, str], sample: int) -> Texts:
        index = longest_part(prompt)
        if index is None:
            return {}
        instruction = one_line(prompt.parts[index].text)
        longest = max(32, len(instruction))  # tokens: room for about four times the text
        line = await self._line(template, {"instruction": instruction, **values}, longest, sample)
        return {} if line is None else {index: line}

    async def _line(self, template: str, values: dict[str, object], longest: int, sample: int) -> str | None:
        """One line, sampled with a seed of its own, so that it can be had again."""
        seed = random.Random(f"{self._seed}:{template}:{sample}").randrange(2**31)  # noqa: S311 (no secret)
        reply = await self.model.ask(
            (Message("user", fill(template, values)),),
            sample,
            temperature=TEMPERATURE,
            max_tokens=longest,
            stop=("\n",),
            seed=seed,
        )
        line = "" if reply is None else one_line(reply)
        return None if not line or line.casefold().startswith(_LABELS) else shorten(line, 2 * LONGEST_INSTRUCTION)


def longest_part(prompt: Prompt) -> int | None:
    """The index of the longest part that is not too long; `None` when there is none."""
    usable = [index for index, part in enumerate(prompt.parts) if len(part.text) <= LONGEST_INSTRUCTION]
    return max(usable, key=lambda index: len(prompt.parts[index].text), default=None)
