"""Demonstrations are balanced, fit the prompt, and change from draw to draw."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from apo_ci.config import SearchSettings
from apo_ci.evaluation.evaluate import Outcome
from apo_ci.evaluation.score import Score
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.evals import LabelSettings, RegexSettings
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.operators.demonstrations import Demonstrations, balanced_draw
from apo_ci.search.operators.proposer import Growth
from tests.unit.search.worlds import LABELS, cases, prompt

SCORER = make_scorer((LabelSettings(type="label", labels=LABELS),))
TRAIN = cases(30)
START = Candidate(prompt(), 0, None, "start", None, 0)


def growth(parent: Candidate = START, slots: int = 8, minibatch: tuple[Outcome, ...] = ()) -> Growth:
    return Growth(parent, minibatch, 1.0, slots, 0, (), widened=False, rng=random.Random(1))


def propose(operator: Demonstrations, turn: Growth) -> tuple[Draft, ...]:
    return asyncio.run(operator.propose(turn))


def test_targets_are_balanced_and_draws_differ() -> None:
    drafts = propose(Demonstrations(TRAIN, SCORER, 6, 1e9), growth())
    assert len({draft.prompt.body for draft in drafts}) == 8
    for draft in drafts:
        assert Counter(target for _, target in draft.prompt.demonstrations) == {"Yes": 3, "No": 3}


def test_the_order_of_targets_varies() -> None:
    drafts = propose(Demonstrations(TRAIN, SCORER, 4, 1e9), growth())
    assert len({tuple(target for _, target in draft.prompt.demonstrations) for draft in drafts}) > 2


def test_rare_targets_run_out_and_others_fill_up() -> None:
    pool = [Case(str(n), {"review": str(n)}, "No" if n else "Yes") for n in range(9)]
    assert Counter(case.target for case in balanced_draw(pool, 6, random.Random(0))) == {"Yes": 1, "No": 5}
    assert len(balanced_draw(pool, 99, random.Random(0))) == 9


def test_free_text_targets_are_drawn_at_random() -> None:
    pool = [Case(str(n), {"review": str(n)}, f"summary {n}") for n in range(100)]
    assert len(balanced_draw(pool, 5, random.Random(0))) == 5


def test_a_prompt_takes_as_many_as_its_length_allows() -> None:
    longest = 3.0 * len(START.prompt.body)
    drafts = propose(Demonstrations(TRAIN, SCORER, 16, longest), growth(slots=2))
    assert all(0 < len(draft.prompt.demonstrations) < 16 and len(draft.prompt.body) <= longest for draft in drafts)


def test_a_good_set_is_refreshed_with_a_case_that_it_fails() -> None:
    shown = prompt().with_demonstrations([(case.inputs, case.target) for case in TRAIN[:4]])
    parent = Candidate(shown, 3, 0, "demonstrations", None, 1)
    failed = tuple(Outcome(case, 0, "", Score(0.0, "wrong")) for case in TRAIN[10:14])
    drafts = propose(Demonstrations(TRAIN, SCORER, 4, 1e9), growth(parent, 12, failed))
    before = {inputs["review"] for inputs, _ in shown.demonstrations}
    fresh = [len({inputs["review"] for inputs, _ in draft.prompt.demonstrations} - before) for draft in drafts]
    assert fresh.count(1) >= 1  # one exchanged
    assert fresh.count(0) >= 1  # another order
    assert max(fresh) > 1  # and new draws


def test_patterns_are_no_answers_to_show() -> None:
    pattern = Case("1", {"review": "a"}, "^(Yes|yes)$")
    operator = Demonstrations([pattern], make_scorer((RegexSettings(type="regex"),)), 4, 1e9)
    assert not operator.able(prompt())


def test_without_a_place_for_a_case_there_are_no_demonstrations() -> None:
    assert not Demonstrations(TRAIN, SCORER, 4, 1e9).able(prompt("Say Yes."))
    assert not Demonstrations(TRAIN, SCORER, SearchSettings(demonstrations=0).demonstrations, 1e9).able(prompt())


def failing(*numbers: int) -> tuple[Outcome, ...]:
    return tuple(Outcome(TRAIN[number], 0, "", Score(0.0, "wrong")) for number in numbers)


def test_half_of_the_sets_are_drawn_to_cover_what_fails() -> None:
    turn = growth(minibatch=failing(*range(0, 20, 2)))
    drafts = propose(Demonstrations(TRAIN, SCORER, 6, 1e9), turn)
    wrong = [outcome.case.inputs for outcome in turn.minibatch]
    covering = [draft for draft in drafts if draft.note == "6 train cases drawn for what fails"]
    assert len(covering) == 4
    for draft in covering:
        assert sum(inputs in wrong for inputs, _ in draft.prompt.demonstrations) >= 4
        assert Counter(target for _, target in draft.prompt.demonstrations) == {"Yes": 4, "No": 2}  # evened out


def test_without_failures_all_sets_are_balanced() -> None:
    drafts = propose(Demonstrations(TRAIN, SCORER, 6, 1e9), growth())
    assert {draft.note for draft in drafts} == {"6 train cases drawn"}


def test_a_set_is_tried_with_half_of_its_cases_where_its_text_was_tried_without() -> None:
    operator = Demonstrations(TRAIN, SCORER, 4, 1e9)
    propose(operator, growth(slots=1))
    shown = prompt().with_demonstrations([(case.inputs, case.target) for case in TRAIN[:4]])
    drafts = propose(operator, growth(Candidate(shown, 3, 0, "demonstrations", None, 1), slots=3))
    (fewer,) = [draft for draft in drafts if draft.note == "2 train cases kept of 4"]
    order = [example for example in shown.demonstrations if example in fewer.prompt.demonstrations]
    assert tuple(order) == fewer.prompt.demonstrations
    assert all(draft.prompt.demonstrations for draft in drafts)


def test_a_text_that_was_not_tried_without_examples_is_tried_so_once() -> None:
    operator = Demonstrations(TRAIN, SCORER, 4, 1e9)
    edited = prompt("Is it good?\n\nReview: {{ review }}\nLabel:")
    parent = Candidate(
        edited.with_demonstrations([(case.inputs, case.target) for case in TRAIN[:4]]), 3, 0, "edit", None, 1
    )
    drafts = [*propose(operator, growth(parent, slots=3)), *propose(operator, growth(parent, slots=3))]
    bare = [draft for draft in drafts if not draft.prompt.demonstrations]
    assert [(draft.prompt.source, draft.note) for draft in bare] == [(edited.source, "without its 4 examples")]


def test_over_many_turns_of_one_slot_every_way_gets_its_turn() -> None:
    operator = Demonstrations(TRAIN, SCORER, 4, 1e9)
    propose(operator, growth(slots=1))
    shown = prompt().with_demonstrations([(case.inputs, case.target) for case in TRAIN[:4]])
    parent = Candidate(shown, 3, 0, "demonstrations", None, 1)
    notes = set()
    for seed in range(40):
        turn = Growth(parent, failing(*range(10, 20)), 1.0, 1, 0, (), widened=False, rng=random.Random(seed))
        notes |= {draft.note for draft in propose(operator, turn)}
    assert notes == {
        "4 train cases drawn",
        "4 train cases drawn for what fails",
        "4 train cases in another order",
        "4 train cases with one that failed put in",
        "2 train cases kept of 4",
    }


def test_given_cases_are_kept_and_evened_out() -> None:
    given = [case for case in TRAIN if case.target == "Yes"][:3]
    drawn = balanced_draw(TRAIN, 6, random.Random(0), given)
    assert all(case in drawn for case in given)
    assert Counter(case.target for case in drawn) == {"Yes": 3, "No": 3}
