"""Changes of form: only those that fit the task, and each before any comes twice."""

from __future__ import annotations

import pytest

from apo_ci.config import Parameters
from apo_ci.evaluation.scorers import make_scorer
from apo_ci.inputs.evals import ContainsSettings, ExactMatchSettings, LabelSettings, NumberSettings, ScorerSettings
from apo_ci.search.operators.restructuring import AnswerForm, Restructuring, answer_form
from tests.unit.search.operators.turns import candidate, chat, completion, growth, long_prompt, parts, propose
from tests.unit.search.worlds import LABELS, prompt

LABEL = LabelSettings(type="label", labels=LABELS)
FREE = AnswerForm(LABELS, True, Parameters())
THREE = {"format last", "labels stated", "step by step"}


@pytest.mark.parametrize(
    ("scorers", "labels", "final_line"),
    [
        ((LABEL,), LABELS, True),
        ((NumberSettings(type="number"),), (), True),
        ((ExactMatchSettings(type="exact_match"),), (), False),
        ((ContainsSettings(type="contains"),), (), False),  # steps that name every answer would satisfy it
        ((LABEL, ExactMatchSettings(type="exact_match")), LABELS, False),
    ],
)
def test_the_scorer_tells_what_answers_look_like(
    scorers: tuple[ScorerSettings, ...], labels: tuple[str, ...], final_line: bool
) -> None:
    form = answer_form(make_scorer(scorers), Parameters())
    assert (form.labels, form.final_line) == (labels, final_line)


def test_all_three_changes_come_before_any_comes_twice() -> None:
    writer, model = chat(lambda request: parts(f"Text {len(model.requests)}."))
    operator, parent = Restructuring(writer, FREE), candidate(long_prompt())
    notes = [propose(operator, growth(parent, slots=1, seed=seed))[0].note for seed in range(6)]
    assert set(notes[:3]) == set(notes[3:]) == THREE


def test_one_turn_asks_for_different_changes_within_its_calls() -> None:
    writer, model = chat(lambda request: parts(f"Text {len(model.requests)}."))
    drafts = propose(Restructuring(writer, FREE), growth(candidate(long_prompt()), slots=9, calls=2))
    assert len({draft.note for draft in drafts}) == len(model.requests) == 2
    assert {draft.operator for draft in drafts} == {"restructure"}


def test_what_made_the_parent_is_not_asked_for_next() -> None:
    writer, model = chat(lambda request: parts(f"Text {len(model.requests)}."))
    parent = candidate(long_prompt(), 3, "restructure", "step by step")
    drafts = propose(Restructuring(writer, FREE), growth(parent, slots=2))
    assert {draft.note for draft in drafts} == THREE - {"step by step"}


def test_labels_that_a_sentence_names_are_stated_after_the_other_changes() -> None:
    writer, model = chat(lambda request: parts(f"Text {len(model.requests)}."))
    named = prompt("Is it positive? Answer Yes or No.\n\nReview: {{ review }}\nLabel:")
    for seed in range(8):
        drafts = propose(Restructuring(writer, FREE), growth(candidate(named), seed=seed))
        assert [draft.note for draft in drafts][2:] == ["labels stated"]


def test_examples_do_not_count_as_stating_the_labels() -> None:
    writer, model = chat(lambda request: parts(f"Text {len(model.requests)}."))
    shown = candidate(long_prompt().with_demonstrations([({"review": "Yes and No"}, "Yes")]))
    firsts = {propose(Restructuring(writer, FREE), growth(shown, seed=seed))[0].note for seed in range(12)}
    assert "labels stated" in firsts


def test_a_small_models_instruction_states_its_labels_once() -> None:
    writer, _ = completion(lambda request: "x")
    named = prompt("Is it positive? Answer Yes or No.\n\nReview: {{ review }}\nLabel:")
    assert propose(Restructuring(writer, FREE), growth(candidate(named))) == ()


@pytest.mark.parametrize(
    ("source", "most", "fits"),
    [("", None, True), ("", 400, True), ("", 4, False), ("parameters: {max_tokens: 4}", None, False)],
)
def test_steps_need_room_in_the_reply(source: str, most: int | None, fits: bool) -> None:
    text = f"---\n{source}\n---\n{long_prompt().source}" if source else long_prompt().source
    form = AnswerForm(LABELS, True, Parameters(max_tokens=most))
    assert ("step by step" in Restructuring(chat(str)[0], form).fitting(prompt(text))) is fits


def test_structured_replies_have_no_steps() -> None:
    text = f"---\nresponse_format: {{type: object}}\n---\n{long_prompt().source}"
    assert "step by step" not in Restructuring(chat(str)[0], FREE).fitting(prompt(text))


def test_the_labels_are_shown_to_the_model() -> None:
    writer, model = chat(lambda request: parts("Answer Yes or No, nothing else."))
    form = AnswerForm(LABELS, False, Parameters())
    one_sentence = prompt("{# apo: keep #}Judge.{# apo: end #} Is it positive?\n\nReview: {{ review }}")
    (draft,) = propose(Restructuring(writer, form), growth(candidate(one_sentence), slots=1))
    assert draft.prompt.body.startswith("{# apo: keep #}Judge.{# apo: end #} Answer Yes or No")
    assert "\nYes\nNo\n" in model.requests[0].messages[1].content


def test_for_a_small_model_labels_are_stated_by_rule_and_the_rest_is_left() -> None:
    writer, model = completion(lambda request: "x")
    operator = Restructuring(writer, AnswerForm(("good", "bad", "mixed"), True, Parameters()))
    (draft,) = propose(operator, growth(candidate(prompt()), slots=3))
    assert draft.prompt.parts[0].text.startswith("Is the review below positive? Answer with good, bad or mixed.")
    assert model.requests == []
