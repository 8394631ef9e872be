"""A ration of evaluations for each arm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from apo_ci.config import Budget, SearchSettings
from apo_ci.search.candidate import Candidate
from apo_ci.search.loop import optimize
from apo_ci.search.pulls import Pulls
from apo_ci.search.selection.factory import make_selector
from apo_ci.search.selection.rationed import EVALUATIONS, PAPER, Rationed
from apo_ci.search.selection.selector import Selection
from tests.unit.search.worlds import world


class Spy:
    """Spends nothing, and remembers what it might have spent and on how many arms that needed some."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def arms(self, budget: int, size: int) -> int:
        return 99

    async def select(self, arms: Sequence[Candidate], keep: int, pulls: Pulls, budget: int) -> Selection:
        self.seen.append((budget, sum(pulls.cost(arm, pulls.size) > 0 for arm in arms)))
        return Selection(tuple(arms[:keep]), {})


@pytest.mark.parametrize("dev", [12, 40])
def test_each_arm_that_needs_pulls_brings_its_ration(dev: int, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy()
    monkeypatch.setattr("apo_ci.search.state.make_selector", lambda settings: Rationed(spy, PAPER))
    settings = SearchSettings(optimizer="monte_carlo", rounds=2)
    place = world(lambda text: 0.5, sizes=(30, dev, 40), budget=Budget(), settings=settings)
    asyncio.run(optimize(place.task))
    assert spy.seen
    for budget, number in spy.seen:
        assert budget <= number * min(PAPER, dev)
    assert spy.seen[0][0] == spy.seen[0][1] * min(PAPER, dev)


def test_it_has_room_for_as_many_arms_as_rations() -> None:
    assert Rationed(Spy(), 25).arms(251, 100) == 10
    assert Rationed(Spy(), 25).arms(60, 6) == 10


@pytest.mark.parametrize("optimizer", ["apo", "protegi", "monte_carlo", "reinforce", "autogpt"])
def test_the_ration_goes_with_the_optimizer(optimizer: str) -> None:
    selector = make_selector(SearchSettings.model_validate({"optimizer": optimizer}))
    assert isinstance(selector, Rationed) == (optimizer in EVALUATIONS)
    if optimizer in EVALUATIONS:
        assert selector.arms(900, 500) == 900 // EVALUATIONS[optimizer]


def test_the_papers_beam_searches_have_the_papers_ration_and_single_prompts_none() -> None:
    assert [EVALUATIONS[name] for name in ("protegi", "monte_carlo", "reinforce")] == [PAPER] * 3
    assert "autogpt" not in EVALUATIONS
