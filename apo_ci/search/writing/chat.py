"""The `chat` protocol: large instruction models, asked for JSON, or for tags where structured output is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apo_ci.config import Parameters
from apo_ci.evaluation.evaluate import TaskModel
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.model import LanguageModel, Message
from apo_ci.search.candidate import Tried
from apo_ci.search.gradients import FailureGroup
from apo_ci.search.writing.replies import read_criticism, read_parts, read_reasons
from apo_ci.search.writing.wording import described, fill, marked, numbered, plain, shorten
from apo_ci.search.writing.writer import Change, OptimizerModel, Reasons, Texts

TEMPERATURE = 0.7  # as in arXiv 2305.03495, section 3.2
LONGEST_EXCERPT = 1_500
LEAST_TOKENS = 4_096  # for a reply, with what a reasoning model thinks before it


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


REASONS = _object(reasons={"type": "array", "items": {"type": "string"}})
_PARTS = {"type": "array", "items": _object(id={"type": "integer"}, text={"type": "string"})}
PARTS = _object(parts=_PARTS)
CRITIQUE = _object(criticism={"type": "string"}, parts=_PARTS)  # in this order: it thinks before it writes


class ChatWriter:
    """Shows the whole prompt in numbered parts, and takes new texts for parts back."""

    changes: tuple[Change, ...] = ("format last", "labels stated", "step by step")

    def __init__(self, model: LanguageModel, settings: TaskModel):
        self.model = OptimizerModel(model, settings, Parameters(temperature=TEMPERATURE))
        self._limited = settings.parameters.max_tokens is not None

    async def reasons(self, prompt: Prompt, group: FailureGroup, most: int, sample: int) -> tuple[str, ...]:
        """As in `Writer`."""
        values = {"prompt": numbered(prompt), "cases": described(group, LONGEST_EXCERPT), "most": most}
        reply = await self._ask("chat_gradient", values, prompt, sample, REASONS)
        return () if reply is None else read_reasons(reply, most)

    async def edit(self, prompt: Prompt, reasons: Reasons, tried: Sequence[Tried], sample: int) -> Texts:
        """As in `Writer`."""
        history = [
            {
                "text": shorten(earlier.text, LONGEST_EXCERPT),
                "score": f"{earlier.score:.2f}",
                "before": f"{earlier.parent_score:.2f}",
            }
            for earlier in tried
        ]
        values = {
            "prompt": numbered(prompt),
            "cases": described(_together(reasons), LONGEST_EXCERPT),
            "reasons": [reason for reason, _ in reasons],
            "tried": history,
            "examples": len(prompt.demonstrations),
        }
        return await self._parts("chat_edit", values, prompt, sample)

    async def paraphrase(self, prompt: Prompt, sample: int) -> Texts:
        """As in `Writer`."""
        return await self._parts("chat_paraphrase", {"prompt": numbered(prompt)}, prompt, sample)

    async def critique(self, prompt: Prompt, score: float, group: FailureGroup, sample: int) -> tuple[str, Texts]:
        """As in `Writer`."""
        values = {"prompt": numbered(prompt), "score": f"{score:.2f}", "cases": described(group, LONGEST_EXCERPT)}
        reply = await self._ask("chat_critique", values, prompt, sample, CRITIQUE)
        return ("", {}) if reply is None else (read_criticism(reply), read_parts(reply, len(prompt.parts)))

    async def rephrase(self, prompt: Prompt, index: int, phrase: tuple[int, int], sample: int) -> str | None:
        """As in `Writer`; the phrase is shown where it stands in the prompt."""
        reply = await self._ask("chat_rephrase", {"prompt": marked(prompt, index, *phrase)}, prompt, sample, PARTS)
        return None if reply is None else read_parts(reply, 1).get(0)

    async def merge(self, prompt: Prompt, other: Prompt, sample: int) -> Texts:
        """As in `Writer`."""
        values = {"prompt": numbered(prompt), "other": plain(other)}
        return await self._parts("chat_merge", values, prompt, sample)

    async def shorten(self, prompt: Prompt, sample: int) -> Texts:
        """As in `Writer`."""
        return await self._parts("chat_shorten", {"prompt": numbered(prompt)}, prompt, sample)

    async def restructure(self, prompt: Prompt, change: Change, labels: Sequence[str], sample: int) -> Texts:
        """As in `Writer`."""
        values = {"prompt": numbered(prompt), "change": change, "labels": list(labels)}
        return await self._parts("chat_restructure", values, prompt, sample)

    async def _parts(self, template: str, values: Mapping[str, Any], prompt: Prompt, sample: int) -> Texts:
        reply = await self._ask(template, values, prompt, sample, PARTS)
        return {} if reply is None else read_parts(reply, len(prompt.parts))

    async def _ask(
        self, template: str, values: Mapping[str, Any], prompt: Prompt, sample: int, schema: Mapping[str, Any]
    ) -> str | None:
        messages = (Message("system", fill("chat_system", {})), Message("user", fill(template, values)))
        limits = {} if self._limited else {"max_tokens": LEAST_TOKENS + len(prompt.body)}
        return await self.model.ask(messages, sample, schema, **limits)


def _together(reasons: Reasons) -> FailureGroup:
    """The failures of all reasons, each once."""
    outcomes = {(outcome.case.id, outcome.replicate): outcome for _, group in reasons for outcome in group.outcomes}
    return FailureGroup("; ".join(dict.fromkeys(group.cause for _, group in reasons)), tuple(outcomes.values()))
