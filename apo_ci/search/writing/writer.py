"""How an optimizer model is asked for reasons, edits and paraphrases: the protocol, and the asking itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from apo_ci.config import Parameters
from apo_ci.errors import BudgetExhaustedError, RequestFailedError
from apo_ci.evaluation.evaluate import TaskModel
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.failures import UnsupportedFeatureError
from apo_ci.lm.model import LanguageModel, Message, Purpose, Request
from apo_ci.search.candidate import Tried
from apo_ci.search.gradients import FailureGroup

Texts = Mapping[int, str]
Reasons = Sequence[tuple[str, FailureGroup]]
Change = Literal["format last", "labels stated", "step by step"]
_CUT_OFF = frozenset({"length", "content_filter"})


class Writer(Protocol):
    """Puts the search's questions to an optimizer model.

    Contract: each is one request, or two where the endpoint refuses structured output, or none where the model
    cannot be asked such a thing; a useless or failed reply is an empty answer. `sample` tells repeated
    questions apart. Texts are by index of `Prompt.parts`.
    """

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of form that `restructure` can make."""
        ...

    async def reasons(self, prompt: Prompt, group: FailureGroup, most: int, sample: int) -> tuple[str, ...]:
        """Why `prompt` fails the cases of `group`, in at most `most` reasons."""
        ...

    async def edit(self, prompt: Prompt, reasons: Reasons, tried: Sequence[Tried], sample: int) -> Texts:
        """New texts of the parts, to mend what all of `reasons` say; each has the failures it was drawn from."""
        ...

    async def paraphrase(self, prompt: Prompt, sample: int) -> Texts:
        """New texts of the parts that mean the same."""
        ...

    async def critique(self, prompt: Prompt, score: float, group: FailureGroup, sample: int) -> tuple[str, Texts]:
        """A criticism of `prompt`, which scores `score` (1 is perfect) and fails `group`, and the next texts."""
        ...

    async def rephrase(self, prompt: Prompt, index: int, phrase: tuple[int, int], sample: int) -> str | None:
        """The stretch `phrase` (first and last offset) of the text of part `index` in other words."""
        ...

    async def merge(self, prompt: Prompt, other: Prompt, sample: int) -> Texts:
        """New texts of `prompt`'s parts that say what it says and what `other` says.

        No cases are shown: those that set the two apart are dev cases, and no text may be written for them.
        """
        ...

    async def shorten(self, prompt: Prompt, sample: int) -> Texts:
        """New texts of the parts that say in fewer words what matters."""
        ...

    async def restructure(self, prompt: Prompt, change: Change, labels: Sequence[str], sample: int) -> Texts:
        """New texts of the parts with one `change` of form; `labels` are the answers, where they are known."""
        ...


class OptimizerModel:
    """Sends the search's own requests; counts them in `asked`, and tells the end of the budget by `exhausted`.

    Of the requests, `failed` got no reply, and `cut_off` one that was not whole.
    """

    def __init__(self, model: LanguageModel, settings: TaskModel, defaults: Parameters):
        self._model = model
        self._name = settings.name
        self._parameters = settings.parameters.over(defaults)
        self._refuses_schemas = False
        self.asked = 0
        self.cut_off = 0
        self.failed = 0
        self.exhausted = False

    async def ask(
        self, messages: tuple[Message, ...], sample: int, schema: Mapping[str, Any] | None = None, **limits: Any
    ) -> str | None:
        """The reply, or `None` when there is none that is whole. `limits` are parameters of this request.

        Raises `InfrastructureError`.
        """
        parameters = self._parameters.model_copy(update=limits)
        written = None if schema is None or self._refuses_schemas else json.dumps(schema, sort_keys=True)
        request = Request(self._name, messages, parameters, written, sample, Purpose.SEARCH)
        try:
            return await self._send(request)
        except RequestFailedError as failed:
            if written is None:
                return None
            self._refuses_schemas = self._refuses_schemas or isinstance(failed, UnsupportedFeatureError)
        try:
            return await self._send(Request(self._name, messages, parameters, None, sample, Purpose.SEARCH))
        except RequestFailedError:
            return None

    async def _send(self, request: Request) -> str | None:
        if self.exhausted:
            return None
        self.asked += 1
        try:
            completion = await self._model.complete(request)
        except BudgetExhaustedError:
            self.exhausted = True
            return None
        except RequestFailedError:
            self.failed += 1
            raise
        is_cut_off = completion.finish_reason in _CUT_OFF
        self.cut_off += is_cut_off
        return None if is_cut_off else completion.text
