"""Several searches on one budget.

Each search first gets an equal share: its confirmation is set aside from it, its start meets the dev cases, and its
first round is as large as that share allows for. This is its floor. What is left then goes round by round to the search
that is likeliest to gain (`allocation`), each time at most half of it while others wait. A search that ends is
confirmed at once, and leaves the others what it does not need; one that has run out of budget waits for that, too.

Floors and confirmations of several searches run at the same time, each within caps of its own; later rounds come one
after the other, for each is chosen by what the one before has shown. Decisions are taken when nothing is in flight, so
that the order in which replies arrive changes nothing. Searches that share requests (one prompt, several eval sets) and
models with a single slot are never run at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from apo_ci.config import Budget
from apo_ci.errors import InfrastructureError
from apo_ci.lm.amounts import Remaining, dollars, picodollars
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from apo_ci.search.allocation import Prospect, Turn, likeliest, promise
from apo_ci.search.loop import Search
from apo_ci.search.plan import round_budget
from apo_ci.search.result import Progress, RoundReport, SearchResult
from apo_ci.search.spending import ENOUGH_CALLS
from apo_ci.search.task import SearchTask

WAITING = frozenset({"budget: calls", "budget: tokens", "budget: usd"})  # ends that another search's leavings undo

Outcome = SearchResult | InfrastructureError


async def optimize_all(
    tasks: Sequence[SearchTask], ledger: Ledger, progress: Sequence[Progress | None] = ()
) -> list[Outcome]:
    """Search for better versions of several prompts with what `ledger` has left; outcomes are in the order of `tasks`.

    Each task has a ledger of its own below `ledger`, whose caps are set here. `tasks` come in the order of urgency:
    where the budget does not suffice for all, the last ones go without. A search whose model fails does not stop the
    others, its error is its outcome.
    """
    return await _Searches(tasks, ledger, progress).run()


class _Entry:
    """One of the searches, its rounds so far, and in the end what came of it."""

    def __init__(self, task: SearchTask, progress: Progress | None):
        self.task = task
        self.turns: list[Turn] = []
        self.outcome: Outcome | None = None
        self._progress = progress
        self.search: Search

    def open(self, grant: Budget) -> None:
        """Plan the search with `grant`."""
        self.task.ledger.allot(grant)
        self.search = Search(self.task, self._progress)

    @property
    def prospect(self) -> Prospect:
        return Prospect(tuple(self.turns), _begun(self.search).best_score)

    async def begin(self) -> None:
        await self.search.begin()

    async def turn(self) -> None:
        """A round with all that it may have; none where that is too little for one."""
        await self._turn(halved=False)

    async def half_turn(self) -> None:
        """A round with half of what it may have."""
        await self._turn(halved=True)

    async def _turn(self, *, halved: bool) -> None:
        if self.search.reason_to_stop is not None:
            return
        left, asked, gain = _begun(self.search).calls_left, self.search.asked, self.search.credible_gain
        await self.search.next_round(round_budget(left, 2) if halved and left is not None else None)
        self.turns.append(Turn(self.search.asked - asked, self.search.credible_gain - gain))

    async def conclude(self) -> None:
        self.outcome = await self.search.conclude()
        self.search.close()


Step = Callable[[_Entry], Awaitable[None]]


class _Searches:
    """The searches and the budget that they share."""

    def __init__(self, tasks: Sequence[SearchTask], ledger: Ledger, progress: Sequence[Progress | None]):
        self._ledger = ledger
        self._entries = [_Entry(task, tell) for task, tell in zip(tasks, progress or [None] * len(tasks), strict=True)]
        self._at_once = all(task.task_model.concurrency > 1 for task in tasks)

    async def run(self) -> list[Outcome]:
        self._plan()
        try:
            await self._wave(self._open, _Entry.begin)
            ready = await self._ready()
            await self._wave(ready, _step(ready))
            while ready := await self._ready():
                await self._wave(self._chosen(ready), _step(ready))
        finally:
            for entry in self._entries:
                entry.search.close()
        return [entry.outcome for entry in self._entries if entry.outcome is not None]

    @property
    def _open(self) -> list[_Entry]:
        return [entry for entry in self._entries if entry.outcome is None]

    def _plan(self) -> None:
        """Give every search an equal share to plan with; where that is too little, the last ones make room."""
        planned = list(self._entries)
        while planned:
            grant = _part(self._ledger.remaining(Purpose.SEARCH), len(planned), seconds=self._seconds(len(planned)))
            for entry in planned:
                entry.open(grant)
            refused = [entry for entry in planned if entry.search.is_refused]
            if not refused:
                return
            for entry in planned:
                entry.search.close()
            planned = [entry for entry in planned if entry not in refused[len(refused) // 2 :]]

    async def _ready(self) -> list[_Entry]:
        """The searches that can have another round; those that have come to their end are concluded."""
        while waiting := self._open:
            self._lift(waiting)
            reasons = {entry: entry.search.reason_to_stop for entry in waiting}
            ready = [entry for entry in waiting if reasons[entry] is None]
            ended = [entry for entry in waiting if reasons[entry] not in (None, *WAITING)]
            if ready and not ended:
                return ready
            await self._wave(ended or self._giving_up(waiting), _Entry.conclude)
        return []

    @staticmethod
    def _giving_up(waiting: Sequence[_Entry]) -> Sequence[_Entry]:
        """Of searches that all lack budget: one that has nothing to confirm, so that the others can go on, or all."""
        idle = [entry for entry in waiting if not entry.search.found]
        if not idle:
            return waiting
        return [min(idle, key=lambda entry: promise(entry.prospect, len(entry.turns)))]

    def _chosen(self, ready: Sequence[_Entry]) -> Sequence[_Entry]:
        """Who has the next round; everyone where there is no budget to be shared."""
        left = self._ledger.remaining(Purpose.SEARCH)
        if all(cap is None for cap in (left.calls, left.tokens, left.usd, left.seconds)):
            return ready
        return [ready[likeliest([entry.prospect for entry in ready])]]

    def _lift(self, entries: Sequence[_Entry]) -> None:
        """Let each of `entries` see all that is left, to be asked whether it could go on with it."""
        left = self._ledger.remaining(Purpose.SEARCH)
        for entry in entries:
            entry.task.ledger.allot(_part(left, 1, seconds=self._seconds(1, entry)))

    async def _wave(self, entries: Sequence[_Entry], step: Step) -> None:
        """Let each of `entries` take `step` with an equal share of what is left."""
        left = self._ledger.remaining(Purpose.SEARCH)
        lanes = self._lanes(entries)
        await asyncio.gather(*(self._in_turn(lane, step, left, len(entries)) for lane in lanes))

    def _lanes(self, entries: Sequence[_Entry]) -> list[list[_Entry]]:
        """Those that must not run at the same time, together."""
        lanes: dict[str, list[_Entry]] = {}
        for entry in entries:
            lanes.setdefault(entry.task.start.source if self._at_once else "", []).append(entry)
        return list(lanes.values())

    async def _in_turn(self, lane: Sequence[_Entry], step: Step, left: Remaining, parts: int) -> None:
        for position, entry in enumerate(lane):
            seconds = self._seconds(len(lane) - position, entry)
            entry.task.ledger.allot(_part(left, parts, seconds=seconds))
            try:
                await step(entry)
            except InfrastructureError as error:
                entry.outcome = error
                entry.search.close()

    def _seconds(self, parts: int, entry: _Entry | None = None) -> float | None:
        """An equal part of the time that the confirmations of others than `entry` leave."""
        left = self._ledger.seconds_left()
        if left is None:
            return None
        calls = self._ledger.total.calls
        pace = self._ledger.seconds / calls if calls >= ENOUGH_CALLS else 0.0
        own = 0 if entry is None else entry.task.ledger.set_aside.calls
        return max(0.0, left - pace * (self._ledger.set_aside.calls - own)) / parts


def _step(ready: Sequence[_Entry]) -> Step:
    """A round for whom all that is left may be used, or which leaves half of it, if there are others to use it."""
    return _Entry.turn if len(ready) == 1 else _Entry.half_turn


def _part(left: Remaining, parts: int, *, seconds: float | None) -> Budget:
    """One of `parts` equal shares of `left`, rounded down."""
    return Budget(
        calls=None if left.calls is None else left.calls // parts,
        tokens=None if left.tokens is None else left.tokens // parts,
        usd=None if left.usd is None else dollars(picodollars(left.usd) // parts),
        seconds=seconds,
    )


def _begun(search: Search) -> RoundReport:
    standing = search.standing
    assert standing is not None, "a refused search has no rounds"
    return standing
