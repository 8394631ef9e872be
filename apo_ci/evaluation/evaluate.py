"""A prompt tried on cases: one outcome for each case and replicate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from apo_ci.config import Parameters
from apo_ci.errors import BudgetExhaustedError, InputError, RequestFailedError
from apo_ci.evaluation.score import Score, Scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.estimate import usage_of
from apo_ci.lm.model import LanguageModel, Purpose, Request, Usage

BREATH = 256  # outcomes after which other tasks get a turn, should every reply come from the cache


@dataclass(frozen=True, slots=True)
class TaskModel:
    """The model that runs prompts, and its sampling parameters; a prompt's own front matter goes before both."""

    name: str
    parameters: Parameters = field(default_factory=Parameters)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One replicate of one case. `reply` and `score` are there, or `errored` says why no reply was had.

    `usage` are the tokens of the request and its reply, reported or guessed by length, `seconds` how long it took;
    `None` where that is not known.
    """

    case: Case
    replicate: int
    reply: str | None
    score: Score | None
    errored: str | None = None
    usage: Usage | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """Outcomes in the order of the cases, and of the replicates within a case.

    `complete` is false when the budget ended it; `unevaluated` cases then have no outcome at all.
    """

    prompt: Prompt
    outcomes: tuple[Outcome, ...]
    complete: bool = True
    unevaluated: int = 0

    @property
    def values(self) -> tuple[float, ...]:
        """For each case that has a score, in order, the mean value of its replicates."""
        scored = [[outcome.score.value for outcome in case if outcome.score] for case in self.by_case()]
        return tuple(sum(values) / len(values) for values in scored if values)

    @property
    def errored(self) -> int:
        """Cases of which every replicate failed to get a reply."""
        return sum(all(outcome.score is None for outcome in case) for case in self.by_case())

    def by_case(self) -> Iterator[tuple[Outcome, ...]]:
        """The outcomes of each case in turn."""
        start = 0
        for end in range(1, len(self.outcomes) + 1):
            if end == len(self.outcomes) or case_key(self.outcomes[end]) != case_key(self.outcomes[start]):
                yield self.outcomes[start:end]
                start = end


def case_key(outcome: Outcome) -> tuple[str, int]:
    """What tells cases apart: a duplicate row has the same id, and another line."""
    return outcome.case.id, outcome.case.line


async def evaluate(
    prompt: Prompt,
    cases: Sequence[Case],
    *,
    model: LanguageModel,
    settings: TaskModel,
    scorer: Scorer,
    purpose: Purpose,
    replicates: int = 1,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> Evaluation:
    """Ask `model` about every case, `model.concurrency` at a time, and score the replies.

    A failed request makes an errored outcome. An exhausted budget ends the evaluation early: no further
    request is begun, and what is under way is waited for. An `InfrastructureError` is raised. `on_outcome` is
    called in the order of completion; nothing else depends on that order.
    """
    run = _Run(prompt, cases, model, settings, scorer, purpose, replicates, on_outcome)
    workers = [asyncio.create_task(run.work()) for _ in range(min(max(1, model.concurrency), len(run.outcomes)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return run.evaluation()


@dataclass
class _Run:
    """An evaluation under way; its workers take the next position until there is none."""

    prompt: Prompt
    cases: Sequence[Case]
    model: LanguageModel
    settings: TaskModel
    scorer: Scorer
    purpose: Purpose
    replicates: int
    on_outcome: Callable[[Outcome], None] | None
    outcomes: list[Outcome | None] = field(init=False)
    exhausted: bool = False

    def __post_init__(self) -> None:
        header = self.prompt.header
        self.outcomes = [None] * (len(self.cases) * self.replicates)
        self._positions = iter(range(len(self.outcomes)))
        self._name = header.model or self.settings.name
        self._parameters = header.parameters.over(self.settings.parameters)
        self._schema = None if header.response_format is None else json.dumps(header.response_format)

    async def work(self) -> None:
        for position in self._positions:
            if self.exhausted:
                return
            try:
                outcome = await self._try(*divmod(position, self.replicates))
            except BudgetExhaustedError:
                self.exhausted = True
                return
            self.outcomes[position] = outcome
            if self.on_outcome is not None:
                self.on_outcome(outcome)
            if position % BREATH == 0:
                await asyncio.sleep(0)

    async def _try(self, index: int, replicate: int) -> Outcome:
        case = self.cases[index]
        try:
            messages = self.prompt.render(case.inputs)
        except InputError as problem:
            message = f"{problem.message.rstrip('.')} (case {case.id}, line {case.line} of its dataset)."
            raise InputError(message, cure=problem.cure, path=problem.path, line=problem.line) from problem
        request = Request(self._name, messages, self._parameters, self._schema, replicate, self.purpose)
        try:
            completion = await self.model.complete(request)
        except RequestFailedError as problem:
            return Outcome(case, replicate, None, None, problem.message)
        score = self.scorer.score(case, completion.text)
        usage = usage_of(request, completion)
        return Outcome(case, replicate, completion.text, score, usage=usage, seconds=completion.seconds)

    def evaluation(self) -> Evaluation:
        """What came of it so far."""
        had = tuple(outcome for outcome in self.outcomes if outcome is not None)
        by_case = [
            self.outcomes[start : start + self.replicates] for start in range(0, len(self.outcomes), self.replicates)
        ]
        unevaluated = sum(all(outcome is None for outcome in outcomes) for outcomes in by_case)
        return Evaluation(self.prompt, had, len(had) == len(self.outcomes), unevaluated)
