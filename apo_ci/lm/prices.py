"""What a model costs: the price that was set, or the one in genai-prices' bundled table. Never asks the network."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from apo_ci.config import ModelSettings, Price
from apo_ci.errors import PriceUnknownError

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

FREE = Price(input=0, output=0)


def price_of(settings: ModelSettings, model: str | None = None, prompt_tokens: int = 0) -> Price | None:
    """Dollars for a million tokens of `model` (by default the settings' own); `None` when nobody knows.

    A price that was set is believed for the model that the settings name, and for no other: a prompt's front matter may
    ask for a dearer one. Local and replayed replies cost nothing. Where a price rises with the length of
    the prompt, it is that of a prompt of `prompt_tokens`; discounts for cached prompts are not counted on.
    """
    if settings.price is not None and model in (None, settings.name):
        return settings.price
    if settings.provider != "openai":
        return FREE
    name = model or settings.name
    listed = None if name is None else _listed(name, settings.base_url)
    if listed is None or getattr(listed, "requests_kcount", None):  # the latter is a fee besides the tokens
        return None
    prices = [_at(getattr(listed, unit, None), prompt_tokens) for unit in ("input_mtok", "output_mtok")]
    return None if prices[0] is None or prices[1] is None else Price(input=prices[0], output=prices[1])


def price_unknown(model: str, provider: str) -> PriceUnknownError:
    """The error for a cap in dollars on a model whose price nobody knows."""
    return PriceUnknownError(
        f"a budget in dollars is set, and the price of {model} at {provider} is not known",
        cure="Set model.price: {input: …, output: …} in dollars for a million tokens, or drop budget.usd.",
    )


@cache
def _listed(model: str, base_url: str | None) -> ModelPrice | None:
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=1, output_tokens=1)
    try:
        if base_url is None:
            return calc_price(usage, model, provider_id="openai").model_price
        return calc_price(usage, model, provider_api_url=base_url).model_price
    except (LookupError, ValueError):
        return None


def _at(price: object, prompt_tokens: int) -> float | None:
    """A listed price for a prompt of this length: one figure, or a base and tiers that begin at a length."""
    from genai_prices.types import TieredPrices

    if isinstance(price, TieredPrices):
        steps = [price.base, *(tier.price for tier in price.tiers if prompt_tokens >= tier.start)]
        return float(max(steps))
    return None if price is None else float(str(price))
