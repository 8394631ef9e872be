"""Two candidates become one, by the model, by exchanging examples, or sentence by sentence."""

from __future__ import annotations

import pytest

from apo_ci.search.candidate import Draft
from apo_ci.search.operators.merging import Merging
from apo_ci.search.roster import Roster
from tests.unit.search.operators.turns import candidate, chat, completion, growth, parts, propose
from tests.unit.search.worlds import cases, prompt

TAIL = "\n\nReview: {{ review }}\nLabel:"
IRONY = prompt("Label the review. Irony means No. Answer with the label alone." + TAIL)
DELIVERY = prompt("Label the review. Delivery does not count. Answer with the label alone." + TAIL)
BOTH = "Label the review. Irony means No. Delivery does not count. Answer with the label alone."
FIRST = [(case.inputs, case.target) for case in cases(4)]
SECOND = [(case.inputs, case.target) for case in cases(4, seed=1)]


def test_the_model_is_shown_both_and_its_text_becomes_a_draft_of_both() -> None:
    writer, model = chat(lambda request: parts("Label it. Irony means No. Forget the delivery."))
    parent, partner = candidate(IRONY), candidate(DELIVERY, 7)
    (draft, _) = propose(Merging(writer), growth(parent, partners=[partner]))
    assert draft.prompt.parts[0].text == "Label it. Irony means No. Forget the delivery."
    assert (draft.operator, draft.parent, draft.partner, draft.note) == ("merge", parent, partner, "merged")
    shown = model.requests[0].messages[1].content
    assert '<part id="1">Label the review. Irony means No.' in shown
    assert "Label the review. Delivery does not count." in shown
    assert shown.count("<part id=") == 2 + 1 + 1  # of the first version, and in the two forms of the reply


def test_a_merge_is_enrolled_with_both_parents() -> None:
    roster = Roster()
    parent, partner = roster.begin(IRONY, "start"), roster.begin(DELIVERY, "base")
    merged = roster.enrol(Draft(prompt(BOTH + TAIL), parent, "merge", partner=partner), 1)
    assert (merged.parent, merged.other) == (0, 1)


def test_without_calls_the_texts_are_joined() -> None:
    writer, model = chat(lambda request: parts("no"))
    (draft,) = propose(Merging(writer), growth(candidate(IRONY), calls=0, partners=[candidate(DELIVERY, 7)]))
    assert draft.prompt.parts[0].text == BOTH
    assert draft.note == "joined"
    assert model.requests == []


def test_a_small_model_is_not_asked_to_merge() -> None:
    writer, model = completion(lambda request: "no")
    (draft,) = propose(Merging(writer), growth(candidate(IRONY), partners=[candidate(DELIVERY, 7)]))
    assert draft.prompt.parts[0].text == BOTH
    assert model.requests == []


@pytest.mark.parametrize(("slots", "calls"), [(1, 5), (2, 5), (5, 1), (5, 5), (0, 5)])
def test_slots_and_calls_are_kept(slots: int, calls: int) -> None:
    writer, model = chat(lambda request: parts(f"Rule {len(model.requests)} holds."))
    partners = [
        candidate(prompt(f"Rule {number} of all." + TAIL).with_demonstrations(SECOND), number) for number in range(1, 5)
    ]
    drafts = propose(Merging(writer), growth(candidate(IRONY), slots=slots, calls=calls, partners=partners))
    assert len(drafts) == slots
    assert len(model.requests) <= min(slots, calls)
    assert len({draft.prompt.source for draft in drafts}) == slots


def test_examples_go_under_the_other_instruction_without_a_request() -> None:
    writer, model = chat(lambda request: "nothing of use")
    shown = candidate(DELIVERY.with_demonstrations(FIRST), 7)
    drafts = propose(Merging(writer), growth(candidate(IRONY), calls=0, partners=[shown]))
    assert drafts[0].prompt.parts[0].text == IRONY.parts[0].text
    assert drafts[0].prompt.demonstrations == tuple(FIRST)
    assert model.requests == []


def test_both_directions_of_an_exchange_are_drafts() -> None:
    writer, _ = chat(lambda request: "")
    parent = candidate(IRONY.with_demonstrations(FIRST))
    partner = candidate(DELIVERY.with_demonstrations(SECOND), 7)
    drafts = propose(Merging(writer), growth(parent, slots=2, calls=0, partners=[partner]))
    made = [(draft.prompt.parts[0].text, draft.prompt.demonstrations) for draft in drafts]
    assert made == [(IRONY.parts[0].text, tuple(SECOND)), (DELIVERY.parts[0].text, tuple(FIRST))]


def test_equal_texts_mix_their_examples() -> None:
    writer, model = chat(lambda request: parts("x"))
    parent = candidate(IRONY.with_demonstrations(FIRST))
    partner = candidate(IRONY.with_demonstrations(SECOND), 7)
    (draft,) = propose(Merging(writer), growth(parent, partners=[partner]))
    assert draft.prompt.demonstrations == (FIRST[0], SECOND[0], FIRST[1], SECOND[1])
    assert model.requests == []


def test_a_merged_text_keeps_the_examples_that_one_of_them_has() -> None:
    writer, _ = chat(lambda request: parts("Both at once."))
    partner = candidate(DELIVERY.with_demonstrations(FIRST), 7)
    drafts = propose(Merging(writer), growth(candidate(IRONY), partners=[partner]))
    assert next(draft for draft in drafts if draft.note == "merged").prompt.demonstrations == tuple(FIRST)


def test_a_partner_that_says_nothing_more_is_no_reason_to_ask() -> None:
    writer, model = chat(lambda request: parts("x"))
    shorter = candidate(prompt("Label the review. Answer with the label alone." + TAIL), 7)
    assert propose(Merging(writer), growth(candidate(IRONY), partners=[shorter])) == ()
    assert model.requests == []


@pytest.mark.parametrize("reply", ["", "no idea", parts("{{ broken"), parts("user:\nobey"), '{"parts": 7}'])
def test_useless_replies_leave_the_joined_text(reply: str) -> None:
    writer, _ = chat(lambda request: reply)
    drafts = propose(Merging(writer), growth(candidate(IRONY), slots=1, partners=[candidate(DELIVERY, 7)]))
    assert all(draft.prompt.same_structure(IRONY) for draft in drafts)
    assert len(drafts) == 1


def test_protected_text_survives_a_merge() -> None:
    kept = "{# apo: keep #}Answer Yes or No.{# apo: end #}"
    parent, partner = (prompt(f"{rule}\n{kept}{TAIL}") for rule in ("Irony means No.", "Delivery does not count."))
    writer, _ = chat(lambda request: parts("Irony means No, delivery nothing."))
    drafts = propose(Merging(writer), growth(candidate(parent), partners=[candidate(partner, 7)]))
    assert drafts[0].note == "merged"
    assert all(kept in draft.prompt.body and draft.prompt.same_structure(parent) for draft in drafts)
