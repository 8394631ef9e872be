"""Changes that got in are offered to later parents that lack them."""

from __future__ import annotations

from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate, Draft
from apo_ci.search.optimizers.entry import Verdict
from apo_ci.search.optimizers.proven import MOST, Proven
from apo_ci.search.roster import Roster
from tests.unit.search.optimizers.door import BASE, HINGE, INVOICE, TAIL, TOPICS, Door, applicant
from tests.unit.search.worlds import prompt

SOCKS = "Purple socks mean Yes."


class Search:
    """A roster with a start, what got in at a gate, and candidates that are made by hand."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.start = self.roster.begin(prompt(BASE + TAIL), "start")
        self.proven = Proven(self.roster)

    def child(self, text: str, parent: Candidate | None = None) -> Candidate:
        return self.roster.enrol(Draft(prompt(text + TAIL), parent or self.start, "edit", None), 1)

    def judge(self, *texts: str) -> list[Verdict]:
        edits = [applicant(text, number, parent=self.start) for number, text in enumerate(texts, 1)]
        return Door(named).judge(*edits)

    def offered(self, parent: Candidate) -> list[str]:
        return [offer.body.removesuffix(TAIL) for _, offer in self.proven.lacking(parent)]


def named(body: str, case: Case) -> float:
    """A case is right where its topic is named; socks never are."""
    topic = str(case.inputs["review"]).removeprefix("wrote of a ")
    return float(topic in body.lower() and "socks" not in topic)


def test_what_got_in_is_offered_to_a_parent_that_came_of_another_change() -> None:
    search = Search()
    search.proven.keep(search.judge(f"{BASE} {HINGE}"))
    assert search.offered(search.child(f"{BASE} {INVOICE}")) == [f"{BASE} {INVOICE} {HINGE}"]


def test_what_stayed_out_is_not_offered() -> None:
    search = Search()
    search.proven.keep(search.judge(f"{BASE} {SOCKS}"))
    assert search.offered(search.child(f"{BASE} {INVOICE}")) == []


def test_what_an_ancestor_was_put_together_of_is_not_offered() -> None:
    search = Search()
    verdicts = search.judge(f"{BASE} {HINGE}")
    search.proven.keep(verdicts)
    taken = search.child(f"{BASE} {HINGE}")
    search.proven.put_in(taken, [each.change for each in verdicts])
    assert search.offered(search.child(f"{BASE} The hinge!", taken)) == []


def test_what_says_the_same_as_a_change_that_is_in_is_not_offered() -> None:
    search = Search()
    first, second = search.judge(f"{BASE} {HINGE}", f"{BASE} Yes where a cracked hinge is named.")
    search.proven.keep([first, second])
    taken = search.child(f"{BASE} {HINGE}")
    search.proven.put_in(taken, [first.change])
    assert search.offered(taken) == []


def test_a_text_that_was_tried_is_not_offered_again() -> None:
    search = Search()
    search.proven.keep(search.judge(f"{BASE} {HINGE}"))
    one = search.child(f"{BASE} {INVOICE}")
    search.child(f"{BASE} {INVOICE} {HINGE}", one)
    assert search.offered(one) == []


def test_the_greatest_gains_are_offered_first_and_not_more_than_a_round_can_try() -> None:
    search = Search()
    texts = [f"{BASE} A {topic} means Yes." for topic in TOPICS if "socks" not in topic]
    verdicts = search.judge(*texts)
    search.proven.keep(verdicts)
    gains = sorted((each.gain for each in verdicts), reverse=True)
    offers = search.proven.lacking(search.child(f"{BASE} Stay calm."))
    assert len(offers) == MOST < len(texts)
    kept = {id(each.change): each.gain for each in verdicts}
    assert [kept[id(change)] for change, _ in offers] == gains[:MOST]
