"""Settings become a model that can be asked, or an error that says what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from apo_ci.config import Budget, ModelSettings
from apo_ci.errors import AuthenticationError, ConfigError, PriceUnknownError, ReplayMissError
from apo_ci.lm.cache import Cache
from apo_ci.lm.factory import model_name, open_model, recorded_provider
from apo_ci.lm.ledger import Ledger
from tests.integration.loopback import Loopback
from tests.unit.lm.simulated import ask_for, uncapped


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "cache") as opened:
        yield opened


async def test_a_remote_model_answers_and_can_be_replayed_without_it(cache: Cache) -> None:
    with Loopback(key="sk-right") as server:
        settings = ModelSettings(name="m", base_url=server.url, concurrency=3)
        model = await open_model(settings, SecretStr("sk-right"), cache=cache, ledger=uncapped(), run="r")
        assert (await model.complete(ask_for("a"))).text == "Yes"
        assert (model.provider, model.concurrency, model.new_calls) == (f"openai:{server.url}", 3, 1)
        await model.aclose()
    replay = ModelSettings(provider="replay", name="m", base_url=server.url)
    model = await open_model(replay, None, cache=cache, ledger=Ledger(Budget(usd=1)), run="r2")
    assert (await model.complete(ask_for("a"))).cached
    with pytest.raises(ReplayMissError):
        await model.complete(ask_for("b"))
    await model.aclose()


async def test_a_remote_model_needs_a_name(cache: Cache) -> None:
    with pytest.raises(ConfigError, match="no model is named"):
        await open_model(ModelSettings(), SecretStr("k"), cache=cache, ledger=uncapped(), run="r")


async def test_openai_needs_a_key_and_the_error_names_its_variable(cache: Cache) -> None:
    settings = ModelSettings(name="m", api_key_env="MY_KEY")
    with pytest.raises(AuthenticationError, match="MY_KEY"):
        await open_model(settings, None, cache=cache, ledger=uncapped(), run="r")


async def test_a_dollar_cap_needs_a_price_before_anything_is_spent(cache: Cache) -> None:
    settings = ModelSettings(name="m", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(PriceUnknownError, match="the price of m"):
        await open_model(settings, None, cache=cache, ledger=Ledger(Budget(usd=1)), run="r")


def test_the_local_model_has_a_name_of_its_own() -> None:
    assert model_name(ModelSettings(provider="local")) == "gemma-3-270m"
    assert model_name(ModelSettings(provider="local", name="mine")) == "mine"


async def test_any_model_is_replayed_without_key_price_or_weights(cache: Cache) -> None:
    with Loopback(key="sk-right") as server:
        settings = ModelSettings(name="m", base_url=server.url)
        model = await open_model(settings, SecretStr("sk-right"), cache=cache, ledger=uncapped(), run="r")
        await model.complete(ask_for("a"))
        await model.aclose()
    ledger = Ledger(Budget(usd=0))
    model = await open_model(settings, None, cache=cache, ledger=ledger, run="r2", replay=True)
    assert (model.provider, model.new_calls) == (f"openai:{server.url}", 0)
    assert (await model.complete(ask_for("a"))).cached
    with pytest.raises(ReplayMissError):
        await model.complete(ask_for("b"))
    await model.aclose()


def test_the_provider_of_recorded_replies_is_known_without_opening_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    weights = tmp_path / "model.gguf"
    weights.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    local = ModelSettings(provider="local")
    assert recorded_provider(local).startswith("local:a5fd3b62230aa5ec")
    assert recorded_provider(local.model_copy(update={"path": str(weights)})) == f"local:{digest}"
    assert recorded_provider(ModelSettings(provider="local", path="/nowhere", sha256="0" * 64)) == f"local:{'0' * 64}"
    assert recorded_provider(ModelSettings(provider="local", path="/nowhere")) == "local:"
    assert recorded_provider(ModelSettings(name="m", base_url="https://x/v1")) == "openai:https://x/v1"
