"""The `completion` protocol: small base models, which go on with a text but follow no instructions.

Each question is a few-shot list that ends in an open line; the reply is that line. One part of the prompt is rewritten
at a time, the longest, for these models lose their way in anything longer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apo_ci.config import Parameters
from apo_ci.evaluation.evaluate import TaskModel
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.model import LanguageModel, Message
from apo_ci.search.candidate import Tried
from apo_ci.search.gradients import FailureGroup
from apo_ci.search.seeds import generator
from apo_ci.search.writing.sentences import names_all, sentences, union, without
from apo_ci.search.writing.wording import described, fill, listed, one_line
from apo_ci.search.writing.writer import Change, OptimizerModel, Reasons, Texts

TEMPERATURE = 0.6
LONGEST_LINE = 300  # characters of a case that are shown
LONGEST_INSTRUCTION = 600  # characters; longer ones are left as they are
CASES_SHOWN = 1
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_LABELS = ("instruction:", "in other words:", "improved:", "note:", "case:")


class CompletionWriter:
    """Asks for one line at a time."""

    changes: tuple[Change, ...] = ("labels stated",)

    def __init__(self, model: LanguageModel, settings: TaskModel, seed: int):
        self.model = OptimizerModel(model, settings, Parameters())
        self._seed = seed

    async def reasons(self, prompt: Prompt, group: FailureGroup, most: int, sample: int) -> tuple[str, ...]:
        """As in `Writer`; one reason, whatever `most` says."""
        target = instruction_of(prompt)
        if target is None:
            return ()
        shown = described(group, LONGEST_LINE)[:CASES_SHOWN]
        cases = [{name: one_line(text) for name, text in case.items()} for case in shown]
        line = await self._line("completion_gradient", {"instruction": target.line, "cases": cases}, 48, sample)
        return () if line is None else (line,)

    async def edit(self, prompt: Prompt, reasons: Reasons, tried: Sequence[Tried], sample: int) -> Texts:
        """As in `Writer`; the groups and what was tried are not shown, they would be copied.

        A reply that loses some of the instruction gives way to the instruction with the reasons after it.
        """
        target = instruction_of(prompt)
        if target is None:
            return {}
        reason = " ".join(one_line(reason) for reason, _ in reasons)
        values = {"instruction": target.line, "reason": reason}
        line = await self._line("completion_edit", values, target.tokens, sample)
        return target.replaced(line if line and len(line) > len(target.line) else f"{target.line} {reason}")

    async def paraphrase(self, prompt: Prompt, sample: int) -> Texts:
        """As in `Writer`."""
        target = instruction_of(prompt)
        if target is None:
            return {}
        line = await self._line("completion_paraphrase", {"instruction": target.line}, target.tokens, sample)
        return {} if line is None else target.replaced(line)

    async def critique(self, prompt: Prompt, score: float, group: FailureGroup, sample: int) -> tuple[str, Texts]:
        """As in `Writer`: the first reason, and the instruction with the reason after it. The score is not shown."""
        target = instruction_of(prompt)
        reasons = await self.reasons(prompt, group, 1, sample) if group.outcomes else ()
        if target is None or not reasons:
            return "", {}
        return reasons[0], target.replaced(f"{target.line} {reasons[0]}")

    async def rephrase(self, prompt: Prompt, index: int, phrase: tuple[int, int], sample: int) -> str | None:
        """As in `Writer`; the rest of the prompt is not shown."""
        line = one_line(prompt.parts[index].text[slice(*phrase)])
        return await self._line("completion_paraphrase", {"instruction": line}, max(32, len(line)), sample)

    async def merge(self, prompt: Prompt, other: Prompt, sample: int) -> Texts:
        """As in `Writer`, without a request: the instruction with the sentences of the other one that it lacks."""
        target, source = instruction_of(prompt), instruction_of(other)
        if target is None or source is None:
            return {}
        line = union(target.line, source.line)
        return {} if line == target.line or len(line) > LONGEST_INSTRUCTION else target.replaced(line)

    async def shorten(self, prompt: Prompt, sample: int) -> Texts:
        """As in `Writer`, without a request: one sentence of the instruction is left out, but not the first."""
        target = instruction_of(prompt)
        number = 0 if target is None else len(sentences(target.line))
        if target is None or number < 2:
            return {}
        position = generator(self._seed, "shorten", sample).randrange(1, number)
        return target.replaced(without(target.line, position))

    async def restructure(self, prompt: Prompt, change: Change, labels: Sequence[str], sample: int) -> Texts:
        """As in `Writer`, without a request: labels that are not named yet are stated after the instruction."""
        target = instruction_of(prompt)
        if target is None or change not in self.changes or names_all(target.line, labels):
            return {}
        return target.replaced(f"{target.line} Answer with {listed(labels)}.")

    async def _line(self, template: str, values: Mapping[str, object], longest: int, sample: int) -> str | None:
        """One line, sampled with a seed of its own, so that it can be had again."""
        reply = await self.model.ask(
            (Message("user", fill(template, values)),),
            sample,
            temperature=TEMPERATURE,
            max_tokens=longest,
            stop=("\n",),
            seed=generator(self._seed, template, sample).randrange(2**31),
        )
        line = "" if reply is None else one_line(reply)
        return None if not line or line.casefold().startswith(_LABELS) else line


@dataclass(frozen=True, slots=True)
class Instruction:
    """The paragraph of a prompt that is rewritten: the first of part `index`, whose whole text is `text`."""

    index: int
    text: str

    @property
    def line(self) -> str:
        """The paragraph, on one line."""
        return one_line(self._paragraphs[0])

    @property
    def tokens(self) -> int:
        """Room for a rewriting of up to about four times the length."""
        return max(32, len(self.line))

    def replaced(self, line: str) -> Texts:
        """The part's text with `line` for the paragraph."""
        return {self.index: "\n\n".join([line, *self._paragraphs[1:]])}

    @property
    def _paragraphs(self) -> list[str]:
        return _BLANK_LINES.split(self.text)


def instruction_of(prompt: Prompt) -> Instruction | None:
    """The first paragraph of the longest part, unless it is too long for a small model."""
    parts = [Instruction(index, part.text) for index, part in enumerate(prompt.parts)]
    longest = max(parts, key=lambda part: len(part.text), default=None)
    return longest if longest is not None and len(longest.line) <= LONGEST_INSTRUCTION else None
