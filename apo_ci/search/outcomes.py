"""Every outcome that the search has seen. What was asked once is never asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from apo_ci.errors import InputError
from apo_ci.evaluation.evaluate import Evaluation, Outcome
from apo_ci.inputs.datasets import Case
from apo_ci.search.candidate import Candidate

Evaluate = Callable[[Candidate, Sequence[Case]], Awaitable[Evaluation]]


class Outcomes:
    """A memory of first replicates, by candidate and case.

    `asked` counts the cases that were handed to `evaluate`; `exhausted` turns true when an evaluation came
    back incomplete, and nothing more is asked from then on.
    """

    def __init__(self, evaluate: Evaluate, known: Iterable[Evaluation] = (), candidates_at_once: int = 64):
        """`candidates_at_once` keeps requests with one prompt together, so that a model can reuse its beginning."""
        self._evaluate = evaluate
        self._at_once = max(1, candidates_at_once)
        self._known = tuple(known)
        self._seen: dict[int, dict[str, Outcome]] = {}
        self.asked = 0
        self.exhausted = False

    def of(self, candidate: Candidate) -> Mapping[str, Outcome]:
        """The outcomes of `candidate` by case id."""
        return self._outcomes(candidate)

    def missing(self, candidate: Candidate, cases: Iterable[Case]) -> list[Case]:
        """The cases that `candidate` has no outcome for, each once."""
        seen = self._outcomes(candidate)
        return list({case.id: case for case in cases if case.id not in seen}.values())

    async def obtain(self, jobs: Sequence[tuple[Candidate, Sequence[Case]]]) -> None:
        """Ask for what is missing, all jobs at once.

        A prompt that cannot be rendered (`InputError`) gets no outcomes. Raises `InfrastructureError` as `evaluate`
        does, after the other jobs have ended.
        """
        wanted = {candidate.id: (candidate, self.missing(candidate, cases)) for candidate, cases in jobs}
        open_jobs = [job for job in wanted.values() if job[1]]
        if self.exhausted or not open_jobs:
            return
        self.asked += sum(len(cases) for _, cases in open_jobs)
        turnstile = asyncio.Semaphore(self._at_once)

        async def in_turn(candidate: Candidate, cases: Sequence[Case]) -> Evaluation:
            async with turnstile:
                return await self._evaluate(candidate, cases)

        evaluations = await asyncio.gather(*(in_turn(*job) for job in open_jobs), return_exceptions=True)
        for (candidate, _), evaluation in zip(open_jobs, evaluations, strict=True):
            if isinstance(evaluation, InputError):
                continue
            if isinstance(evaluation, BaseException):
                raise evaluation
            self._remember(self._outcomes(candidate), evaluation)
            self.exhausted = self.exhausted or not evaluation.complete

    def share(self, candidate: Candidate, other: Candidate) -> None:
        """What is known of `candidate`, and what will be, holds for `other` too, which has the same text."""
        self._seen[other.id] = self._outcomes(candidate)

    def reopen(self) -> None:
        """Ask again, now that what was set aside for others is free."""
        self.exhausted = False

    def _outcomes(self, candidate: Candidate) -> dict[str, Outcome]:
        if candidate.id not in self._seen:
            self._seen[candidate.id] = {}
            for evaluation in self._known:
                if evaluation.prompt.source == candidate.prompt.source:
                    self._remember(self._seen[candidate.id], evaluation)
        return self._seen[candidate.id]

    @staticmethod
    def _remember(seen: dict[str, Outcome], evaluation: Evaluation) -> None:
        for outcome in evaluation.outcomes:
            if outcome.replicate == 0:
                seen.setdefault(outcome.case.id, outcome)
