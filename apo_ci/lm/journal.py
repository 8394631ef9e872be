"""What one run has paid for: its checkpoint, so that a killed run resumes and pays for nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

from apo_ci.lm.ledger import Charge, Ledger
from apo_ci.lm.model import Purpose


@dataclass(frozen=True, slots=True)
class Payment:
    """The cost of one reply, and what it was for."""

    purpose: Purpose
    charge: Charge


class Journal:
    """The payments of earlier processes of a run, to be claimed one by one as this process comes to their requests.

    A claimed payment goes to the ledger as if it were made now, so that a resumed run takes the same path, and ends
    with the same ledger, as one that was never interrupted.
    """

    def __init__(self, run: str, payments: dict[str, Payment]) -> None:
        """`payments` by cache key."""
        self.run = run
        self._unclaimed = payments
        self._resumed = False

    def resume(self, ledger: Ledger) -> None:
        """Make the ledger leave room for what has been paid already. Once per process, whichever model comes first."""
        if not self._resumed:
            self._resumed = True
            for payment in self._unclaimed.values():
                ledger.carry(payment.charge, payment.purpose)

    def claim(self, key: str) -> Payment | None:
        """The payment for `key` on the first use of the key in this process, if the run has paid for it before."""
        return self._unclaimed.pop(key, None)
