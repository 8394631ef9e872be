"""An optimizer's contract: where the next round's candidates come from, and what it learns from how they fared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from apo_ci.search.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Round:
    """What a round has: its number, the parents (best first), its requests, and whether to look further afield."""

    number: int
    parents: Sequence[Candidate]
    budget: int
    widened: bool


class Strategy(Protocol):
    """Makes candidates; rounds, selection, confirmation and reports are the same for all optimizers.

    Contract of `grow`: it asks for at most `turn.budget` requests, and returns candidates that are enrolled in the
    roster and ready to meet dev cases, in order of priority. Useless replies of a model give fewer candidates. Raises
    `InfrastructureError` as a model does, and nothing else.
    """

    @property
    def patience(self) -> int | None:
        """How many rounds in a row without a better prompt end the search; `None` for all of `rounds`."""
        ...

    def budget(self, left: int, rounds_left: int, parents: Sequence[Candidate]) -> int:
        """How many of the `left` requests the next of `rounds_left` rounds may use, selection included."""
        ...

    async def grow(self, turn: Round) -> list[Candidate]:
        """The round's new candidates."""
        ...

    def learn(self, turn: Round, arms: Sequence[Candidate]) -> None:
        """Take note of how `arms`, what `grow` returned for `turn`, did on dev."""
        ...
