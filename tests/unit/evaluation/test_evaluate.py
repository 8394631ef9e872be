"""Evaluations against a scripted model."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Callable
from functools import partial

import pytest

from apo_ci.config import Parameters
from apo_ci.errors import BudgetExhaustedError, EndpointError, InputError, RequestFailedError
from apo_ci.evaluation.evaluate import Evaluation, Outcome, TaskModel, evaluate
from apo_ci.evaluation.labels import Label
from apo_ci.evaluation.texts import ExactMatch
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt, parse_prompt
from apo_ci.lm.model import Completion, Purpose, Request, Usage

PROMPT = parse_prompt("Label this: {{ text }}", "prompts/label.prompt.md")
CASES = tuple(Case(f"case-{number}", {"text": str(number)}, str(number % 3), line=number) for number in range(40))


class ScriptedModel:
    """Answers by a function of the request, after giving other tasks `patience` turns."""

    provider = "scripted"

    def __init__(
        self,
        answer: Callable[[Request], str],
        *,
        concurrency: int = 4,
        patience: Callable[[], int] = lambda: 0,
    ):
        self.concurrency = concurrency
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._answer = answer
        self._patience = patience
        self._at_once = 0

    async def complete(self, request: Request) -> Completion:
        """Answer `request`."""
        self.requests.append(request)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            for _ in range(self._patience()):
                await asyncio.sleep(0)
            return Completion(self._answer(request), "stop", Usage(1, 1))
        finally:
            self._at_once -= 1

    async def aclose(self) -> None:
        """Nothing to release."""


def _remainder(request: Request) -> str:
    return str(int(request.messages[0].content.split()[-1]) % 3)


async def _evaluate(
    model: ScriptedModel,
    *,
    prompt: Prompt = PROMPT,
    cases: tuple[Case, ...] = CASES,
    replicates: int = 1,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> Evaluation:
    return await evaluate(
        prompt,
        cases,
        model=model,
        settings=TaskModel("a-model", Parameters(temperature=0, max_tokens=8)),
        scorer=ExactMatch(),
        purpose=Purpose.BASE,
        replicates=replicates,
        on_outcome=on_outcome,
    )


async def test_an_outcome_knows_the_tokens_that_were_reported() -> None:
    (outcome,) = (await _evaluate(ScriptedModel(_remainder), cases=CASES[:1])).outcomes
    assert (outcome.usage, outcome.seconds) == (Usage(1, 1), None)


async def test_tokens_that_nobody_reported_are_guessed_by_length() -> None:
    class Silent(ScriptedModel):
        async def complete(self, request: Request) -> Completion:
            bound = Usage(99_999, 99_999, reported=False)
            return dataclasses.replace(await super().complete(request), usage=bound, seconds=0.5)

    (outcome,) = (await _evaluate(Silent(_remainder), cases=CASES[:1])).outcomes
    assert outcome.usage == Usage(4, 1, reported=False)  # "Label this: 0" has 13 characters
    assert outcome.seconds == 0.5


async def test_outcomes_come_in_the_order_of_cases_and_replicates_under_any_concurrency() -> None:
    evaluations = []
    for concurrency in (1, 3, 64):
        turns = partial(random.Random(concurrency).randrange, 9)
        model = ScriptedModel(_remainder, concurrency=concurrency, patience=turns)
        evaluations.append(await _evaluate(model, replicates=2))
        assert model.most_at_once == concurrency
    assert evaluations[0] == evaluations[1] == evaluations[2]
    order = [(outcome.case.id, outcome.replicate) for outcome in evaluations[0].outcomes]
    assert order == [(case.id, replicate) for case in CASES for replicate in (0, 1)]
    assert evaluations[0].values == (1.0,) * 40
    assert evaluations[0].complete


async def test_requests_carry_the_model_the_parameters_the_replicate_and_the_purpose() -> None:
    model = ScriptedModel(_remainder)
    await _evaluate(model, cases=CASES[:1], replicates=2)
    first, second = model.requests
    assert (first.model, first.parameters.max_tokens, first.purpose) == ("a-model", 8, Purpose.BASE)
    assert (first.replicate, second.replicate) == (0, 1)


async def test_a_prompts_front_matter_goes_before_the_settings() -> None:
    header = "model: its-own\nparameters: {max_tokens: 2}\nresponse_format: {type: object}"
    prompt = parse_prompt(f"---\n{header}\n---\nLabel this: {{{{ text }}}}", "prompts/label.prompt.md")
    model = ScriptedModel(_remainder)
    await _evaluate(model, prompt=prompt, cases=CASES[:1])
    request = model.requests[0]
    assert (request.model, request.parameters) == ("its-own", Parameters(temperature=0, max_tokens=2))
    assert request.response_schema == '{"type": "object"}'


async def test_a_failed_request_is_an_errored_outcome() -> None:
    def answer(request: Request) -> str:
        if request.messages[0].content.endswith(" 7"):
            raise RequestFailedError("The endpoint answered 500 five times.")
        return _remainder(request)

    evaluation = await _evaluate(ScriptedModel(answer))
    failed = evaluation.outcomes[7]
    assert (failed.reply, failed.score, failed.errored) == (None, None, "The endpoint answered 500 five times.")
    assert (evaluation.errored, len(evaluation.values), evaluation.complete) == (1, 39, True)


async def test_an_exhausted_budget_ends_the_evaluation_and_keeps_what_was_paid_for() -> None:
    answered = 0

    def answer(request: Request) -> str:
        nonlocal answered
        answered += 1
        if answered > 10:
            raise BudgetExhaustedError("No call is left.", cap="calls")
        return _remainder(request)

    model = ScriptedModel(answer, concurrency=4, patience=lambda: 2)
    evaluation = await _evaluate(model)
    assert (len(evaluation.outcomes), evaluation.complete, evaluation.unevaluated) == (10, False, 30)
    assert len(model.requests) <= 14


async def test_a_dead_endpoint_stops_everything() -> None:
    def answer(request: Request) -> str:
        raise EndpointError("Nobody listens there.")

    model = ScriptedModel(answer, concurrency=4, patience=lambda: 1)
    with pytest.raises(EndpointError):
        await _evaluate(model)
    assert len(model.requests) == 4


async def test_a_case_without_its_input_is_an_error_of_the_eval_set() -> None:
    with pytest.raises(InputError):
        await _evaluate(ScriptedModel(_remainder), cases=(Case("one", {}, "0"),))


async def test_every_outcome_is_announced_once() -> None:
    seen: list[Outcome] = []
    evaluation = await _evaluate(ScriptedModel(_remainder), on_outcome=seen.append)
    assert sorted(seen, key=lambda outcome: outcome.case.line) == list(evaluation.outcomes)


async def test_no_cases_make_an_empty_evaluation() -> None:
    evaluation = await _evaluate(ScriptedModel(_remainder), cases=())
    assert (evaluation.outcomes, evaluation.values, evaluation.errored, evaluation.complete) == ((), (), 0, True)


async def test_other_tasks_get_their_turn_when_every_reply_is_at_hand() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await _evaluate(ScriptedModel(_remainder), cases=CASES * 50)
    counting.cancel()
    assert turns > 4


async def test_rendering_asking_and_scoring_take_little_time() -> None:
    cases = tuple(Case(str(number), {"text": f"It broke after {number} days."}, "Yes") for number in range(5_000))
    model = ScriptedModel(lambda request: "Yes", concurrency=32)
    began = time.process_time()
    await evaluate(
        PROMPT, cases, model=model, settings=TaskModel("m"), scorer=Label(["Yes", "No"]), purpose=Purpose.HEAD
    )
    assert (time.process_time() - began) / len(cases) < 160e-6  # 25 µs on an idle core; the goal is 80
