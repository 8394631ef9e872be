"""What a model costs: the price that was set, or the one in genai-prices' bundled table. Never asks the network."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from apo_ci.config import ModelSettings, Price

FREE = Price(input=0, output=0)


def price_of(settings: ModelSettings, model: str | None = None) -> Price | None:
    """Dollars for a million tokens of `model` (by default the settings' own); `None` when nobody knows.

    A price that was set is believed. Local and replayed replies cost nothing. Where a price depends on the length of
    the prompt the highest one counts; discounts for cached prompts are not counted on.
    """
    if settings.price is not None:
        return settings.price
    if settings.provider != "openai":
        return FREE
    name = model or settings.name
    return None if name is None else _listed(name, settings.base_url)


@cache
def _listed(model: str, base_url: str | None) -> Price | None:
    from genai_prices import Usage, calc_price

    try:
        if base_url is None:
            found = calc_price(Usage(input_tokens=1, output_tokens=1), model, provider_id="openai")
        else:
            found = calc_price(Usage(input_tokens=1, output_tokens=1), model, provider_api_url=base_url)
    except (LookupError, ValueError):
        return None
    listed = found.model_price
    if getattr(listed, "requests_kcount", None):  # a fee for each request, besides its tokens
        return None
    prices = [_highest(getattr(listed, name, None)) for name in ("input_mtok", "output_mtok")]
    return None if prices[0] is None or prices[1] is None else Price(input=prices[0], output=prices[1])


def _highest(price: Any) -> float | None:
    """A price in dollars for a million tokens; of one with tiers the highest."""
    if price is None or isinstance(price, Decimal):
        return None if price is None else float(price)
    return max(float(step) for step in (price.base, *(tier.price for tier in price.tiers)))
