"""The parts of one search, put together."""

from __future__ import annotations

from collections.abc import Sequence

from apo_ci.evaluation.evaluate import Evaluation, evaluate
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.model import Purpose
from apo_ci.search.candidate import Candidate
from apo_ci.search.guards import Guards
from apo_ci.search.operators.books import Books
from apo_ci.search.operators.proposers import Proposers
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.plan import sampled
from apo_ci.search.roster import Roster
from apo_ci.search.selection.factory import make_selector
from apo_ci.search.spending import Spending
from apo_ci.search.task import SearchTask

MOST_TRAIN_CASES = 5_000  # that are looked through for demonstrations, failures and copied text


class SearchState:
    """What a search knows. `best` is the anytime answer, `base` the base version where it can be a candidate."""

    def __init__(self, task: SearchTask):
        self.task = task
        self.settings = task.settings
        self.outcomes = Outcomes(self._evaluate, task.evaluations, task.task_model.concurrency)
        self.train = sampled(task.splits.train, MOST_TRAIN_CASES, task.settings.seed, "train cases")
        self.proposers = Proposers(task, self.train)
        sample = self.train or task.splits.dev
        self.spending = Spending(task.ledger, task.settings.calls, lambda: self.asked, task.start, sample)
        self.guards = Guards(task.start, self.train, task.settings.max_prompt_growth)
        self.selector = make_selector(task.settings)
        self.books = Books(self.proposers.priors)
        self.roster = Roster()
        self.start = self.best = self.roster.begin(task.start, "start")
        self.base = self._base_candidate()
        for candidate in self.roster.candidates:
            self.guards.remember(candidate.prompt)

    @property
    def asked(self) -> int:
        """Requests of the search so far, whoever paid for them."""
        return self.outcomes.asked + self.proposers.asked

    @property
    def exhausted(self) -> bool:
        """Whether a request found no budget."""
        return self.outcomes.exhausted or self.proposers.exhausted

    @property
    def typical(self) -> tuple[Prompt, ...]:
        """Prompts as long as those that the search will make."""
        example = self.proposers.demonstrations.example(self.task.start)
        return (self.task.start,) if example is None else (self.task.start, example)

    def _base_candidate(self) -> Candidate | None:
        """The base version, unless it is the start, or takes other inputs than the cases have."""
        base, start = self.task.base, self.task.start
        if base is None or base.source == start.source or base.placeholders != start.placeholders:
            return None
        return self.roster.begin(base, "base")

    async def _evaluate(self, candidate: Candidate, cases: Sequence[Case]) -> Evaluation:
        return await evaluate(
            candidate.prompt,
            cases,
            model=self.task.task_model,
            settings=self.task.task_settings,
            scorer=self.task.scorer,
            purpose=Purpose.SEARCH,
        )
