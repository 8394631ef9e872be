"""How much the search may still spend, asked at points where nothing is in flight.

The ledger is what forbids; this only plans. All decisions follow from settled amounts, so a repeated or resumed run
takes the same ones. The one exception is a deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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

    def __post_init__(self) -> None:
        self._began = self.ledger.seconds

    def calls_left(self, prompts: Sequence[Prompt] = ()) -> int:
        """Requests that the search may still make with `prompts`; `UNBOUNDED` without caps."""
        left = self.total_left(prompts)
        return left if self.cap is None else max(0, min(left, self.cap - self.asked()))

    def total_left(self, prompts: Sequence[Prompt] = ()) -> int:
        """Requests that fit under every cap of the ledger when they are made with `prompts`."""
        left = self.ledger.remaining(Purpose.SEARCH)
        typical = self._typical(prompts)
        limits = [UNBOUNDED if left.calls is None else left.calls, self._until_deadline()]
        if left.tokens is not None:
            limits.append(int(left.tokens / max(1, typical.tokens)))
        if left.usd is not None and typical.usd > 0:
            limits.append(int(left.usd / typical.usd))
        return max(0, min(limits))

    def set_aside(self, requests: int, prompts: Sequence[Prompt]) -> None:
        """Earmark `requests` for the confirmation, in place of an earlier earmark.

        Raises `BudgetExhaustedError` when that much is not there.
        """
        self._set_aside = requests
        left = self.ledger.remaining(Purpose.CONFIRM)
        typical = self._typical(prompts)
        tokens = 0 if left.tokens is None else int(requests * typical.tokens * MARGIN)
        usd = 0.0
        if left.usd is not None:
            usd = requests * typical.usd * MARGIN if typical.usd else left.usd * SHARE_WITHOUT_KNOWLEDGE
        self.ledger.earmark(Purpose.CONFIRM, Amount(requests, tokens, usd))

    def out_of(self) -> str | None:
        """The cap that ended the search, if one did: `deadline`, `calls`, `tokens` or `usd`."""
        left = self.ledger.remaining(Purpose.SEARCH)
        if left.seconds == 0 or self._until_deadline() == 0:
            return "deadline"
        if left.calls == 0 or (self.cap is not None and self.asked() >= self.cap):
            return "calls"
        typical = self._typical(())
        if left.tokens is not None and left.tokens < 2 * typical.tokens:
            return "tokens"
        return "usd" if left.usd is not None and left.usd <= 2 * typical.usd else None

    def _until_deadline(self) -> int:
        """Requests that the time allows, less those of the confirmation."""
        left = self.ledger.seconds_left()
        pace = self._seconds_a_call()
        if left is None or pace is None:
            return UNBOUNDED if left is None or left > 0 else 0
        return max(0, int(left / pace) - self._set_aside)

    def _seconds_a_call(self) -> float | None:
        if self.asked() >= ENOUGH_CALLS:
            return (self.ledger.seconds - self._began) / self.asked() or None
        calls = self.ledger.total.calls
        return self.ledger.seconds / calls or None if calls >= ENOUGH_CALLS else None

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
        accounts = self.ledger.accounts
        candidates = (accounts[Purpose.HEAD], accounts[Purpose.BASE], accounts[Purpose.SEARCH])
        return next((account for account in candidates if account.calls), Account())

    def _length(self, prompt: Prompt) -> float:
        """Characters of `prompt` filled in, on average."""
        if prompt.source not in self._lengths:
            rendered = [prompt.render(case.inputs) for case in self.sample[:SAMPLE]]
            total = sum(len(message.content) for messages in rendered for message in messages)
            self._lengths[prompt.source] = total / max(1, len(rendered))
        return self._lengths[prompt.source]
