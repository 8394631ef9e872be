"""Who is on the Pareto front over dev cases, and who completes whom."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.metrics import make_metric
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.pareto import complements, front
from apo_ci.search.pulls import Pulls, freeze_order
from tests.unit.search.worlds import cases, prompt

DEV = cases(6)
ORDER = freeze_order(DEV, {}, 1.0, random.Random(0))


def arm(number: int) -> Candidate:
    return Candidate(prompt(), number, None, "edit", None, 1)


def pulls_of(scores: Mapping[int, str]) -> Pulls:
    """Pulls by candidate id, in the frozen order as far as the text goes: `1` right, `0` wrong, `-` errored."""

    async def evaluate(candidate: Candidate, wanted: Sequence[Case]) -> Evaluation:
        marks = dict(zip((case.id for case in ORDER.cases), scores[candidate.id], strict=False))
        return Evaluation(candidate.prompt, tuple(_outcome(case, marks[case.id]) for case in wanted))

    pulls = Pulls(ORDER, Outcomes(evaluate), make_metric("accuracy"))
    for number, marks in scores.items():
        asyncio.run(pulls.extend([arm(number)], len(marks)))
    return pulls


def _outcome(case: Case, mark: str) -> Outcome:
    return Outcome(case, 0, "", None, "lost") if mark == "-" else Outcome(case, 0, "", Score(float(mark), ""))


def on_front(scores: Mapping[int, str]) -> list[int]:
    return [candidate.id for candidate in front([arm(number) for number in scores], pulls_of(scores))]


def completing(number: int, scores: Mapping[int, str]) -> list[int]:
    others = [arm(other) for other in scores]
    return [candidate.id for candidate in complements(arm(number), others, pulls_of(scores))]


def test_a_specialist_stays_however_low_its_mean() -> None:
    assert on_front({1: "111110", 2: "000001", 3: "110000"}) == [1, 2]


def test_equals_do_not_dominate_each_other() -> None:
    assert on_front({1: "110000", 2: "110000"}) == [1, 2]


def test_a_few_lucky_cases_dominate_nobody_who_has_met_more() -> None:
    assert on_front({1: "11", 2: "101111"}) == [1, 2]
    assert on_front({1: "10", 2: "111111"}) == [2]


def test_who_has_met_no_case_is_left_out() -> None:
    assert on_front({1: "", 2: "0"}) == [2]


def test_an_errored_case_speaks_for_neither() -> None:
    assert on_front({1: "-11000", 2: "111100"}) == [2]
    assert on_front({1: "1-1000", 2: "-11000"}) == [1, 2]


def test_the_best_complement_adds_the_most_cases() -> None:
    scores = {1: "111000", 2: "000110", 3: "110111", 4: "100000"}
    assert completing(1, scores) == [2, 3]  # together 5 of 3 and 2, and 6 of 3 and 5; the fourth adds nothing


def test_of_equal_complements_the_better_one_comes_first() -> None:
    assert completing(1, {1: "110000", 2: "000010", 3: "100001"}) == [3, 2]


def test_nobody_completes_who_wins_everywhere() -> None:
    assert completing(1, {1: "111111", 2: "101010"}) == []


rows = st.lists(st.text("01", min_size=0, max_size=6), min_size=1, max_size=6)


@given(rows)
def test_everyone_off_the_front_is_dominated_by_someone_on_it(marks: list[str]) -> None:
    scores = dict(enumerate(marks))
    stayed = set(on_front(scores))
    for number, mine in scores.items():
        if mine and number not in stayed:
            assert any(
                len(scores[rival]) >= len(mine)
                and all(a >= b for a, b in zip(scores[rival], mine, strict=False))
                and any(a > b for a, b in zip(scores[rival], mine, strict=False))
                for rival in stayed
            )


@given(st.text("01", min_size=6, max_size=6), st.text("01", min_size=6, max_size=6))
def test_completing_is_mutual(first: str, second: str) -> None:
    scores = {1: first, 2: second}
    assert (completing(1, scores) == [2]) == (completing(2, scores) == [1])
