"""The restructure operator: the same rules in another form.

Three changes: the output format moved last, the labels stated in one place, and an answer in steps with a final answer
line ("chain of thought", Wei et al. 2022, arXiv 2201.11903). Only changes that fit the task are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apo_ci.config import Parameters
from apo_ci.evaluation.labels import Label
from apo_ci.evaluation.numbers import Number
from apo_ci.evaluation.score import Scorer
from apo_ci.evaluation.scorers import MeanOfScorers
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.operators.drafting import requests, rewritten, sample
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.operators.rewriting import in_order
from apo_ci.search.writing.sentences import names_all, sentences
from apo_ci.search.writing.writer import Change, Writer

STEP_TOKENS = 200  # room in a reply for a few short steps and the answer
MOST_LABELS = 60  # a longer list would drown the instruction


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What is known of the answers: the labels, where there are any, and whether a final answer line is read.

    `parameters` are the task's sampling parameters, before a prompt's own.
    """

    labels: tuple[str, ...]
    final_line: bool
    parameters: Parameters

    def room_for_steps(self, prompt: Prompt) -> bool:
        """Whether replies to `prompt` may be long enough for steps, and are free text at all."""
        most = prompt.header.parameters.over(self.parameters).max_tokens
        return prompt.header.response_format is None and (most is None or most >= STEP_TOKENS)


def answer_form(scorer: Scorer, parameters: Parameters) -> AnswerForm:
    """What `scorer` tells of the answers.

    Labels and numbers are read after "Answer:". `contains` and patterns are no readers of a final line: they
    look for the target anywhere in the reply, and steps that name every possible answer would satisfy them.
    """
    scorers = tuple(_single(scorer))
    labels = next((one.labels for one in scorers if isinstance(one, Label)), ())
    return AnswerForm(labels, all(isinstance(one, Label | Number) for one in scorers), parameters)


class Restructuring:
    """Versions of the parent with one change of form each; a request for each."""

    name = "restructure"

    def __init__(self, writer: Writer, form: AnswerForm):
        self._writer = writer
        self._form = form
        self._asked: Counter[tuple[str, Change]] = Counter()  # by the parent's source
        self._everywhere: Counter[Change] = Counter()

    def able(self, prompt: Prompt) -> bool:
        """Whether a change fits the prompt."""
        return bool(prompt.parts) and bool(self.fitting(prompt))

    def fitting(self, prompt: Prompt) -> tuple[Change, ...]:
        """The changes that the writer can make, and that make sense for this prompt and task."""
        told = {
            "format last": any(len(sentences(part.text)) > 1 for part in prompt.parts),
            "labels stated": 0 < len(self._form.labels) <= MOST_LABELS,
            "step by step": self._form.final_line and self._form.room_for_steps(prompt),
        }
        return tuple(change for change in self._writer.changes if told[change])

    async def propose(self, growth: Growth) -> tuple[Draft, ...]:
        """Drafts of different changes, those first that were asked for least, of this parent and then of any."""
        parent = growth.parent
        if not parent.prompt.parts:
            return ()
        changes = self._next(growth)
        jobs = [(change, sample(growth)) for change in changes]
        answers = await in_order(
            self._writer.restructure(parent.prompt, change, self._form.labels, one) for change, one in jobs
        )
        prompts = [rewritten(parent.prompt, texts) for texts in answers]
        return tuple(
            Draft(prompt, parent, "restructure", note=change)
            for change, prompt in zip(changes, prompts, strict=True)
            if prompt is not None
        )

    def _next(self, growth: Growth) -> list[Change]:
        parent = growth.parent
        lots = {change: growth.rng.random() for change in self.fitting(parent.prompt)}
        stated = _are_stated(self._form.labels, parent.prompt)
        order = sorted(
            lots,
            key=lambda change: (
                self._uses(change, parent),
                stated and change == "labels stated",  # worth less then, so after the others
                self._everywhere[change],
                lots[change],
            ),
        )
        chosen = order[: requests(growth)]
        self._asked.update((parent.prompt.source, change) for change in chosen)
        self._everywhere.update(chosen)
        return chosen

    def _uses(self, change: Change, parent: Candidate) -> int:
        """How often `change` was asked for with this parent; being its outcome counts as once."""
        made_by_it = parent.operator == "restructure" and parent.note == change
        return self._asked[parent.prompt.source, change] + made_by_it


def _single(scorer: Scorer) -> Iterable[Scorer]:
    if isinstance(scorer, MeanOfScorers):
        for one in scorer.scorers:
            yield from _single(one)
    else:
        yield scorer


def _are_stated(labels: Sequence[str], prompt: Prompt) -> bool:
    """Whether one sentence outside the demonstrations names all labels, if only in passing."""
    bare = prompt if prompt.bare is None else prompt.bare
    return any(names_all(message.text, labels) for message in bare.messages)
