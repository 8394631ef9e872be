"""How much the search may still spend, asked at points where nothing is in flight.

The ledger is what forbids; this only plans. All decisions follow from settled amounts, so a repeated or resumed run
takes the same ones. The one exception is a deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from apo_ci.errors import BudgetExhaustedError
from apo_ci.inputs.datasets import Case
from apo_ci.inputs.prompts import Prompt
from apo_ci.lm.ledger import Account, Amount, Ledger
from apo_ci.lm.model import Purpose

UNBOUNDED = 10**9
SAMPLE = 8  # cases that are rendered to see how long a prompt is
ENOUGH_CALLS = 20  # before their pace says something
CHARACTERS_A_TOKEN = 3  # a low guess, for when no request has reported its tokens yet
REPLY_TOKENS = 64  # likewise
MARGIN = 1.25  # for estimates of tokens and dollars that are set aside
SHARE_WITHOUT_KNOWLEDGE = 0.3  # of the dollars, when no request has shown what one costs


@dataclass(frozen=True, slots=True)
class Spare:
    """Requests that are set aside for what follows the confirmation, `searching` of which count as the search's own."""

    requests: int = 0
    searching: int = 0


NO_SPARE = Spare()


@dataclass
class Spending:
    """The search's view of the ledger.

    `cap` limits requests of the search (`search.calls`), `asked` tells how many it has made, `sample` are cases to
    measure prompts on, and `start` the prompt that earlier requests were made with.
    """

    ledger: Ledger
    cap: int | None
    asked: Callable[[], int]
    start: Prompt
    sample: Sequence[Case]
    _lengths: dict[str, float] = field(default_factory=dict)
    _set_aside: int = 0
    _sized_for: tuple[Prompt, ...] = ()
    _spare: Spare = NO_SPARE

    def __post_init__(self) -> None:
        self._began = self.ledger.seconds
        self._left: float | None = None  # when the search was left last; `None` while it is at work

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The search works; time before the next such block is other searches' and says nothing of its own pace."""
        if self._left is not None:
            self._began += self.ledger.seconds - self._left
        self._left = None
        try:
            yield
        finally:
            self._left = self.ledger.seconds

    def calls_left(self, prompts: Sequence[Prompt] = ()) -> int:
        """Requests that the search may still make with `prompts`; `UNBOUNDED` without caps."""
        return min(self._limits(prompts).values())

    def total_left(self, prompts: Sequence[Prompt] = ()) -> int:
        """The same without the search's own cap, which does not count the confirmation."""
        return min(left for cap, left in self._limits(prompts).items() if cap != "search.calls")

    def tightest_cap(self, prompts: Sequence[Prompt] = ()) -> str:
        """The cap that allows for the fewest requests: `calls`, `tokens`, `usd`, `seconds` or `search.calls`."""
        limits = self._limits(prompts)
        return min(limits, key=lambda cap: limits[cap])

    @property
    def spare(self) -> Spare:
        """What is set aside beside the confirmation's quota."""
        return self._spare

    def set_aside(self, requests: int, prompts: Sequence[Prompt], spare: Spare = NO_SPARE) -> None:
        """Earmark `requests` for the confirmation, and `spare` for later, in place of an earlier earmark.

        Raises `BudgetExhaustedError` when that much is not there.
        """
        self._set_aside, self._sized_for, self._spare = requests, tuple(prompts), spare
        requests += spare.requests
        left = self.ledger.remaining(Purpose.CONFIRM)
        typical = self._typical(prompts)
        tokens = 0 if left.tokens is None else int(requests * typical.tokens * MARGIN)
        usd = 0.0
        if left.usd is not None:
            usd = requests * typical.usd * MARGIN if typical.usd else left.usd * SHARE_WITHOUT_KNOWLEDGE
        self.ledger.earmark(Purpose.CONFIRM, Amount(requests, tokens, usd))

    def resize(self, prompt: Prompt) -> None:
        """Size the earmark to `prompt`, the best so far, if it is longer than what the earmark was made for.

        It never shrinks, for a later best may be long again. Where that much is not left, what is spare is given up
        first; if that is not enough, the earmark stays as it was.
        """
        if not self.ledger.bounds_tokens:
            return
        before = self._sized_for
        for prompts, spare in (((*before, prompt), self._spare), ((*before, prompt), NO_SPARE)):
            with suppress(BudgetExhaustedError):
                self.set_aside(self._set_aside, prompts, spare)
                return
        self.set_aside(self._set_aside, before)

    def _limits(self, prompts: Sequence[Prompt]) -> dict[str, int]:
        """Requests with `prompts` that each cap allows for."""
        left = self.ledger.remaining(Purpose.SEARCH)
        typical = self._typical(prompts)
        limits = {
            "calls": UNBOUNDED if left.calls is None else left.calls,
            "tokens": UNBOUNDED if left.tokens is None else int(left.tokens / max(1, typical.tokens)),
            "usd": UNBOUNDED if left.usd is None or not typical.usd else int(left.usd / typical.usd),
            "seconds": self._until_deadline(),
            "search.calls": UNBOUNDED if self.cap is None else self.cap - self._spare.searching - self.asked(),
        }
        return {cap: max(0, limit) for cap, limit in limits.items()}

    def _until_deadline(self) -> int:
        """Requests that the time allows, less those of the confirmation."""
        left = self.ledger.seconds_left()
        pace = self._seconds_a_call()
        if left is None or pace is None:
            return UNBOUNDED if left is None or left > 0 else 0
        return max(0, int(left / pace) - self._set_aside)

    def _seconds_a_call(self) -> float | None:
        if self.asked() >= ENOUGH_CALLS:
            now = self.ledger.seconds if self._left is None else self._left
            return (now - self._began) / self.asked() or None
        run = _chain(self.ledger)[-1]
        return run.seconds / run.total.calls or None if run.total.calls >= ENOUGH_CALLS else None

    def _typical(self, prompts: Sequence[Prompt]) -> Amount:
        """What one request costs that is made with one of `prompts`, the longest of them."""
        before = self._length(self.start)
        longer = max((self._length(prompt) for prompt in prompts), default=before) / max(1.0, before)
        seen = self._seen()
        if seen.calls == 0:
            return Amount(1, int(before * longer / CHARACTERS_A_TOKEN) + REPLY_TOKENS, 0.0)
        return Amount(1, round(seen.tokens / seen.calls * longer), seen.usd / seen.calls * longer)

    def _seen(self) -> Account:
        """What the requests so far cost that were made with the start, or else with any prompt."""
        accounts = [ledger.accounts for ledger in _chain(self.ledger)]
        before = (each[purpose] for purpose in (Purpose.HEAD, Purpose.BASE) for each in accounts)
        own = accounts[0][Purpose.SEARCH]  # other searches may be under way, and tell nothing that holds still
        return next((account for account in (*before, own) if account.calls), Account())

    def _length(self, prompt: Prompt) -> float:
        """Characters of `prompt` filled in, on average."""
        if prompt.source not in self._lengths:
            rendered = [prompt.render(case.inputs) for case in self.sample[:SAMPLE]]
            total = sum(len(message.content) for messages in rendered for message in messages)
            self._lengths[prompt.source] = total / max(1, len(rendered))
        return self._lengths[prompt.source]


def _chain(ledger: Ledger) -> list[Ledger]:
    """`ledger` and those that it draws on, the run's own last: what came before the search is in their books."""
    chain = [ledger]
    while (parent := chain[-1].parent) is not None:
        chain.append(parent)
    return chain
