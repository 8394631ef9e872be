"""Paraphrases of the parent."""

from __future__ import annotations

import pytest

from apo_ci.search.operators.paraphrasing import Paraphrasing
from tests.unit.search.operators.turns import candidate, chat, failed, growth, long_prompt, parts, propose
from tests.unit.search.worlds import cases


@pytest.mark.parametrize(("slots", "calls", "expected"), [(3, 2, 2), (1, 5, 1), (0, 5, 0), (5, 0, 0)])
def test_each_paraphrase_is_one_request(slots: int, calls: int, expected: int) -> None:
    writer, model = chat(lambda request: parts(f"Other words, {len(model.requests)}."))
    drafts = propose(Paraphrasing(writer), growth(candidate(long_prompt()), slots=slots, calls=calls))
    assert len(drafts) == len(model.requests) == expected
    assert {draft.operator for draft in drafts} <= {"paraphrase"}


def test_a_reply_that_changes_nothing_is_no_draft() -> None:
    writer, _ = chat(lambda request: parts(f" {long_prompt().parts[0].text}\n"))
    assert propose(Paraphrasing(writer), growth(candidate(long_prompt()))) == ()


def test_it_faces_as_many_failures_as_it_is_told_to() -> None:
    writer, _ = chat(lambda request: parts("Other words."))
    outcomes = [failed(case) for case in cases(4)]
    turn = growth(candidate(long_prompt()), slots=1, minibatch=outcomes)
    assert len(propose(Paraphrasing(writer, written_for=3), turn)[0].written_for) == 3
    assert propose(Paraphrasing(writer), turn)[0].written_for == ()
