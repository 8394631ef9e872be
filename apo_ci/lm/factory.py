"""Settings to a ready `LanguageModel`: transport, retries and budget, cache."""

from __future__ import annotations

import asyncio
from functools import partial

from pydantic import SecretStr

from apo_ci.config import ModelSettings, place_of_key
from apo_ci.errors import AuthenticationError, ConfigError
from apo_ci.lm import local
from apo_ci.lm.cache import Cache
from apo_ci.lm.cached import CachedModel, Source
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.metered import MeteredModel, Transport
from apo_ci.lm.openai_client import OpenAIModel, provider_name
from apo_ci.lm.prices import price_of, price_unknown
from apo_ci.lm.replay import Replay
from apo_ci.lm.throttle import Throttle


def model_name(settings: ModelSettings) -> str:
    """What to put into a request's `model`; `ConfigError` when the settings need one and have none."""
    if settings.name is None and settings.provider == "openai":
        raise ConfigError(
            "no model is named", cure="Set `model: {name: gpt-4.1-mini}` or another one, or `provider: local`."
        )
    return settings.name or local.DEFAULT_NAME


def recorded_provider(settings: ModelSettings) -> str:
    """The provider under which a cache keeps the replies of this model. Opens nothing, and needs no key."""
    if settings.provider == "local":
        return f"local:{local.expected_sha256(settings)}"
    if settings.provider == "replay" and settings.sha256:
        return f"local:{settings.sha256}"
    return provider_name(settings.base_url)


async def open_model(
    settings: ModelSettings,
    key: SecretStr | None,
    *,
    cache: Cache,
    ledger: Ledger,
    run: str,
    replay: bool = False,
) -> CachedModel:
    """A model that pays from `ledger`, caches in `cache`, and checkpoints in the journal of `run`.

    With `replay` nothing is asked, whatever the provider: the cache's replies are all there is. Before anything is
    spent it may raise `ConfigError`, `PriceUnknownError`, `AuthenticationError` or `LocalModelError`. Close it with
    `aclose()`; the cache stays open.
    """
    name = model_name(settings)
    if replay:
        source = Replay(await asyncio.to_thread(recorded_provider, settings), settings.concurrency)
        return CachedModel(source, cache, ledger, run)
    if ledger.bounds_dollars and price_of(settings) is None:
        raise price_unknown(name, provider_name(settings.base_url))
    return CachedModel(await _source(settings, key), cache, ledger, run)


async def _source(settings: ModelSettings, key: SecretStr | None) -> Source:
    if settings.provider == "replay":
        return Replay(recorded_provider(settings), settings.concurrency)
    transport: Transport
    if settings.provider == "local":
        server = await asyncio.to_thread(local.LocalServer(settings).start)
        transport, concurrency = local.LocalModel(server), server.parallel
    else:
        transport, concurrency = _remote(settings, key), settings.concurrency
    return MeteredModel(
        transport,
        Throttle(concurrency, settings.requests_per_minute, settings.tokens_per_minute),
        partial(price_of, settings),
        timeout_seconds=settings.timeout_seconds,
        max_retries=settings.max_retries,
    )


def _remote(settings: ModelSettings, key: SecretStr | None) -> OpenAIModel:
    if key is None and settings.base_url is None:
        raise AuthenticationError(
            f"there is no key: the environment variable {settings.api_key_env} is not set",
            cure=f"Set {place_of_key(settings.api_key_env)}, or model.api_key_env to the variable that holds the key.",
        )
    return OpenAIModel(settings.base_url, key, key_name=settings.api_key_env)
