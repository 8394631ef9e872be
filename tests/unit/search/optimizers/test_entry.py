"""The entry gate lets those changes of an edit in that mend more than they break."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate
from apo_ci.search.optimizers.combination import chosen, combine, three_way
from apo_ci.search.optimizers.entry import (
    LEAD,
    LEAD_OF_A_REWORDING,
    MOST_FAILURES,
    MOST_PASSES,
    MOST_SPOKEN_OF,
)
from tests.unit.search.optimizers.door import (
    BASE,
    HINGE,
    INVOICE,
    PARENT,
    TAIL,
    TRAIN,
    Door,
    applicant,
    candidate,
    mends,
)
from tests.unit.search.worlds import prompt


def test_a_hunk_is_tried_on_the_cases_that_it_speaks_of() -> None:
    (verdict,) = Door(mends("cracked hinge", by=HINGE)).judge(applicant(f"{BASE} {HINGE}"))
    assert {case.inputs["review"] for case in verdict.change.cases} == {"wrote of a cracked hinge"}
    assert len(verdict.change.cases) == MOST_SPOKEN_OF
    assert (verdict.mended, verdict.broken, verdict.is_in) == (MOST_SPOKEN_OF, 0, True)


def test_a_hunk_that_speaks_of_no_case_is_tried_on_failures_and_passes() -> None:
    (verdict,) = Door(mends()).judge(applicant(f"{BASE} Be brief."))
    assert verdict.change.subject == TRAIN[:MOST_FAILURES]
    assert verdict.change.others == TRAIN[12 : 12 + MOST_PASSES]


def test_a_hunk_that_mends_nothing_stays_out() -> None:
    (verdict,) = Door(mends()).judge(applicant(f"{BASE} {HINGE}"))
    assert not verdict.is_in


def test_a_hunk_that_breaks_as_much_as_it_mends_stays_out() -> None:
    score = mends("cracked hinge", by="brief", breaks=("late refund",))
    (verdict,) = Door(score).judge(applicant(f"{BASE} Be brief.", written_for=TRAIN[:2], passed=TRAIN[2:4]))
    assert (verdict.mended, verdict.broken) == (1, 1)
    assert not verdict.is_in


def test_each_hunk_of_an_edit_is_tried_alone() -> None:
    verdicts = Door(mends("cracked hinge", by=HINGE)).judge(applicant(f"{BASE} {HINGE} {INVOICE}"))
    assert {each.change.hunk.added: each.is_in for each in verdicts} == {HINGE: True, INVOICE: False}
    assert {each.change.probe.prompt.body for each in verdicts} == {
        f"{BASE} {HINGE}{TAIL}",
        f"{BASE} {INVOICE}{TAIL}",
    }


def test_the_parent_meets_the_same_cases() -> None:
    door = Door(mends())
    (verdict,) = door.judge(applicant(f"{BASE} {HINGE}"))
    assert door.outcomes.of(PARENT).keys() == {case.id for case in verdict.change.cases}


def test_a_claim_that_the_targets_contradict_is_not_tried_beside_others() -> None:
    wrong = "A late refund means No."
    verdicts = Door(mends()).judge(applicant(f"{BASE} {HINGE} {wrong}"))
    assert [each.change.hunk.added for each in verdicts] == [HINGE]


def test_a_rewording_that_the_gradient_does_not_speak_of_is_not_tried_beside_others() -> None:
    verdicts = Door(mends()).judge(applicant(f"Judge the whole text. Mind irony. {HINGE}"))
    assert [each.change.hunk.added for each in verdicts] == [HINGE]


def test_what_speaks_of_no_case_is_not_tried_beside_what_does() -> None:
    verdicts = Door(mends()).judge(applicant(f"{BASE} {HINGE} Be brief."))
    assert [each.change.hunk.added for each in verdicts] == [HINGE]


def test_where_nothing_speaks_of_cases_every_hunk_is_tried() -> None:
    verdicts = Door(mends()).judge(applicant(f"{BASE} Be brief. Give reasons!"))
    assert [each.change.hunk.added for each in verdicts] == ["Be brief.", "Give reasons!"]


def test_a_rewording_needs_a_clear_lead() -> None:
    said = applicant(f"{BASE} The hinge, when cracked, means Yes.", parent=candidate(f"{BASE} {HINGE}", 0))
    few = [case for case in TRAIN if "hinge" in str(case.inputs["review"])][: LEAD_OF_A_REWORDING - 1]

    def score(body: str, case: Case) -> float:
        return float(case in few and "when cracked" in body)

    (verdict,) = Door(score).judge(said)
    assert verdict.mended == LEAD_OF_A_REWORDING - 1 >= LEAD
    assert not verdict.is_in


def test_a_rewording_that_speaks_of_few_cases_gets_in_when_it_mends_them_all() -> None:
    few = [Case(f"few {at}", {"review": "wrote of a silver spoon"}, "Yes") for at in range(LEAD_OF_A_REWORDING - 1)]
    told = candidate(f"{BASE} A silver spoon means Yes.", 0)
    edit = applicant(f"{BASE} The spoon, when silver, means Yes.", parent=told)
    (verdict,) = Door(lambda body, case: float("when silver" in body), train=[*TRAIN, *few]).judge(edit)
    assert verdict.mended == len(few)
    assert verdict.is_in


def test_an_edit_of_one_hunk_is_tried_whatever_it_says() -> None:
    assert len(Door(mends()).judge(applicant("Judge the whole text. Mind irony."))) == 1


def test_an_edit_that_was_written_for_nothing_is_not_tried() -> None:
    door = Door(mends())
    assert door.judge(applicant(f"{BASE} {HINGE}", written_for=())) == []
    assert door.outcomes.asked == 0


def test_nobody_at_the_gate_is_fine() -> None:
    assert Door(mends()).judge() == []


@given(st.integers(-5, 90), st.sets(st.sampled_from([HINGE, INVOICE, "Be brief.", "Give reasons!"])))
def test_the_gate_never_spends_above_its_budget(budget: int, added: set[str]) -> None:
    door = Door(mends())
    edits = [
        applicant(" ".join((BASE, *sorted(added))), 1),
        applicant(" ".join((BASE, *sorted(added, reverse=True), "Be kind.")), 2),
    ]
    verdicts = door.judge(*edits, budget=budget)
    assert door.outcomes.asked <= max(0, budget)
    assert all(door.outcomes.of(each.change.probe) for each in verdicts)


def test_with_little_budget_every_edit_has_its_first_hunk_tried_before_any_second() -> None:
    first, second = (
        applicant(f"{BASE} {HINGE} {INVOICE}", 1),
        applicant(f"{BASE} Late refund: Yes. Broken zipper: No.", 2),
    )
    verdicts = Door(mends(), labels=()).judge(first, second, budget=4 * MOST_SPOKEN_OF)
    assert [each.change.applicant for each in verdicts] == [first, second]


def test_an_errored_case_counts_neither_for_nor_against() -> None:
    def score(body: str, case: Case) -> float | None:
        return None if HINGE in body else 0.0

    (verdict,) = Door(score).judge(applicant(f"{BASE} {HINGE}"))
    assert (verdict.mended, verdict.broken, verdict.is_in) == (0, 0, False)


def test_graded_scores_are_compared_case_by_case() -> None:
    def score(body: str, case: Case) -> float:
        return 0.6 if HINGE in body else 0.5

    (verdict,) = Door(score).judge(applicant(f"{BASE} {HINGE}"))
    assert verdict.mended == MOST_SPOKEN_OF >= LEAD


def with_examples() -> Candidate:
    shown = PARENT.prompt.with_demonstrations([({"review": "an odd one"}, "No")])
    return Candidate(shown, 0, None, "demonstrations", None, 0)


def test_the_demonstrations_of_the_parent_are_in_every_probe_and_in_what_comes_of_it() -> None:
    parent = with_examples()
    edit = applicant(f"{BASE} {HINGE} {INVOICE}", parent=parent)
    verdicts = Door(mends("cracked hinge", by=HINGE)).judge(edit)
    assert all(each.change.probe.prompt.demonstrations == parent.prompt.demonstrations for each in verdicts)
    combined = combine(parent.prompt, chosen(verdicts))
    assert combined == prompt(f"{BASE} {HINGE}{TAIL}").with_demonstrations(parent.prompt.demonstrations)


def right(body: str, case: Case) -> float:
    """Every rule that names the topic of a case mends it."""
    return float(str(case.inputs["review"]).removeprefix("wrote of a ") in body)


def test_changes_of_several_edits_come_together() -> None:
    verdicts = Door(right).judge(applicant(f"{BASE} {HINGE}", 1), applicant(f"{BASE} {INVOICE}", 2))
    assert combine(PARENT.prompt, chosen(verdicts)).body == f"{BASE} {HINGE} {INVOICE}{TAIL}"


def test_of_two_edits_that_speak_of_the_same_cases_one_gets_in() -> None:
    verdicts = Door(right).judge(
        applicant(f"{BASE} {HINGE}", 1), applicant(f"{BASE} Yes where a cracked hinge is named.", 2)
    )
    assert [each.is_in for each in verdicts] == [True, True]
    assert len(chosen(verdicts)) == 1


def test_of_two_edits_that_reword_the_same_sentence_one_gets_in() -> None:
    first = applicant("Judge the text. Mind irony and the cracked hinge.", 1)
    second = applicant("Judge the text. Mind irony, a missing invoice.", 2)
    verdicts = Door(right).judge(first, second)
    assert [each.is_in for each in verdicts] == [True, True]
    assert len(chosen(verdicts)) == 1


def test_edits_for_different_failures_may_share_the_passes_they_are_tried_on() -> None:
    def score(body: str, case: Case) -> float:
        return float(
            case in TRAIN[50:] or (case == TRAIN[0] and "brief" in body) or (case == TRAIN[1] and "kind" in body)
        )

    verdicts = Door(score).judge(
        applicant(f"{BASE} Be brief.", 1, written_for=TRAIN[:1], passed=TRAIN[50:]),
        applicant(f"{BASE} Be kind.", 2, written_for=TRAIN[1:2], passed=TRAIN[50:]),
    )
    assert combine(PARENT.prompt, chosen(verdicts)).body == f"{BASE} Be brief. Be kind.{TAIL}"


def test_without_any_change_the_parent_stays() -> None:
    assert combine(PARENT.prompt, []) == PARENT.prompt


TWO_PARTS = "{0}\n\nReview: {{{{ review }}}}\n{1}"


def two(first: str, second: str) -> Prompt:
    return prompt(TWO_PARTS.format(first, second))


def test_changes_of_different_parts_come_together() -> None:
    base, first, second = (
        two("Judge it.", "Label now."),
        two("Judge it. Irony!", "Label now."),
        two("Judge it.", "Label. Now."),
    )
    assert three_way(base, first, second) == two("Judge it. Irony!", "Label. Now.")


def test_where_a_part_is_gone_in_one_version_the_first_stays() -> None:
    base, gone, other = two("Judge it.", "Label now."), two("", "Label now."), two("Judge it. Irony!", "Label now.")
    assert three_way(base, gone, other) == gone
