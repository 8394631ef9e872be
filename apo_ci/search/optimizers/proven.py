"""Changes that got in at the entry gate, kept for parents that lack them.

A candidate with several good changes may lose to one with other good changes, on the few dev cases that selection can
afford. What each change mended on train stays true. So it is put into the best parent of later rounds, and tried there
by the gate again, without a request to the optimizer model.
"""

from __future__ import annotations

from collections.abc import Iterable

from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate
from apo_ci.search.optimizers.combination import says_the_same, three_way
from apo_ci.search.optimizers.composing import with_examples
from apo_ci.search.optimizers.entry import Change, Verdict
from apo_ci.search.roster import Roster

MOST = 3  # changes that are offered to one parent in a round


class Proven:
    """The changes of a search that got in, those with the greatest gain first."""

    def __init__(self, roster: Roster):
        self._roster = roster
        self._verdicts: list[Verdict] = []
        self._within: dict[int, list[Change]] = {}  # by candidate: the changes of which it was put together

    def keep(self, verdicts: Iterable[Verdict]) -> None:
        """Remember those that got in."""
        self._verdicts += [verdict for verdict in verdicts if verdict.is_in]
        self._verdicts.sort(key=lambda verdict: -verdict.gain)

    def put_in(self, candidate: Candidate, changes: Iterable[Change]) -> None:
        """Remember of what a candidate was put together."""
        self._within.setdefault(candidate.id, []).extend(changes)

    def lacking(self, parent: Candidate) -> list[tuple[Change, Prompt]]:
        """Changes about other cases than those that `parent` or its ancestors took in, and `parent` with each."""
        there = [change for one in self._roster.lineage(parent) for change in self._within.get(one.id, ())]
        tried = {one.prompt.source for one in self._roster.candidates}
        found: list[tuple[Change, Prompt]] = []
        for change in (verdict.change for verdict in self._verdicts):
            known = [*there, *(other for other, _ in found)]
            if len(found) == MOST or change in known or any(says_the_same(change, other) for other in known):
                continue
            prompt = _with(parent.prompt, change)
            if prompt is not None and prompt.source not in tried:
                found.append((change, prompt))
        return found


def _with(prompt: Prompt, change: Change) -> Prompt | None:
    """`prompt` with one change that was made of another."""
    before, after, bare = (one.bare or one for one in (change.applicant.parent.prompt, change.probe.prompt, prompt))
    return with_examples(three_way(before, bare, after), prompt)
