"""What a request may cost at most, before it leaves, and what it did cost."""

from __future__ import annotations

import math
from collections.abc import Callable

from apo_ci.config import Price
from apo_ci.errors import RequestFailedError
from apo_ci.lm.failures import AttemptFailedError, Failure
from apo_ci.lm.ledger import Charge, Ledger
from apo_ci.lm.model import Completion, Request, Usage
from apo_ci.lm.prices import FREE, price_unknown

DEFAULT_MAX_TOKENS = 1024  # sent where a cap needs a longest reply and the request names none
_CHARACTERS_A_TOKEN = 4  # of English text, about
_MESSAGE_OVERHEAD = 16  # tokens by which a chat template may wrap a message
_REQUEST_OVERHEAD = 64  # and a whole request


def usage_of(request: Request, completion: Completion) -> Usage:
    """The tokens of a request and its reply: what was reported, or else a guess by their length."""
    if completion.usage.reported and completion.usage.tokens:
        return completion.usage
    asked = sum(len(message.content) for message in request.messages)
    tokens = [math.ceil(characters / _CHARACTERS_A_TOKEN) for characters in (asked, len(completion.text))]
    return Usage(tokens[0], tokens[1], reported=False)


class Estimator:
    """Bounds and prices requests to one endpoint; learns where its replies report more than the bound."""

    def __init__(self, price: Callable[[str, int], Price | None]) -> None:
        """`price` knows what a model costs for a prompt of at most so many tokens."""
        self._price = price
        self._excess: dict[str, Usage] = {}

    def worst_case(self, request: Request) -> Usage:
        """A bound on what a reply will report: a token stands for at least a byte of UTF-8, in every tokenizer in use.

        Raises `RequestFailedError` for text that UTF-8 cannot hold.
        """
        try:
            contents = sum(len(message.content.encode()) for message in request.messages)
        except UnicodeEncodeError as exc:
            raise RequestFailedError(f"the prompt holds half of a surrogate pair (character {exc.start})") from None
        schema = len(request.response_schema or "")
        overhead = _REQUEST_OVERHEAD + _MESSAGE_OVERHEAD * len(request.messages)
        excess = self._excess.get(request.model, Usage())
        longest = request.parameters.max_tokens or DEFAULT_MAX_TOKENS
        return Usage(contents + schema + overhead + excess.prompt_tokens, longest + excess.completion_tokens)

    def learn(self, request: Request, reported: Usage, worst: Usage) -> None:
        """Where a reply reports more than its worst case (a hidden system prompt), later ones allow for that."""
        prompt = max(0, reported.prompt_tokens - worst.prompt_tokens)
        completion = max(0, reported.completion_tokens - worst.completion_tokens)
        if request.parameters.max_tokens is None:
            completion = 0
        if prompt or completion:
            known = self._excess.get(request.model, Usage())
            self._excess[request.model] = Usage(known.prompt_tokens + prompt, known.completion_tokens + completion)

    def price_of(self, model: str, worst: Usage, provider: str, ledger: Ledger) -> Price:
        """The price of a request; `PriceUnknownError` when a cap depends on it and nobody knows."""
        price = self._price(model, worst.prompt_tokens)
        if price is None and ledger.bounds_dollars:
            raise price_unknown(model, provider)
        return price or FREE


def charge_for(usage: Usage, price: Price) -> Charge:
    """One call's cost; dollars for a million tokens are millionths of a dollar for one."""
    usd = (usage.prompt_tokens * price.input + usage.completion_tokens * price.output) / 1e6
    return Charge(1, usage.prompt_tokens, usage.completion_tokens, usd)


def charge_for_failure(failed: AttemptFailedError, worst: Usage, price: Price) -> Charge:
    """What a failed attempt is charged: what its reply reports, or else the most that may have been billed."""
    if failed.failure is Failure.UNSENT:
        return Charge()
    if failed.usage is not None:
        return charge_for(failed.usage, price)
    return charge_for(worst if failed.failure is Failure.BROKEN else Usage(), price)
