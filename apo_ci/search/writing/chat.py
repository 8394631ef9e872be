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
from apo_ci.search.writing.replies import read_parts, read_reasons
from apo_ci.search.writing.wording import described, fill, numbered, shorten
from apo_ci.search.writing.writer import OptimizerModel, Texts

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
PARTS = _object(
    parts={"type": "array", "items": _object(id={"type": "integer"}, text={"type": "string"})},
)


class ChatWriter:
    """Shows the whole prompt in numbered parts, and takes new texts for parts back."""

    def __init__(self, model: LanguageModel, settings: TaskModel):
        self.model = OptimizerModel(model, settings, Parameters(temperature=TEMPERATURE))
        self._limited = settings.parameters.max_tokens is not None

    async def reasons(self, prompt: Prompt, group: FailureGroup, most: int, sample: int) -> tuple[str, ...]:
        """As in `Writer`."""
        values = {"prompt": numbered(prompt), "cases": described(group, LONGEST_EXCERPT), "most": most}
        reply = await self._ask("chat_gradient", values, prompt, sample, REASONS)
        return () if reply is None else read_reasons(reply, most)

    async def edit(
        self, prompt: Prompt, reason: str, group: FailureGroup, tried: Sequence[Tried], sample: int
    ) -> Texts:
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
            "cases": described(group, LONGEST_EXCERPT),
            "reason": reason,
            "tried": history,
            "examples": len(prompt.demonstrations),
        }
        return await self._parts("chat_edit", values, prompt, sample)

    async def paraphrase(self, prompt: Prompt, sample: int) -> Texts:
        """As in `Writer`."""
        return await self._parts("chat_paraphrase", {"prompt": numbered(prompt)}, prompt, sample)

    async def _parts(self, template: str, values: Mapping[str, Any], prompt: Prompt, sample: int) -> Texts:
        reply = await self._ask(template, values, prompt, sample, PARTS)
        return {} if reply is None else read_parts(reply, len(prompt.parts))

    async def _ask(
        self, template: str, values: Mapping[str, Any], prompt: Prompt, sample: int, schema: Mapping[str, Any]
    ) -> str | None:
        messages = (Message("system", fill("chat_system", {})), Message("user", fill(template, values)))
        limits = {} if self._limited else {"max_tokens": LEAST_TOKENS + len(prompt.body)}
        return await self.model.ask(messages, sample, schema, **limits)
