"""Textual gradients, edits and paraphrases of edits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.config import SearchSettings
from apo_ci.inputs.datasets import Case
from apo_ci.lm.model import Request
from apo_ci.search.candidate import Draft
from apo_ci.search.claims import Claims
from apo_ci.search.operators.proposer import Growth
from apo_ci.search.operators.rewriting import SAMPLES, Rewriting
from apo_ci.search.relevance import Relevance
from tests.unit.search.operators.turns import candidate, chat, failed, growth, propose
from tests.unit.search.worlds import ScribeWorld, chance, prompt

TOPICS = ("blue lamp", "torn bag", "loud fan", "odd clock", "red kettle", "dim screen")
TRAIN = tuple(Case(str(at), {"review": f"it was a {TOPICS[at % 6]}"}, "Yes") for at in range(84))
FAILED = [
    failed(case, predicted) for case, predicted in zip(TRAIN, ("No", "Maybe", "Never", "unparsed") * 21, strict=True)
]
PARENT = candidate(prompt())
Answer = Callable[[Request], str]


def kind(request: Request) -> str:
    if "reasons" in (request.response_schema or ""):
        return "reasons"
    return "edit" if any("wrong" in message.content.lower() for message in request.messages) else "parts"


def fresh(request: Request) -> str:
    """Always something new to say."""
    number = int(chance(request.messages, request.replicate) * 10**6)
    if kind(request) == "reasons":
        return json.dumps({"reasons": [f"Rule {number} is missing.", f"Clause {number + 1} misleads."]})
    return json.dumps({"parts": [{"id": 1, "text": f"Judge by rule {number}:"}]})


def rewriting(answer: Answer = fresh, labels: Sequence[str] = (), **settings: object) -> tuple[Rewriting, ScribeWorld]:
    writer, model = chat(answer)
    chosen = SearchSettings.model_validate({"n_gradients": 3, "gradients_per_error": 2, **settings})
    return Rewriting(writer, Claims(Relevance(TRAIN), labels), chosen), model


def turn(slots: int = 3, calls: int = 99, **changes: object) -> Growth:
    made = growth(PARENT, slots=slots, calls=calls, minibatch=FAILED)
    return replace(made, **changes)  # type: ignore[arg-type]


def reasons_asked(model: ScribeWorld) -> int:
    return Counter(map(kind, model.requests))["reasons"]


def test_an_edit_answers_a_gradient_and_is_written_for_its_failures() -> None:
    operator, _ = rewriting()
    drafts = propose(operator, turn(slots=3))
    assert [draft.operator for draft in drafts] == ["edit"] * 3
    assert all(draft.gradient and draft.written_for for draft in drafts)
    assert len({draft.written_for[0].id for draft in drafts}) == 3


def test_each_gradient_is_asked_for_several_times() -> None:
    operator, model = rewriting()
    propose(operator, turn(slots=2))
    assert reasons_asked(model) == 2 * SAMPLES
    assert len(model.requests) == 2 * SAMPLES + 2


@given(
    slots=st.integers(0, 8),
    calls=st.integers(0, 40),
    steps=st.integers(1, 3),
    samples=st.integers(0, 3),
    wide=st.booleans(),
)
def test_neither_drafts_nor_requests_exceed_the_turn(
    slots: int, calls: int, steps: int, samples: int, wide: bool
) -> None:
    operator, model = rewriting(steps_per_gradient=steps, mc_samples_per_step=samples)
    drafts = propose(operator, turn(slots, calls, widened=wide))
    assert len(drafts) <= slots
    assert len(model.requests) <= calls


@given(slots=st.integers(1, 8), steps=st.integers(1, 3), samples=st.integers(0, 3))
def test_no_draft_is_asked_for_that_is_not_wanted(slots: int, steps: int, samples: int) -> None:
    operator, model = rewriting(steps_per_gradient=steps, mc_samples_per_step=samples)
    drafts = propose(operator, turn(slots))
    assert len(model.requests) - reasons_asked(model) == len(drafts) == min(slots, operator.capacity)


def test_paraphrases_are_of_edits_and_keep_what_these_answer() -> None:
    operator, _ = rewriting(n_gradients=1, mc_samples_per_step=2)
    edit, *paraphrases = propose(operator, turn(slots=3))
    assert [draft.operator for draft in paraphrases] == ["paraphrase"] * 2
    for draft in paraphrases:
        assert (draft.gradient, draft.written_for, draft.parent) == (edit.gradient, edit.written_for, PARENT)


def test_a_widened_search_asks_for_twice_as_many_gradients() -> None:
    operator, model = rewriting(n_gradients=2)
    propose(operator, turn(slots=8, widened=True))
    assert reasons_asked(model) == 4 * SAMPLES


def test_claims_that_the_targets_contradict_make_no_edit() -> None:
    operator, model = rewriting(lambda request: json.dumps({"reasons": ["A torn bag is a No."]}), labels=("Yes", "No"))
    assert propose(operator, turn()) == ()
    assert {kind(request) for request in model.requests} == {"reasons"}


def test_an_answer_that_most_samples_give_is_taken() -> None:
    asked = Counter[str]()

    def answer(request: Request) -> str:
        asked[kind(request)] += 1
        said = "Be brief." if asked["reasons"] % SAMPLES == 1 else "It leaves out the tone of voice."
        return json.dumps({"reasons": [said]}) if kind(request) == "reasons" else fresh(request)

    operator, _ = rewriting(answer, gradients_per_error=1)
    assert {draft.gradient for draft in propose(operator, turn())} == {"It leaves out the tone of voice."}


@pytest.mark.parametrize("reply", ["", "{}", "no JSON", '{"reasons": []}', '{"parts": []}'])
def test_useless_replies_give_no_drafts(reply: str) -> None:
    operator, _ = rewriting(lambda request: reply)
    assert propose(operator, turn()) == ()


def test_an_edit_that_changes_nothing_is_no_draft() -> None:
    same = json.dumps({"parts": [{"id": 1, "text": PARENT.prompt.parts[0].text}]})
    operator, _ = rewriting(lambda request: fresh(request) if kind(request) == "reasons" else same)
    assert propose(operator, turn()) == ()


@pytest.mark.parametrize("minibatch", [(), tuple(replace(one, score=None) for one in FAILED)], ids=["none", "errored"])
def test_without_failures_nothing_is_asked(minibatch: Sequence[object]) -> None:
    operator, model = rewriting()
    assert propose(operator, turn(minibatch=minibatch)) == ()
    assert model.requests == []


def test_a_prompt_without_text_cannot_be_edited() -> None:
    operator, model = rewriting()
    bare = candidate(prompt("{{ review }}"))
    assert not operator.able(bare.prompt)
    assert propose(operator, turn(parent=bare)) == ()
    assert model.requests == []


def test_without_gradients_the_operator_is_off() -> None:
    operator, _ = rewriting(n_gradients=0)
    assert not operator.able(PARENT.prompt)


def test_demonstrations_of_the_parent_stay() -> None:
    shown = candidate(PARENT.prompt.with_demonstrations([({"review": "an odd one"}, "No")]))
    operator, _ = rewriting()
    drafts = propose(operator, turn(parent=shown))
    assert drafts
    assert all(draft.prompt.demonstrations == shown.prompt.demonstrations for draft in drafts)


def test_the_same_turn_gives_the_same_drafts() -> None:
    def drafts() -> tuple[Draft, ...]:
        return propose(rewriting()[0], turn())

    assert drafts() == drafts()


def test_failures_that_no_gradient_has_been_asked_for_come_first() -> None:
    operator, _ = rewriting(n_gradients=1, errors_per_gradient=2)
    growing = [turn(slots=1, minibatch=FAILED[:6]) for _ in range(3)]
    shown = [case.id for each in growing for draft in propose(operator, each) for case in draft.written_for]
    assert sorted(shown) == sorted(outcome.case.id for outcome in FAILED[:6])
