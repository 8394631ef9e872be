"""One frozen order of dev, and estimates on its prefixes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.pulls import Pulls, freeze_order
from tests.unit.search.worlds import cases, prompt

DEV = cases(40)
FAILS = {case.id for case in DEV[:8]}
ARM = Candidate(prompt(), 1, None, "start", None, 0)


def outcome(case: Case, value: float | None) -> Outcome:
    score = None if value is None else Score(value, "")
    return Outcome(case, 0, "", score, "lost" if score is None else None)


START = {case.id: outcome(case, float(case.id not in FAILS)) for case in DEV}


def pulls(values: dict[str, float | None]) -> Pulls:
    async def evaluate(candidate: Candidate, wanted: Sequence[Case]) -> Evaluation:
        return Evaluation(candidate.prompt, tuple(outcome(case, values[case.id]) for case in wanted))

    return Pulls(freeze_order(DEV, START, 1.0, random.Random(0)), Outcomes(evaluate), make_metric("accuracy"))


def test_failures_and_passes_of_the_start_alternate_while_there_are_both() -> None:
    order = freeze_order(DEV, START, 1.0, random.Random(0))
    assert [case.id in FAILS for case in order.cases[:16]] == [True, False] * 8
    assert sorted(case.id for case in order.cases) == sorted(case.id for case in DEV)


def test_the_order_follows_the_seed_and_not_the_file() -> None:
    one, same, other = (freeze_order(DEV, START, 1.0, random.Random(seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_a_repeated_row_is_one_pull() -> None:
    assert len(freeze_order([*DEV, DEV[0]], START, 1.0, random.Random(0)).cases) == 40


def test_a_prefix_with_many_failures_is_weighed_like_dev() -> None:
    like_the_start = pulls({id_: float(id_ not in FAILS) for id_ in START})
    asyncio.run(like_the_start.extend([ARM], 10))
    assert like_the_start.estimate(ARM) == pytest.approx(32 / 40)  # and not the 5 of 10 that were seen


def test_all_of_dev_gives_the_plain_metric() -> None:
    every = pulls({case.id: float(number % 3 == 0) for number, case in enumerate(DEV)})
    asyncio.run(every.extend([ARM], 40))
    assert every.estimate(ARM) == pytest.approx(14 / 40)


def test_lost_replies_leave_the_pairs() -> None:
    lost = pulls({case.id: None if number % 2 else 1.0 for number, case in enumerate(DEV)})
    asyncio.run(lost.extend([ARM], 40))
    assert lost.count(ARM) == 40
    assert len(lost.values(ARM)) == 20
    assert lost.estimate(ARM) == 1.0


def test_an_arm_without_pulls_is_estimated_at_nothing() -> None:
    assert pulls({}).estimate(ARM) == 0.0


def test_a_model_that_takes_one_request_at_a_time_gets_one_prompt_at_a_time() -> None:
    underway, most = 0, 0

    async def evaluate(candidate: Candidate, wanted: Sequence[Case]) -> Evaluation:
        nonlocal underway, most
        underway += 1
        most = max(most, underway)
        await asyncio.sleep(0)
        underway -= 1
        return Evaluation(candidate.prompt, tuple(outcome(case, 1.0) for case in wanted))

    arms = [Candidate(prompt(), number, None, "start", None, 0) for number in range(5)]
    asyncio.run(Outcomes(evaluate, (), candidates_at_once=1).obtain([(arm, DEV) for arm in arms]))
    assert most == 1
