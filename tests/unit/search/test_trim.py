"""What a confirmed change can do without is left out, and nothing else is."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from apo_ci.config import Budget, SearchSettings
from apo_ci.errors import EndpointError
from apo_ci.lm.model import Completion, Purpose, Request, Usage
from apo_ci.search.loop import optimize
from apo_ci.search.plan import Plan, make_plan
from apo_ci.search.result import SearchResult
from apo_ci.search.spending import Spending
from tests.unit.search.worlds import LABELS, START, TaskWorld, World, chance, world

GOOD, OTHER, IDLE = "Thanks are a Yes.", "Bills mean a No.", "Have a nice day."
QUESTION = "Is the review below positive?"
DEFAULT = SearchSettings(rounds=1, demonstrations=0, mc_samples_per_step=0)
# The default optimizer leaves out what helps no train case before a prompt can win; this one takes edits as they come.
SETTINGS = SearchSettings(
    optimizer="protegi", selector="successive_halving", rounds=1, demonstrations=0, mc_samples_per_step=0
)

Worth = Callable[[str, str], float]


@dataclass
class Steady(TaskWorld):
    """Whether a case is answered rightly depends on the case and on `worth(text, case id)`, not on luck."""

    worth: Worth = lambda text, case: 0.5

    async def complete(self, request: Request) -> Completion:
        await super().complete(request)
        text = request.messages[0].content
        case = self._targets[text.rsplit("Review: ", 1)[1].rsplit("\n", 1)[0]]
        right = chance("luck", case.id) < self.worth(text.rsplit("Review: ", 1)[0], case.id)
        return Completion(case.target if right else LABELS[case.target == LABELS[0]], "stop", Usage(10, 1))


def written(*rules: str) -> Callable[[Request], str]:
    """An optimizer model that always proposes the same rules."""
    text = " ".join((QUESTION, *rules))
    return lambda request: json.dumps({"reasons": ["It leaves out the rules."], "parts": [{"id": 1, "text": text}]})


def place_of(
    worth: Worth,
    *rules: str,
    budget: Budget | None = None,
    settings: SearchSettings = SETTINGS,
    sizes: tuple[int, int, int] = (24, 48, 100),
) -> World:
    place = world(
        lambda text: 0.5, answer=written(*rules), sizes=sizes, budget=budget or Budget(calls=6000), settings=settings
    )
    place.model = Steady(place.model.accuracy, place.model.cases, place.ledger, worth=worth)
    place.task = dataclasses.replace(place.task, task_model=place.model)
    return place


def search(place: World) -> SearchResult:
    return asyncio.run(optimize(place.task))


def only_good(text: str, case: str) -> float:
    return 0.9 if GOOD in text else 0.5


def either(text: str, case: str) -> float:
    return 0.9 if GOOD in text or OTHER in text else 0.5


def both(text: str, case: str) -> float:
    return 0.5 + 0.2 * (GOOD in text) + 0.2 * (OTHER in text)


def gains(result: SearchResult) -> dict[str, tuple[float | None, bool]]:
    return {gain.hunk.added: (gain.delta, gain.kept) for gain in result.hunks}


def test_what_carries_no_gain_is_left_out_and_the_rest_says_what_it_is_worth() -> None:
    result = search(place_of(only_good, IDLE, GOOD, OTHER))
    assert result.status == "better"
    assert result.winner.operator == "trim"
    assert result.winner.prompt.source == START.replace(QUESTION, f"{QUESTION} {GOOD}")
    assert gains(result)[IDLE] == gains(result)[OTHER] == (0.0, False)
    delta, kept = gains(result)[GOOD]
    assert kept
    assert delta is not None
    assert delta > 0.2
    assert "Of its 3 changes, 2 brought nothing on the dev cases and were left out" in result.explanation


def test_the_default_optimizer_suggests_no_more_than_that_either() -> None:
    result = search(place_of(only_good, IDLE, GOOD, OTHER, settings=DEFAULT))
    assert result.status == "better"
    assert result.winner.prompt.source == START.replace(QUESTION, f"{QUESTION} {GOOD}")


def test_the_trimmed_prompt_is_confirmed_itself() -> None:
    place = place_of(only_good, IDLE, GOOD)
    result = search(place)
    assert result.confirmation is not None
    assert result.confirmation.n == 100
    trimmed = result.winner.prompt
    shown = {trimmed.render(case.inputs)[0].content for case in place.task.splits.test}
    confirmed = [text for text, purpose in place.model.asked if purpose == Purpose.CONFIRM]
    assert shown <= set(confirmed)
    assert len(confirmed) == len(set(confirmed)) == 300  # start, winner, trimmed
    assert [candidate.operator for candidate in result.lineage] == ["start", "edit", "trim"]
    fates = {trial.candidate.id: trial.fate for trial in result.history}
    assert fates[result.lineage[1].id] == f"trimmed: see candidate {result.winner.id}"


def test_nothing_is_left_out_where_everything_carries_gain() -> None:
    result = search(place_of(both, GOOD, OTHER))
    assert result.winner.operator == "edit"
    assert all(kept and delta is not None and delta > 0 for delta, kept in gains(result).values())
    assert "None of its 2 changes could be shown to be without effect" in result.explanation


def test_of_two_rules_that_say_the_same_one_stays() -> None:
    result = search(place_of(either, GOOD, OTHER))
    assert sorted(kept for _, kept in gains(result).values()) == [False, True]
    assert (GOOD in result.winner.prompt.body) != (OTHER in result.winner.prompt.body)


def test_what_the_test_cases_need_stays() -> None:
    place = place_of(only_good, GOOD, OTHER)
    test = {case.id for case in place.task.splits.test}
    place.model.worth = lambda text, case: only_good(text, case) - 0.3 * (case in test and OTHER not in text)  # type: ignore[attr-defined]
    result = search(place)
    assert result.winner.operator == "edit"
    assert all(kept for _, kept in gains(result).values())
    assert "the test cases do not bear that out" in result.explanation
    fates = {trial.candidate.operator: trial.fate for trial in result.history}
    assert fates["trim"] == "dropped: it loses against the untrimmed prompt on the test cases"


def test_demonstrations_are_weighed_as_one() -> None:
    settings = SearchSettings(rounds=1, n_gradients=0, mc_samples_per_step=0)
    place = place_of(lambda text, case: 0.9 if text.count("Label:") else 0.5, settings=settings)
    result = search(place)
    assert result.winner.prompt.demonstrations
    assert [gain.hunk.examples for gain in result.hunks] == [len(result.winner.prompt.demonstrations)]
    assert all(gain.delta is not None and gain.delta > 0.2 and gain.n == 48 for gain in result.hunks)


def test_a_single_change_is_weighed_without_a_request() -> None:
    trimmed, whole = (
        place_of(only_good, GOOD, settings=SearchSettings(**{**SETTINGS.model_dump(), "trim": trim}))
        for trim in (True, False)
    )
    result = search(trimmed)
    search(whole)
    assert [gain.n for gain in result.hunks] == [48]
    assert trimmed.ledger.total.calls == whole.ledger.total.calls


def test_trimming_can_be_switched_off() -> None:
    result = search(place_of(only_good, IDLE, GOOD, settings=SETTINGS.model_copy(update={"trim": False})))
    assert result.winner.operator == "edit"
    assert result.hunks == ()
    assert "changes" not in result.explanation


@pytest.mark.parametrize("calls", [330, 400, 500, 650])
def test_no_cap_is_exceeded_and_the_confirmation_comes_first(calls: int) -> None:
    place = place_of(only_good, IDLE, GOOD, OTHER, budget=Budget(calls=calls))
    result = search(place)
    assert place.ledger.total.calls <= calls
    assert result.status == "better"
    assert result.confirmation is not None
    assert result.confirmation.n == 100


def test_with_too_little_left_it_is_skipped_and_said() -> None:
    place = place_of(only_good, IDLE, GOOD, budget=Budget(calls=330))
    result = search(place)
    assert result.winner.operator == "edit"
    assert [gain.delta for gain in result.hunks] == [None, None]
    assert "The change was not trimmed: too little of the budget was left." in result.explanation


def test_the_searchs_own_cap_counts_trimming_on_dev() -> None:
    settings = SETTINGS.model_copy(update={"calls": 250})
    place = place_of(only_good, IDLE, GOOD, settings=settings)
    search(place)
    assert place.ledger.accounts[Purpose.SEARCH].calls <= 250


def test_an_endpoint_that_dies_meanwhile_leaves_the_confirmed_prompt() -> None:
    place = place_of(only_good, IDLE, GOOD)
    alive = place.model.complete

    async def dying(request: Request) -> Completion:
        if IDLE not in request.messages[0].content and GOOD in request.messages[0].content:
            raise EndpointError("gone")
        return await alive(request)

    place.model.complete = dying  # type: ignore[method-assign]
    result = search(place)
    assert result.status == "better"
    assert result.winner.operator == "edit"
    assert "cut short" in result.explanation


def test_a_tenth_of_a_large_budget_is_kept_for_it_and_nothing_of_a_small_one() -> None:
    def spare(calls: int, **settings: bool) -> int:
        place = place_of(only_good, settings=SETTINGS.model_copy(update=settings), budget=Budget(calls=calls))
        task = place.task
        spending = Spending(place.ledger, None, lambda: 0, task.start, task.splits.train)
        plan = make_plan(task, spending)
        assert isinstance(plan, Plan)
        assert place.ledger.remaining(Purpose.SEARCH).calls == calls - 200 - plan.spare.requests
        return plan.spare.requests

    assert spare(1000) == 0
    assert spare(2200) == 200
    assert spare(100_000) == 100 + 4 * 48
    assert spare(100_000, trim=False) == 0
