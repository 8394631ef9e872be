"""The entry gate: of an edit, only those changes come in that mend more train cases than they break.

An optimizer model does what it was told, and now and then something else besides. So an edit is taken apart into hunks,
and each one is tried by itself: on the train cases that share its rare words, for a wrong rule does harm where it
applies and seldom elsewhere; where no hunk of the edit speaks of cases, on the failures that it was written for and on
passes. The parent meets the same cases, so that the comparison is paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, zip_longest

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate
from apo_ci.search.claims import Claims
from apo_ci.search.hunks import Hunk, split
from apo_ci.search.optimizers.composing import composed, with_examples
from apo_ci.search.outcomes import Outcomes

MOST_SPOKEN_OF = 14  # cases for a hunk that speaks of some
FEWEST_SPOKEN_OF = 2
MOST_FAILURES, MOST_PASSES = 12, 4  # for any other
LEAD = 1  # mended over broken cases that a hunk needs to get in, where it speaks of cases
LEAD_AT_LARGE = 2  # where it speaks of none: most such hunks do nothing, but for luck
LEAD_OF_A_REWORDING = 3  # other words for what is said already: the old ones were chosen for doing well


@dataclass(frozen=True, slots=True)
class Applicant:
    """An edit at the gate, its parent, the failures it was written for, and cases that the parent gets right."""

    candidate: Candidate
    parent: Candidate
    written_for: tuple[Case, ...]
    passed: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One hunk of an applicant on trial: the parent with this hunk alone, and what it is tried on.

    `subject` are the cases that it speaks of or was written for, `others` those that it should leave as they are. It
    gets in when it mends at least `lead` cases more than it breaks.
    """

    applicant: Applicant
    hunk: Hunk
    probe: Candidate
    subject: tuple[Case, ...]
    others: tuple[Case, ...]
    lead: int

    @property
    def cases(self) -> tuple[Case, ...]:
        """All that it is tried on."""
        return (*self.subject, *self.others)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a change did: cases that score higher and lower than before, and by how much in all."""

    change: Change
    mended: int
    broken: int
    gain: float

    @property
    def is_in(self) -> bool:
        """Whether it gets in."""
        return self.mended - self.broken >= self.change.lead


class EntryGate:
    """Tries applicants hunk by hunk."""

    def __init__(self, outcomes: Outcomes, claims: Claims):
        self._outcomes = outcomes
        self._claims = claims
        self._relevance = claims.relevance
        self._numbers = count(-1, -1)  # of candidates that are for trials alone
        self._probes: dict[str, Candidate] = {}  # by source: no text is tried twice on a case

    async def judge(self, applicants: Sequence[Applicant], budget: int) -> list[Verdict]:
        """A verdict on each change, for at most `budget` requests; what they do not reach gets none."""
        taken_apart = [list(self._changes(applicant)) for applicant in applicants]
        in_turn = filter(None, chain.from_iterable(zip_longest(*taken_apart)))
        trials = self._affordable(in_turn, budget)
        await self._outcomes.obtain(_jobs(trials))
        return [self._verdict(change) for change in trials]

    def again(self, change: Change, parent: Candidate, prompt: Prompt, round_: int) -> Applicant:
        """A change that was made of another prompt, as an applicant of its own: `prompt` is `parent` with it."""
        made_of = change.applicant
        candidate = Candidate(prompt, next(self._numbers), parent.id, "edit", made_of.candidate.gradient, round_)
        return Applicant(candidate, parent, made_of.written_for, made_of.passed)

    def recall(self, candidate: Candidate) -> None:
        """Let `candidate` have the outcomes of what was tried here with the same text."""
        probe = self._probes.get(candidate.prompt.source, candidate)
        if probe is not candidate:
            self._outcomes.share(probe, candidate)

    def _changes(self, applicant: Applicant) -> list[Change]:
        parent, whole = applicant.parent.prompt, applicant.candidate.prompt
        before, after = parent.bare or parent, whole.bare or whole
        hunks = split(before, after) if applicant.written_for else ()
        subjects = [self._spoken_of(hunk) for hunk in hunks]
        changes = []
        for hunk, subject in zip(hunks, subjects, strict=True):
            if len(hunks) > 1 and (
                self._is_by_the_way(applicant, hunk)
                or self._claims.refutes(hunk.added)
                or (any(subjects) and not subject)  # an edit that is about some cases, and this about none
            ):
                continue
            prompt = whole if len(hunks) == 1 else _with(parent, before, after, hunk)
            if prompt is not None:
                changes.append(self._change(applicant, hunk, prompt, subject, alone=len(hunks) == 1))
        return changes

    def _spoken_of(self, hunk: Hunk) -> tuple[Case, ...]:
        """The train cases that a hunk speaks of; none where there are too few to learn from."""
        cases = self._relevance.about(hunk.added or hunk.removed, MOST_SPOKEN_OF)
        return tuple(cases) if len(cases) >= FEWEST_SPOKEN_OF else ()

    def _change(
        self, applicant: Applicant, hunk: Hunk, prompt: Prompt, subject: tuple[Case, ...], *, alone: bool
    ) -> Change:
        one = applicant.candidate
        fresh = one if alone else Candidate(prompt, next(self._numbers), one.parent, "edit", one.gradient, one.round)
        probe = self._probes.setdefault(prompt.source, fresh)
        if subject:
            lead = min(LEAD_OF_A_REWORDING, len(subject)) if hunk.removed and hunk.added else LEAD
            return Change(applicant, hunk, probe, subject, (), lead)
        failed, passed = applicant.written_for[:MOST_FAILURES], applicant.passed[:MOST_PASSES]
        return Change(applicant, hunk, probe, failed, passed, LEAD if alone else LEAD_AT_LARGE)

    def _is_by_the_way(self, applicant: Applicant, hunk: Hunk) -> bool:
        """Whether a hunk words something anew that the gradient does not speak of: nobody asked for that."""
        asked = self._relevance.rare(applicant.candidate.gradient or "")
        touched = self._relevance.rare(f"{hunk.removed} {hunk.added}")
        return bool(hunk.removed and hunk.added) and not asked & touched

    def _affordable(self, changes: Iterable[Change], budget: int) -> list[Change]:
        trials: list[Change] = []
        for change in changes:
            both = (change.probe, change.applicant.parent)
            price = sum(len(self._outcomes.missing(candidate, change.cases)) for candidate in both)
            if price <= budget:
                trials.append(change)
                budget -= price
        return trials

    def _verdict(self, change: Change) -> Verdict:
        before = _values(self._outcomes.of(change.applicant.parent))
        after = _values(self._outcomes.of(change.probe))
        both = [case.id for case in change.cases if case.id in before and case.id in after]
        mended = sum(after[id_] > before[id_] for id_ in both)
        broken = sum(after[id_] < before[id_] for id_ in both)
        return Verdict(change, mended, broken, sum(after[id_] - before[id_] for id_ in both))


def _with(parent: Prompt, before: Prompt, after: Prompt, hunk: Hunk) -> Prompt | None:
    """`parent` with one hunk of the change from `before` to `after`, both without demonstrations."""
    prompt = composed(before, after, [hunk.number])
    return None if prompt is None else with_examples(prompt, parent)


def _jobs(trials: Sequence[Change]) -> list[tuple[Candidate, list[Case]]]:
    """Each probe and each parent once, with all cases that it has to meet."""
    jobs: dict[int, tuple[Candidate, list[Case]]] = {}
    for change in trials:
        for candidate in (change.probe, change.applicant.parent):
            jobs.setdefault(candidate.id, (candidate, []))[1].extend(change.cases)
    return list(jobs.values())


def _values(outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    return {id_: outcome.score.value for id_, outcome in outcomes.items() if outcome.score is not None}
