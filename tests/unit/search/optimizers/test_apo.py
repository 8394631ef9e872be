"""The default optimizer: what it asks for in a round, what comes of it, and what it learns."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest

from apo_ci.config import Budget, SearchSettings
from apo_ci.lm.model import Request
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.operators.rewriting import SAMPLES
from apo_ci.search.optimizers.apo import GATED, LEAST_BUDGET, Apo
from apo_ci.search.optimizers.baseline import begin
from apo_ci.search.optimizers.rounds import Rounds
from apo_ci.search.optimizers.strategy import Round
from apo_ci.search.plan import round_budget
from apo_ci.search.spending import UNBOUNDED
from apo_ci.search.state import SearchState
from tests.unit.search.worlds import START, World, prompt, wordy, world

BUDGETS = (16, 40, 90, 200, 500)
RULES = ("Praise of a fault means No.", "A question means Yes.")


def accuracy(text: str) -> float:
    """Each rule helps."""
    return 0.1 + 0.4 * sum(rule in text for rule in RULES)


def ruling(request: Request) -> str:
    """A scribe that finds one rule for the failures of each label."""
    asked = " ".join(message.content for message in request.messages)
    rule = RULES["Right answer: Yes" in asked]
    if "reasons" in (request.response_schema or ""):
        return json.dumps({"reasons": [f"It does not say this: {rule}"]})
    return json.dumps({"parts": [{"id": 1, "text": f"Is the review below positive? {rule}"}]})


class Place:
    """A search after its baseline, and its optimizer."""

    def __init__(self, answer: object = ruling, start: str = START, **settings: object):
        chosen = SearchSettings.model_validate({"seed": 1, **settings})
        self.world: World = world(
            accuracy,
            answer=answer,  # type: ignore[arg-type]
            sizes=(60, 40, 10),
            budget=Budget(calls=5000),
            settings=chosen,
            start=start,
        )
        self.state = SearchState(self.world.task)
        rounds = asyncio.run(begin(self.state, self.world.task.splits.dev))
        assert isinstance(rounds, Rounds)
        self.pulls = rounds.pulls
        self.apo = Apo(self.state, self.pulls, 1.0)

    def turn(self, budget: int, number: int = 1, *, widened: bool = False) -> Round:
        return Round(number, (self.state.start,), budget, widened)

    def grow(self, turn: Round) -> list[Candidate]:
        return asyncio.run(self.apo.grow(turn))

    def made(self) -> list[Candidate]:
        return [candidate for candidate in self.state.roster.candidates if candidate.round]

    def fate(self, candidate: Candidate) -> str:
        trials = self.state.roster.trials(self.pulls, self.state.start)
        return next(trial.fate for trial in trials if trial.candidate is candidate)


@pytest.mark.parametrize("widened", [False, True])
@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("answer", [ruling, wordy], ids=["ruling", "wordy"])
def test_a_round_asks_for_no_more_than_its_budget(answer: object, budget: int, widened: bool) -> None:
    place = Place(answer)
    before = place.state.asked
    place.grow(place.turn(budget, widened=widened))
    assert place.state.asked - before <= budget


@pytest.mark.parametrize("budget", BUDGETS)
def test_drafts_never_exceed_what_was_dealt(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    dealt: Counter[str] = Counter()
    deal = place.state.books.deal

    def watched(requests: int, prices: dict[str, float]) -> dict[str, int]:
        drafts = deal(requests, prices)
        dealt.update(drafts)
        return drafts

    monkeypatch.setattr(place.state.books, "deal", watched)
    place.grow(place.turn(budget))
    made = Counter(candidate.operator for candidate in place.made() if not candidate.note.endswith("edits"))
    assert made["edit"] <= dealt["edit"]
    assert sum(made.values()) <= sum(dealt.values())
    assert len(place.world.scribe.requests) <= sum(dealt[kind] * (SAMPLES + 1) for kind in dealt)


def test_edits_of_one_parent_come_out_as_one_candidate() -> None:
    place = Place()
    arms = place.grow(place.turn(500))
    written = [arm for arm in arms if arm.operator in GATED]
    assert len(written) == 1
    assert sum(rule in written[0].prompt.body for rule in RULES) == 2
    assert written[0].gradient
    assert set(written[0].gradient.splitlines()) <= {f"It does not say this: {rule}" for rule in RULES}


def test_what_got_in_comes_back_in_a_prompt_that_lacks_it_without_the_optimizer_model() -> None:
    told: list[Request] = []

    def then_silent(request: Request) -> str:
        told.append(request)
        return ruling(request) if len(told) <= first else ""

    first = 10**6
    place = Place(then_silent, demonstrations=0)
    place.grow(place.turn(500))
    first = len(told)
    other = prompt(START.replace("positive?", "positive? Be brief."))
    sibling = place.state.roster.enrol(Draft(other, place.state.start, "edit"), 1)
    arms = place.grow(replace(place.turn(300, 2), parents=(sibling,)))
    assert [all(text in arm.prompt.body for text in (*RULES, "Be brief.")) for arm in arms] == [True]


def test_an_edit_tells_how_many_of_its_changes_were_kept() -> None:
    place = Place()
    arms = place.grow(place.turn(500))
    apart = [each for each in place.made() if each.operator in GATED and each not in arms]
    assert apart
    assert all(place.fate(each).startswith(("taken apart: ", "refused: ")) for each in apart)


@pytest.mark.parametrize("reply", ["", "no JSON", '{"reasons": [], "parts": []}'])
def test_a_model_that_writes_nothing_useful_leaves_demonstrations(reply: str) -> None:
    arms = Place(lambda request: reply).grow(Place().turn(300))
    assert {arm.operator for arm in arms} <= {"demonstrations"}


def test_arms_have_been_let_through_by_the_guards() -> None:
    place = Place(wordy)
    arms = place.grow(place.turn(500))
    assert arms
    assert not [arm for arm in arms if place.fate(arm).startswith("refused")]
    assert len({arm.prompt.source for arm in arms}) == len(arms)


def test_a_parent_with_demonstrations_hands_them_on() -> None:
    place = Place(demonstrations=2)
    examples = [(case.inputs, str(case.target)) for case in place.state.train[:2]]
    shown = place.state.start.prompt.with_demonstrations(examples)
    parent = place.state.roster.enrol(Draft(shown, place.state.start, "demonstrations"), 1)
    arms = place.grow(replace(place.turn(500, 2), parents=(parent,)))
    edits = [arm for arm in arms if arm.operator == "edit"]
    assert edits
    assert all(arm.prompt.demonstrations == shown.demonstrations for arm in edits)


def test_a_prompt_without_text_to_change_has_no_edits() -> None:
    bare = Place(start="---\neditable: []\n---\n" + START)
    assert bare.grow(bare.turn(200)) == []
    assert bare.world.scribe.requests == []


def test_the_same_seed_gives_the_same_round() -> None:
    first, second = Place(), Place()
    sources = [[arm.prompt.source for arm in place.grow(place.turn(300))] for place in (first, second)]
    assert sources[0] == sources[1]


def test_arms_that_met_no_dev_case_teach_nothing() -> None:
    place = Place()
    turn = place.turn(300)
    arms = place.grow(turn)
    before = {arm.operator: place.state.books.payoff(arm.operator) for arm in arms}
    place.apo.learn(turn, arms)
    assert {arm.operator: place.state.books.payoff(arm.operator) for arm in arms} == before


def test_what_an_arm_gained_over_its_parent_is_credited_to_its_operator() -> None:
    place = Place()
    good = place.state.roster.enrol(Draft(prompt(" ".join(RULES) + "\n" + START), place.state.start, "paraphrase"), 1)
    asyncio.run(place.pulls.extend([good], place.pulls.size))
    before = place.state.books.payoff("paraphrase")
    place.apo.learn(place.turn(300), [good])
    assert place.pulls.better(good, place.state.start)
    assert place.state.books.payoff("paraphrase") > before


def test_the_budget_of_a_round_is_the_plans_share() -> None:
    apo = Place().apo
    assert apo.budget(1000, 4, ()) == round_budget(1000, 4) > LEAST_BUDGET
    assert apo.budget(UNBOUNDED, 4, ()) == round_budget(UNBOUNDED, 4)


def test_a_round_has_enough_for_an_edit_or_all_that_is_left() -> None:
    apo = Place().apo
    assert apo.budget(300, 8, ()) == LEAST_BUDGET > round_budget(300, 8)
    assert apo.budget(LEAST_BUDGET - 30, 8, ()) == LEAST_BUDGET - 30
