"""Claims of an optimizer model against the train targets."""

from __future__ import annotations

import pytest

from apo_ci.inputs.datasets import Case
from apo_ci.search.claims import FEWEST, LOOKED_UP, MOST_UNBACKED, Claims
from apo_ci.search.relevance import Relevance

LABELS = ("hardware", "billing", "Other")
TOPICS = {"cracked hinge": "hardware", "missing invoice": "billing", "purple socks": "Other", "late refund": "billing"}
RIGHT = "A cracked hinge is hardware."
WRONG = "A cracked hinge is billing."


def claims(number: int = 60, targets: dict[str, object] | None = None, labels: tuple[str, ...] = LABELS) -> Claims:
    targets = {**TOPICS, **(targets or {})}
    topics = [*TOPICS, "broken zipper", "frozen screen"]
    every = [
        Case(str(at), {"text": f"somebody wrote of a {topics[at % 6]}"}, targets.get(topics[at % 6], "Other"))
        for at in range(number)
    ]
    return Claims(Relevance(every), labels)


def test_a_claim_holds_where_the_cases_have_its_label() -> None:
    assert claims().holds(RIGHT) is True


def test_a_claim_that_the_targets_contradict_does_not_hold() -> None:
    assert claims().holds(WRONG) is False


def among(right: int, others: int) -> Claims:
    """Claims where `right` cases of a cracked hinge are hardware and `others` are not, as one other case in four is."""
    hinges = ["hardware"] * right + ["Other"] * others
    rest = ["hardware" if at % 4 == 0 else "Other" for at in range(200)]
    every = [Case(f"h{at}", {"text": "a cracked hinge"}, target) for at, target in enumerate(hinges)]
    every += [Case(str(at), {"text": f"letter {at}"}, target) for at, target in enumerate(rest)]
    return Claims(Relevance(every), LABELS)


def test_a_claim_holds_where_its_label_is_much_more_frequent_than_elsewhere() -> None:
    assert among(right=5, others=5).holds(RIGHT) is True


def test_a_claim_does_not_hold_where_its_label_is_as_frequent_as_elsewhere() -> None:
    assert among(right=3, others=9).holds(RIGHT) is False


@pytest.mark.parametrize(
    "text",
    [
        "A cracked hinge matters.",
        "A cracked hinge is hardware, not billing.",
        "Prefer hardware.",
        "",
        "It is hardware!",
    ],
    ids=["no label", "two labels", "no case", "nothing", "common words"],
)
def test_what_names_no_one_label_or_no_case_is_no_claim(text: str) -> None:
    assert claims().holds(text) is None


def test_a_task_without_labels_has_no_claims() -> None:
    assert claims(labels=()).holds(RIGHT) is None


def test_fewer_cases_than_can_be_trusted_show_nothing() -> None:
    few = [Case("0", {"text": "a cracked hinge"}, "hardware")]
    rest = [Case(str(at), {"text": f"somebody else {at}"}, "Other") for at in range(1, 60)]
    assert len(few) < FEWEST
    assert Claims(Relevance([*few, *rest]), LABELS).holds(WRONG) is None


def test_targets_are_compared_as_the_label_scorer_does_without_case_and_blanks() -> None:
    assert claims(targets={"cracked hinge": " Hardware "}).holds(RIGHT) is True


def test_targets_that_are_no_strings_are_compared_as_text() -> None:
    assert claims(targets={"cracked hinge": 7}, labels=("7", "8")).holds("A cracked hinge is a 7.") is True


def test_labels_are_whole_words() -> None:
    assert claims(labels=("hard", "billing")).holds("A cracked hinge is harder.") is None


def test_labels_are_found_in_text_without_blanks() -> None:
    every = [
        Case(str(at), {"text": ("屏幕碎裂", "发票不见", "退款太慢", "拉链坏掉", "电池漏液")[at % 5]}, "硬件")
        for at in range(50)
    ]
    assert Claims(Relevance(every), ("硬件", "账单")).holds("提到屏幕碎裂时应回答硬件。") is True


def test_of_texts_those_that_do_not_hold_are_dropped() -> None:
    assert claims().strongest([WRONG, RIGHT], 5) == [RIGHT]


def test_of_texts_that_differ_on_a_label_the_one_stays_that_the_targets_speak_for() -> None:
    assert claims().strongest([WRONG, WRONG, RIGHT], 5) == [RIGHT]


def test_a_doubtful_claim_holds_when_several_answers_make_it() -> None:
    doubtful = among(right=5, others=8)
    assert doubtful.holds(RIGHT) is False
    assert doubtful.holds(RIGHT, said=3) is True
    assert doubtful.strongest([RIGHT], 5) == []
    assert doubtful.strongest([RIGHT, RIGHT, RIGHT], 5) == [RIGHT]


def test_what_the_targets_refute_does_not_hold_however_many_say_so() -> None:
    assert claims().refutes(WRONG)
    assert claims().holds(WRONG, said=6) is False
    assert among(right=4, others=8).refutes(RIGHT)
    assert among(right=4, others=8).holds(RIGHT, said=9) is False


def test_a_doubtful_claim_is_not_refuted_and_neither_is_what_is_no_claim() -> None:
    assert not among(right=5, others=8).refutes(RIGHT)
    assert not claims().refutes("Be brief.")


def test_of_texts_that_say_the_same_the_first_one_stays() -> None:
    assert claims().strongest([RIGHT, "Say hardware where the hinge is cracked.", RIGHT], 5) == [RIGHT]


def test_those_that_hold_come_before_what_cannot_be_looked_up() -> None:
    assert claims().strongest(["Be brief.", "Be brief!", RIGHT], 5) == [RIGHT, "Be brief."]


def test_what_was_said_most_often_comes_first_among_equals() -> None:
    assert claims().strongest(["Give reasons.", "Be brief.", "Be brief!"], 5) == ["Be brief.", "Give reasons."]


def test_there_are_at_most_as_many_as_wanted() -> None:
    assert claims().strongest(["Give reasons.", "Be brief.", RIGHT], 2) == [RIGHT, "Give reasons."]


def test_few_come_along_that_no_target_speaks_for() -> None:
    advice = ["Be brief.", "Give reasons.", "Mind irony.", "Take time.", "Stay calm."]
    assert claims().strongest([*advice, RIGHT], 6) == [RIGHT, *advice[:MOST_UNBACKED]]


def test_of_nothing_comes_nothing() -> None:
    assert claims().strongest([], 3) == []


def test_a_frequent_topic_is_judged_by_a_part_of_its_cases() -> None:
    many = claims(60 * LOOKED_UP)
    assert len(many.relevance.about(RIGHT, LOOKED_UP)) == LOOKED_UP
    assert many.holds(RIGHT) is True
