"""All candidates of a search by number, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

from apo_ci.evaluation.evaluate import Outcome
from apo_ci.inputs.prompts import Prompt
from apo_ci.search.candidate import Candidate, Draft, Operator, Tried
from apo_ci.search.outcomes import Outcomes
from apo_ci.search.pulls import Pulls
from apo_ci.search.result import Trial
from apo_ci.search.writing.wording import one_line

REFUSED = "refused: "  # begins the fate of who was kept out before it was tried


class Roster:
    """Numbers candidates in the order in which they are made, and keeps their latest fate."""

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        self._fates: dict[int, str] = {}

    def begin(self, prompt: Prompt, operator: Operator) -> Candidate:
        """A candidate that was there before the first round."""
        return self._add(Candidate(prompt, len(self.candidates), None, operator, None, 0))

    def enrol(self, draft: Draft, round_: int) -> Candidate:
        """A draft as a candidate."""
        number, parent = len(self.candidates), draft.parent.id
        other = None if draft.partner is None else draft.partner.id
        return self._add(
            Candidate(draft.prompt, number, parent, draft.operator, draft.gradient, round_, draft.note, other)
        )

    def note(self, fates: Mapping[int, str]) -> None:
        """Record what became of candidates, by id."""
        self._fates.update(fates)

    def refuse(self, candidate: Candidate, reason: str) -> None:
        """Record that the guards kept a candidate out."""
        self.note({candidate.id: f"{REFUSED}{reason}"})

    def refusals(self) -> Mapping[str, int]:
        """How many candidates were refused before they were tried, by reason."""
        reasons = (fate.removeprefix(REFUSED) for fate in self._fates.values() if fate.startswith(REFUSED))
        return Counter(reasons)

    @property
    def admitted(self) -> int:
        """How many candidates that the search made were not refused."""
        made = sum(candidate.round > 0 for candidate in self.candidates)
        return made - sum(self.refusals().values())

    def parent_of(self, candidate: Candidate) -> Candidate | None:
        """What `candidate` was made from."""
        return None if candidate.parent is None else self.candidates[candidate.parent]

    def lineage(self, candidate: Candidate) -> tuple[Candidate, ...]:
        """From the first ancestor down to `candidate`."""
        line = [candidate]
        while (parent := self.parent_of(line[-1])) is not None:
            line.append(parent)
        return tuple(reversed(line))

    def tried(self, outcomes: Outcomes, most: int) -> list[Tried]:
        """The latest rewritings that met cases, with their scores and their parents' on the cases that both met."""
        found: list[Tried] = []
        for candidate in reversed(self.candidates):
            parent = self.parent_of(candidate)
            if parent is None or candidate.operator == "demonstrations" or len(found) == most:
                continue
            text = _fresh_text(candidate.prompt, parent.prompt)
            after, before = _values(outcomes.of(candidate)), _values(outcomes.of(parent))
            both = after.keys() & before.keys()
            if text and both:
                found.append(Tried(text, fmean(after[id_] for id_ in both), fmean(before[id_] for id_ in both)))
        return found

    def trials(self, pulls: Pulls | None, winner: Candidate) -> tuple[Trial, ...]:
        """Every candidate with its dev score and fate."""
        return tuple(self._trial(candidate, pulls, winner) for candidate in self.candidates)

    def _trial(self, candidate: Candidate, pulls: Pulls | None, winner: Candidate) -> Trial:
        number = 0 if pulls is None else pulls.count(candidate)
        score = pulls.estimate(candidate) if pulls is not None and number else None
        fate = "winner" if candidate is winner else self._fates.get(candidate.id, "kept")
        fate = "start" if candidate.operator == "start" and candidate is not winner else fate
        return Trial(candidate, number, score, fate)

    def _add(self, candidate: Candidate) -> Candidate:
        self.candidates.append(candidate)
        return candidate


def _fresh_text(prompt: Prompt, parent: Prompt) -> str:
    """The parts of `prompt` that its parent does not have."""
    before = {part.text for part in parent.parts}
    fresh: Sequence[str] = [one_line(part.text) for part in prompt.parts if part.text not in before]
    return "\n".join(fresh)


def _values(outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    return {id_: outcome.score.value for id_, outcome in outcomes.items() if outcome.score is not None}
