"""Score against tokens: how candidates rank, what may win, and what a confirmation must show."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.config import Budget, SearchSettings
from apo_ci.evaluation.compare import Comparison, compare
from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.expense import Expense, Expenses
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.score import Score as CaseScore
from apo_ci.inputs.datasets import Case
from apo_ci.lm.model import Request, Usage
from apo_ci.search.candidate import Candidate
from apo_ci.search.confirm import Confirmation, verdict
from apo_ci.search.loop import optimize
from apo_ci.search.objective import Objective, Score, ScorePerCost, is_cheaper
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.pulls import Pulls, freeze_order
from apo_ci.search.result import SearchResult
from apo_ci.search.selection.selector import rank
from tests.unit.evaluation.builders import BASE, HEAD, scored
from tests.unit.search.worlds import START, World, cases, prompt, world

THRIFT = SearchSettings(objective="score_per_cost")
DEV = cases(40)
FIRST, DEAR, CHEAP = (Candidate(prompt(START + " " * n), n, None, "start", None, 0) for n in range(3))


def pulls(objective: Objective, right: Mapping[int, int], tokens: Mapping[int, int]) -> Pulls:
    """All three candidates on all of dev: each gets its first `right` cases right, at `tokens` a call."""

    async def evaluate(candidate: Candidate, wanted: Sequence[Case]) -> Evaluation:
        places = {case.id: place for place, case in enumerate(DEV)}
        return Evaluation(
            candidate.prompt,
            tuple(
                Outcome(
                    case,
                    0,
                    "",
                    CaseScore(float(places[case.id] < right[candidate.id]), ""),
                    usage=Usage(tokens[candidate.id], 0),
                )
                for case in wanted
            ),
        )

    outcomes = Outcomes(evaluate)
    asyncio.run(outcomes.obtain([(candidate, DEV) for candidate in (FIRST, DEAR, CHEAP)]))
    order = freeze_order(DEV, outcomes.of(FIRST), 1.0, random.Random(0))
    return Pulls(order, outcomes, make_metric("accuracy"), objective, FIRST)


@given(score=st.floats(0, 1), tokens=st.floats(0, 100))
def test_by_score_alone_tokens_do_not_matter(score: float, tokens: float) -> None:
    assert Score().utility(score, tokens) == score


def test_twice_the_tokens_must_bring_the_exchange_rate() -> None:
    objective = ScorePerCost(exchange_rate=0.05, max_drop=0.03)
    assert objective.utility(0.75, 2.0) == pytest.approx(objective.utility(0.70, 1.0))
    assert objective.utility(0.70, 0.5) == pytest.approx(0.725)


@given(tokens=st.floats(0, 1))
def test_all_tokens_together_are_worth_the_exchange_rate_at_most(tokens: float) -> None:
    assert ScorePerCost(0.05, 0.03).utility(0.6, tokens) <= 0.65 + 1e-9


def test_selectors_rank_by_what_the_objective_makes_of_the_score() -> None:
    right, tokens = {0: 20, 1: 21, 2: 20}, {0: 100, 1: 300, 2: 60}
    by_score = rank([FIRST, DEAR, CHEAP], pulls(Score(), right, tokens), None, seed=0)
    by_cost = rank([FIRST, DEAR, CHEAP], pulls(ScorePerCost(0.05, 0.03), right, tokens), None, seed=0)
    assert by_score[0] is DEAR
    assert by_cost == [CHEAP, FIRST, DEAR]


def test_as_good_and_cheaper_replaces_the_start() -> None:
    place = pulls(ScorePerCost(0.05, 0.03), {0: 20, 1: 20, 2: 20}, {0: 100, 1: 101, 2: 60})
    assert place.better(CHEAP, FIRST)
    assert not place.better(DEAR, FIRST)


def test_a_loss_beyond_the_tolerance_is_never_worth_its_tokens() -> None:
    losing = {0: 20, 1: 20, 2: 18}  # five points, at a rate that would pay for fifty
    place = pulls(ScorePerCost(exchange_rate=0.5, max_drop=0.03), losing, {0: 100, 1: 100, 2: 1})
    assert place.utility(CHEAP) > place.utility(FIRST)
    assert not place.better(CHEAP, FIRST)


def test_what_scores_less_than_the_start_may_not_replace_it() -> None:
    assert Score().admits(0.5, 0.5)
    assert not Score().admits(0.49, 0.5)


def test_tokens_are_relative_to_the_start_on_the_same_cases() -> None:
    place = pulls(Score(), {0: 20, 1: 20, 2: 20}, {0: 100, 1: 150, 2: 60})
    assert [place.tokens(each, 8) for each in (FIRST, DEAR, CHEAP)] == pytest.approx([1.0, 1.5, 0.6])


def compared(n: int, broken: int = 0, fixed: int = 0) -> Comparison:
    """A comparison on `n` cases, all others right on both sides."""
    before = [0.0] * fixed + [1.0] * (n - fixed)
    after = [1.0] * fixed + [0.0] * broken + [1.0] * (n - fixed - broken)
    return compare(scored(BASE, before), scored(HEAD, after), make_metric("accuracy"))


def spent(before: float, after: float, high: float | None = None) -> Expenses:
    sides = [Expense(tokens, 0, None, True) for tokens in (before, after)]
    return Expenses(sides[0], sides[1], after - before if high is None else high, 200)


@pytest.mark.parametrize(
    ("comparison", "expenses", "cheaper"),
    [
        (compared(200), spent(100, 60), True),
        (compared(200), spent(100, 97), False),  # not worth a change
        (compared(200), spent(100, 140), False),
        (compared(200), spent(100, 60, high=5.0), False),  # the saving may be luck
        (compared(60), spent(100, 60), False),  # too few cases to rule a loss out
        (compared(200, broken=4), spent(100, 60), False),
        (compared(2000, broken=12), spent(100, 60), False),  # within the tolerance, and still a loss
        (compared(0), spent(100, 60), False),
        (compared(200), None, False),
    ],
)
def test_cheaper_takes_a_shown_saving_and_a_loss_ruled_out(
    comparison: Comparison, expenses: Expenses | None, cheaper: bool
) -> None:
    assert is_cheaper(comparison, expenses, THRIFT) is cheaper


def test_the_status_cheaper_is_only_for_those_who_asked() -> None:
    found = Confirmation(compared(200), None, spent(100, 60))
    assert verdict(found, THRIFT) == "cheaper"
    assert verdict(found, SearchSettings()) == "inconclusive"


def test_a_confirmed_gain_is_better_even_if_it_is_cheaper_too() -> None:
    assert verdict(Confirmation(compared(200, fixed=40), None, spent(100, 60)), THRIFT) == "better"


def test_a_confirmed_loss_is_no_suggestion_however_cheap() -> None:
    assert verdict(Confirmation(compared(200, broken=40), None, spent(100, 1)), THRIFT) == "none"


LONG = "Read all of it, twice. " * 20 + START


def terse(request: Request) -> str:
    """A scribe that knows how to say it briefly."""
    if "reasons" in (request.response_schema or ""):
        return json.dumps({"reasons": ["It is long."]})
    return json.dumps({"parts": [{"id": 1, "text": "Is it positive?"}]})


def search(
    accuracy: Callable[[str], float], settings: SearchSettings, start: str = LONG, test: int = 140
) -> tuple[World, SearchResult]:
    place = world(
        accuracy,
        answer=terse,
        start=start,
        settings=settings,
        sizes=(24, 24, test),
        budget=Budget(calls=800),
    )
    place.model.tokens = len
    return place, asyncio.run(optimize(place.task))


def test_a_search_for_cheaper_prompts_finds_one_that_is_right_as_often() -> None:
    _, found = search(lambda text: 1.0, THRIFT)
    assert found.status == "cheaper", found.explanation
    assert "Is it positive?" in found.winner.prompt.source
    assert found.expenses is not None
    assert found.expenses.saving > 0.5
    assert "fewer tokens" in found.explanation


def test_a_search_for_the_score_leaves_a_perfect_prompt_as_it_is() -> None:
    _, found = search(lambda text: 1.0, SearchSettings())
    assert (found.status, found.finish_reason) == ("none", "perfect on dev")
    assert found.winner is found.start


def test_a_shorter_prompt_that_is_right_less_often_is_not_suggested() -> None:
    _, found = search(lambda text: 1.0 if "twice" in text else 0.8, THRIFT)
    assert found.status in ("none", "inconclusive")
    assert found.winner is found.start


def test_too_few_test_cases_leave_it_undecided_and_say_so() -> None:
    _, found = search(lambda text: 1.0, THRIFT, test=40)
    assert found.status == "inconclusive"
    assert "the tolerance is 3.0 points" in found.explanation


def test_a_better_prompt_still_wins_when_it_is_dearer() -> None:
    start = "Positive?\n\nReview: {{ review }}\nLabel:"
    place = world(
        lambda text: 1.0 if "rule" in text else 0.5,
        start=start,
        settings=THRIFT,
        sizes=(24, 24, 60),
    )
    place.model.tokens = len
    found = asyncio.run(optimize(place.task))
    assert found.status == "better", found.explanation
