"""An entry gate with a task model behind it whose answers are known, and edits to bring to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.evaluation.score import Score
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate
from apo_ci.search.claims import Claims
from apo_ci.search.optimizers.entry import Applicant, EntryGate, Verdict
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.relevance import Relevance
from tests.unit.search.worlds import prompt

TOPICS = ("cracked hinge", "missing invoice", "purple socks", "late refund", "broken zipper", "frozen screen")
TRAIN = tuple(Case(str(at), {"review": f"wrote of a {TOPICS[at % 6]}"}, "Yes") for at in range(120))
BASE = "Judge the text. Mind irony."
TAIL = "\n\nReview: {{ review }}\nLabel:"
HINGE, INVOICE = "A cracked hinge means Yes.", "A missing invoice means Yes."
Answers = Callable[[str, Case], float | None]


def candidate(text: str, number: int, gradient: str = "It is silent on a cracked hinge.") -> Candidate:
    return Candidate(prompt(text + TAIL), number, 0, "edit" if number else "start", gradient if number else None, 1)


PARENT = candidate(BASE, 0)


class Door:
    """A gate, and the task model behind it: `score(prompt's body, case)`; `None` is an error."""

    def __init__(self, score: Answers, labels: Sequence[str] = ("Yes", "No"), train: Sequence[Case] = TRAIN):
        self._score = score
        self.outcomes = Outcomes(self._evaluate)
        self.gate = EntryGate(self.outcomes, Claims(Relevance(train), labels))

    async def _evaluate(self, one: Candidate, wanted: Sequence[Case]) -> Evaluation:
        values = [(case, self._score(one.prompt.body, case)) for case in wanted]
        return Evaluation(
            one.prompt,
            tuple(
                Outcome(case, 0, None, None, "lost") if value is None else Outcome(case, 0, "", Score(value, ""))
                for case, value in values
            ),
        )

    def judge(self, *edits: Applicant, budget: int = 1000) -> list[Verdict]:
        return asyncio.run(self.gate.judge(edits, budget))


def applicant(text: str, number: int = 1, *, parent: Candidate = PARENT, **more: object) -> Applicant:
    one = candidate(text, number)
    if parent.prompt.demonstrations:
        shown = one.prompt.with_demonstrations(parent.prompt.demonstrations)
        one = Candidate(shown, number, 0, "edit", one.gradient, 1)
    chosen_cases = {"written_for": TRAIN[:12], "passed": TRAIN[12:24], **more}
    return Applicant(one, parent, **chosen_cases)  # type: ignore[arg-type]


def mends(*topics: str, by: str = "", breaks: Collection[str] = ()) -> Answers:
    """With `by` in the prompt the cases of `topics` come right, and those of `breaks` go wrong."""

    def score(body: str, case: Case) -> float:
        topic = str(case.inputs["review"]).removeprefix("wrote of a ")
        if by in body and topic in breaks:
            return 0.0
        return float(topic not in topics or by in body)

    return score
