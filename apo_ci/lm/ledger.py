"""What was reserved and what was spent. No reservation, no request: overshoot is zero by construction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from apo_ci.config import Budget
from apo_ci.errors import BudgetExhaustedError
from apo_ci.lm.amounts import NO_FUNDS, Account, Amount, Charge, Funds, Line, Remaining, caps_of, dollars, least
from apo_ci.lm.model import Purpose

__all__ = ["Account", "Amount", "Charge", "Ledger", "Remaining", "Reservation"]

_CAPS = ("calls", "tokens", "usd")
# Whose requests: the identity of the child ledger that they came through, or 0 for the ledger's own; and what for.
_Key = tuple[int, Purpose]


@dataclass(slots=True, eq=False)
class Reservation:
    """A worst case that has been set aside for one attempt; to be settled once."""

    worst: Amount
    purpose: Purpose
    open: bool = True


@dataclass(eq=False)
class Ledger:
    """Reserves before a request leaves and settles after its reply; belongs to one event loop.

    `clock` is in seconds, and the budget's time starts at once. `on_settled` is called with this ledger after
    each payment, for a live display; `on_begin` once, when the first request of this process is about to leave (what
    it raises keeps the request back, and the next one asks again). A `child` has caps of its own, and draws on its
    parent's too.
    """

    budget: Budget
    clock: Callable[[], float] = time.monotonic
    on_settled: Callable[[Ledger], None] | None = None
    on_begin: Callable[[], None] | None = None
    parent: Ledger | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._caps = caps_of(self.budget)
        self._started = self.clock()
        self._lines: dict[_Key, Line] = {}
        self._spent = self._reserved = NO_FUNDS
        self._carried: dict[Purpose, Funds] = {}
        self._accounts = dict.fromkeys(Purpose, Account())
        self._paid = Charge()
        self._begun = False
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def accounts(self) -> Mapping[Purpose, Account]:
        """What each purpose cost."""
        return dict(self._accounts)

    @property
    def total(self) -> Account:
        """All accounts together."""
        total = Account()
        for account in self._accounts.values():
            charge = Charge(account.calls, account.prompt_tokens, account.completion_tokens, account.usd)
            total = total.plus(charge, account.cache_hits)
        return total

    @property
    def paid(self) -> Charge:
        """What this process paid itself: `total` less what an interrupted process of the same run had paid before."""
        return self._root()._paid

    @property
    def seconds(self) -> float:
        """Seconds since this ledger was opened."""
        return self.clock() - self._started

    @property
    def bounds_tokens(self) -> bool:
        """Whether a cap depends on how long a reply may be."""
        return any(ledger._caps[1:] != (None, None) for ledger, _ in self._chain(Purpose.HEAD))

    @property
    def bounds_dollars(self) -> bool:
        """Whether a cap depends on prices."""
        return any(ledger._caps[2] is not None for ledger, _ in self._chain(Purpose.HEAD))

    def seconds_left(self) -> float | None:
        """Seconds until the nearest deadline, not below 0; `None` when there is none."""
        deadlines = [
            max(0.0, ledger.budget.seconds - ledger.seconds)
            for ledger, _ in self._chain(Purpose.HEAD)
            if ledger.budget.seconds is not None
        ]
        return min(deadlines, default=None)

    def remaining(self, purpose: Purpose) -> Remaining:
        """What `purpose` may still reserve, less what is set aside for others."""
        left = [ledger._available(key, for_new=False) for ledger, key in self._chain(purpose)]
        calls, tokens, usd = (least(parts) for parts in zip(*left, strict=True))
        return Remaining(calls, tokens, None if usd is None else dollars(usd), self.seconds_left())

    async def reserve(self, worst: Amount, purpose: Purpose) -> Reservation:
        """Set `worst` aside for one attempt.

        Where it does not fit only because of reservations that are still open, this waits for them to settle.
        Raises `BudgetExhaustedError` when it cannot fit, or when the time is up.
        """
        funds = worst.funds
        while True:
            if self.seconds_left() == 0:
                raise self.out_of_time()
            blocked = self._blocking(funds, purpose)
            if blocked is None:
                break
            ledger, cap = blocked
            limit = ledger._caps[cap]
            if not ledger._reserved[cap] or (limit is not None and ledger._spent[cap] + funds[cap] > limit):
                raise ledger._exhausted(_CAPS[cap])
            await self._settlement()
        self._root()._begin()
        self._commit(funds, purpose)
        return Reservation(worst, purpose)

    def settle(self, reservation: Reservation, charge: Charge) -> None:
        """Replace a reservation by what its attempt cost, whether it succeeded or failed."""
        if not reservation.open:
            raise ValueError("a reservation is settled once")
        reservation.open = False
        self._commit(NO_FUNDS.minus(reservation.worst.funds), reservation.purpose)
        root = self._root()
        root._paid = root._paid + charge
        self._spend(charge, reservation.purpose)

    def hit(self, purpose: Purpose) -> None:
        """Count a reply that the cache gave for nothing."""
        for ledger, _ in self._chain(purpose):
            ledger._accounts[purpose] = ledger._accounts[purpose].plus(Charge(), cache_hits=1)

    def carry(self, charge: Charge, purpose: Purpose) -> None:
        """Note what an earlier, interrupted process of this run has paid: new requests leave room for it.

        `remaining` does not count it, so that a resumed run plans as the uninterrupted one would have.
        """
        carried = self._root()._carried
        carried[purpose] = carried.get(purpose, NO_FUNDS).plus(charge.funds)

    def recharge(self, charge: Charge, purpose: Purpose) -> None:
        """Spend what `carry` noted, now that the run has come to the request that it paid for."""
        carried = self._root()._carried
        carried[purpose] = carried.get(purpose, NO_FUNDS).minus(charge.funds).floor(NO_FUNDS)
        self._spend(charge, purpose)

    def child(self, budget: Budget) -> Ledger:
        """A ledger with caps of its own that draws on this one too, such as one prompt's share of a run."""
        return Ledger(budget, self.clock, parent=self)

    def allot(self, grant: Budget) -> None:
        """Replace the caps by new ones that leave exactly `grant`, besides what is spent and what is set aside.

        Its seconds count from now. Reservations that are open count as spent.
        """
        taken = self._spent.plus(self._reserved).plus(self._outstanding())
        caps = [None if part is None else part + used for part, used in zip(caps_of(grant), taken, strict=True)]
        self.budget = Budget(
            calls=caps[0],
            tokens=caps[1],
            usd=None if caps[2] is None else dollars(caps[2]),
            seconds=None if grant.seconds is None else self.seconds + grant.seconds,
        )
        self._caps = (caps[0], caps[1], caps[2])
        self._wake()

    @property
    def set_aside(self) -> Amount:
        """What all earmarks together still keep for their purposes."""
        calls, tokens, pico = self._outstanding()
        return Amount(calls, tokens, dollars(pico))

    def earmark(self, purpose: Purpose, amount: Amount) -> None:
        """Set `amount` aside for `purpose` alone, in place of an earlier earmark.

        Raises `BudgetExhaustedError` when that much is not there; then there is no earmark.
        """
        self.release_earmark(purpose)
        # A plan, like `remaining`: a resumed run sets aside what the uninterrupted one did.
        blocked = self._blocking(amount.funds, purpose, for_new=False)
        if blocked is not None:
            raise blocked[0]._exhausted(_CAPS[blocked[1]])
        for ledger, key in self._chain(purpose):
            line = ledger._line(key)
            line.earmark, line.baseline = amount.funds, line.committed

    def release_earmark(self, purpose: Purpose) -> None:
        """Give back what is left of an earmark."""
        for ledger, key in self._chain(purpose):
            ledger._line(key).earmark = NO_FUNDS
        self._wake()

    def out_of_time(self) -> BudgetExhaustedError:
        """The error for a request that the deadline has overtaken."""
        for ledger, _ in self._chain(Purpose.HEAD):
            if ledger.budget.seconds is not None and ledger.seconds >= ledger.budget.seconds:
                return ledger._exhausted("seconds")
        return BudgetExhaustedError("the time left is shorter than the wait for another request", cap="seconds")

    def _chain(self, purpose: Purpose) -> Iterator[tuple[Ledger, _Key]]:
        """This ledger and those above it, each with the key under which it keeps `purpose`."""
        ledger, owner = self, 0
        while True:
            yield ledger, (owner, purpose)
            if ledger.parent is None:
                return
            ledger, owner = ledger.parent, id(ledger)

    def _begin(self) -> None:
        if not self._begun:
            if self.on_begin is not None:
                self.on_begin()
            self._begun = True

    def _root(self) -> Ledger:
        return self if self.parent is None else self.parent._root()

    def _line(self, key: _Key) -> Line:
        return self._lines.setdefault(key, Line())

    def _outstanding(self) -> Funds:
        total = NO_FUNDS
        for line in self._lines.values():
            total = total.plus(line.outstanding)
        return total

    def _available(self, key: _Key, *, for_new: bool) -> tuple[int | None, ...]:
        """What `key` may still commit under each cap; a new request also leaves room for what was carried."""
        set_aside: dict[Purpose, Funds] = {}
        for other, line in self._lines.items():
            if other != key and line.earmark != NO_FUNDS:
                set_aside[other[1]] = set_aside.get(other[1], NO_FUNDS).plus(line.outstanding)
        for purpose, carried in self._carried.items() if for_new else ():
            set_aside[purpose] = set_aside.get(purpose, NO_FUNDS).floor(carried)
        taken = self._spent.plus(self._reserved)
        for funds in set_aside.values():
            taken = taken.plus(funds)
        return tuple(None if cap is None else cap - used for cap, used in zip(self._caps, taken, strict=True))

    def _blocking(self, funds: Funds, purpose: Purpose, *, for_new: bool = True) -> tuple[Ledger, int] | None:
        """The first ledger and cap that have no room for `funds`."""
        for ledger, key in self._chain(purpose):
            for cap, left in enumerate(ledger._available(key, for_new=for_new)):
                if left is not None and funds[cap] > left:
                    return ledger, cap
        return None

    def _commit(self, funds: Funds, purpose: Purpose) -> None:
        for ledger, key in self._chain(purpose):
            line = ledger._line(key)
            line.committed = line.committed.plus(funds)
            ledger._reserved = ledger._reserved.plus(funds)

    def _spend(self, charge: Charge, purpose: Purpose) -> None:
        for ledger, key in self._chain(purpose):
            line = ledger._line(key)
            line.committed = line.committed.plus(charge.funds)
            ledger._spent = ledger._spent.plus(charge.funds)
            ledger._accounts[purpose] = ledger._accounts[purpose].plus(charge)
            if ledger.on_settled is not None:
                ledger.on_settled(ledger)
        self._wake()

    async def _settlement(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._root()._waiting.append(future)
        await asyncio.wait({future}, timeout=self.seconds_left())

    def _wake(self) -> None:
        root = self._root()
        waiting, root._waiting = root._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _exhausted(self, cap: str) -> BudgetExhaustedError:
        total = self.total
        spent = {"calls": total.calls, "tokens": total.tokens, "usd": total.usd, "seconds": self.seconds}[cap]
        unit = "dollars" if cap == "usd" else cap
        limit = getattr(self.budget, cap)
        return BudgetExhaustedError(f"no room for another request: {spent:,.6g} of {limit:,} {unit} spent", cap=cap)
