"""One circuit for an endpoint: when it is dead, or refuses everything, every request fails at once."""

from __future__ import annotations

import time
from collections.abc import Callable

from apo_ci.errors import ApoError, EndpointError
from apo_ci.lm.failures import AttemptFailedError, Failure

_SILENCE_SECONDS = 10.0  # of failures only, before the endpoint counts as dead
_SUSPECTS = 3  # different requests that must have failed, so that one bad request is not taken for a dead endpoint
_LONGEST_WAIT = 120.0  # seconds that an endpoint may ask for
_TROUBLE = (Failure.UNSENT, Failure.BROKEN)


class Circuit:
    """Opens when nothing but failures came for ten seconds, or at once when no request can succeed."""

    def __init__(self, provider: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.alive = False
        self._provider = provider
        self._clock = clock
        self._opened: ApoError | None = None
        self._since: float | None = None
        self._failures = 0
        self._failed: set[int] = set()

    def check(self) -> None:
        """Raise what opened the circuit, if anything did."""
        if self._opened is not None:
            raise self._opened

    def answered(self) -> None:
        """A sign of life."""
        self.alive = True
        self._since = None
        self._failures = 0
        self._failed.clear()

    def failed(self, failed: AttemptFailedError, sent: float, request: int) -> None:
        """Count a failed attempt that left at `sent` for the request of identity `request`; may open the circuit."""
        if failed.failure is Failure.FATAL:
            self._open(failed.final)
        if failed.retry_after is not None and failed.retry_after > _LONGEST_WAIT:
            cure = "Run again later, with a lower concurrency or requests_per_minute, or on another plan."
            self._open(EndpointError(f"the endpoint asks to wait for {failed.retry_after:,.0f} s", cure=cure))
        if failed.failure not in _TROUBLE:
            self.answered()
            return
        self._since = sent if self._since is None else min(self._since, sent)
        self._failures += 1
        self._failed.add(request)
        suspicious = (
            failed.failure is Failure.UNSENT
            or len(self._failed) >= _SUSPECTS
            or (not self.alive and self._failures > 1)
        )
        if suspicious and self._clock() - self._since >= _SILENCE_SECONDS:
            self.give_up(failed.final.message)

    def give_up(self, why: str) -> None:
        """Open the circuit: the endpoint is dead."""
        self._open(
            EndpointError(
                f"the endpoint does not work: {why}",
                cure=f"Check base_url ({self._provider}), that the server runs and can be reached from here, and its "
                "status page; for a model that is slow to answer, raise timeout_seconds.",
            )
        )

    def _open(self, error: ApoError) -> None:
        self._opened = self._opened or error
