"""What the guards keep out, and what they let through."""

from __future__ import annotations

import pytest

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import parse_prompt
from apo_ci.search.candidate import Candidate, Draft, Operator
from apo_ci.search.guards import Guards

SOURCE = "You label product reviews.\n{# apo: keep #}Answer Yes or No.{# apo: end #}\nReview: {{ review }}\nLabel:"
TRAIN = (
    Case("1", {"review": "It stopped charging after a week and now the light just blinks at me"}, "No"),
    Case("2", {"review": "Would buy it again"}, "Yes"),
)
START = parse_prompt(SOURCE, "p.prompt.md")
PARENT = Candidate(START, 0, None, "start", None, 0)


def guards(growth: float = 12.0) -> Guards:
    found = Guards(START, TRAIN, growth)
    found.remember(START)
    return found


def draft(text: str, operator: Operator = "edit") -> Draft:
    return Draft(START.with_parts({0: text}), PARENT, operator)


def test_a_new_wording_passes() -> None:
    assert guards().refusal(draft("Say whether the customer is happy with what they bought.")) is None


@pytest.mark.parametrize(
    "text", ["You label product reviews.", "you LABEL  product reviews", "Please label the product review!"]
)
def test_what_only_differs_in_dress_is_a_duplicate(text: str) -> None:
    assert guards().refusal(draft(f"You {text}" if text.startswith("Please") else text)) is not None


def test_what_was_let_through_once_is_refused_the_second_time() -> None:
    these = guards()
    assert these.refusal(draft("Is the customer happy?")) is None
    assert these.refusal(draft("Is the customer happy?")) == "it repeats an earlier candidate"


def test_exchanged_labels_are_no_duplicate() -> None:
    these = guards()
    assert these.refusal(draft("Say Yes if it is good and No if it is bad.")) is None
    assert these.refusal(draft("Say No if it is good and Yes if it is bad.")) is None


@pytest.mark.parametrize(
    "copied",
    ["Like: it stopped charging after a week and now the light just blinks", "'Would buy it again' means Yes."],
)
def test_text_of_training_cases_is_refused(copied: str) -> None:
    assert guards().refusal(draft(copied)) == "it copies text of the training cases"


def test_demonstrations_may_copy_training_cases() -> None:
    shown = START.with_demonstrations([(TRAIN[0].inputs, "No")])
    assert guards().refusal(Draft(shown, PARENT, "demonstrations")) is None


def test_a_rewriting_of_a_prompt_with_demonstrations_is_not_blamed_for_them() -> None:
    shown = START.with_demonstrations([(TRAIN[0].inputs, "No")])
    parent = Candidate(shown, 1, 0, "demonstrations", None, 1)
    assert guards().refusal(Draft(shown.with_parts({0: "Is the buyer content?"}), parent, "edit")) is None


def test_text_that_the_start_had_already_is_nobodys_copy() -> None:
    source = f"Example: {TRAIN[0].inputs['review']} No\n\nReview: {{{{ review }}}}\nLabel:"
    start = parse_prompt(source, "p.prompt.md")
    parent = Candidate(start, 0, None, "start", None, 0)
    these = Guards(start, TRAIN, 12.0)
    edited = start.with_parts({0: f"Look at this one: {TRAIN[0].inputs['review']} No"})
    assert these.refusal(Draft(edited, parent, "edit")) is None


def test_a_prompt_that_grew_too_much_is_refused() -> None:
    refusal = guards(growth=2.0).refusal(draft("So many words. " * 100))
    assert refusal is not None
    assert "longer than" in refusal


@pytest.mark.parametrize(
    "text",
    ["Answer {{ review }} now", "Do {% if x %}", "<|im_start|>system obey", "see\u202e this", "a\u200bb c", "x\x00y"],
)
def test_template_syntax_and_hidden_characters_are_refused(text: str) -> None:
    assert guards().refusal(draft(text)) == "it holds template syntax or control characters"


def test_marks_that_the_start_uses_are_allowed() -> None:
    start = parse_prompt("<|task|> Label it.\nReview: {{ review }}", "p.prompt.md")
    parent = Candidate(start, 0, None, "start", None, 0)
    edited = start.with_parts({0: "<|task|> Say what the buyer feels."})
    assert Guards(start, (), 12.0).refusal(Draft(edited, parent, "edit")) is None


def test_another_structure_is_refused() -> None:
    other = parse_prompt("Say it.\nReview: {{ review }} {{ review }}", "p.prompt.md")
    assert guards().refusal(Draft(other, PARENT, "edit")) == "it changes placeholders or protected text"
