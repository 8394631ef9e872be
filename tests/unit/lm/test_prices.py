"""Prices are those that were set or are bundled; an unknown price is not zero, and nothing asks the network."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from apo_ci.config import ModelSettings, Price
from apo_ci.lm.prices import price_of


def test_a_price_that_was_set_is_believed() -> None:
    price = Price(input=1.5, output=2.5)
    assert price_of(ModelSettings(name="gpt-4.1-mini", price=price)) == price


def test_a_bundled_price_is_found_by_model_and_address() -> None:
    here = price_of(ModelSettings(name="gpt-4.1-mini"))
    assert here is not None
    assert 0 < here.input < here.output
    assert price_of(ModelSettings(name="gpt-4.1-mini", base_url="https://api.openai.com/v1")) == here
    assert price_of(ModelSettings(name="another"), model="gpt-4.1-mini") == here


@pytest.mark.parametrize(
    ("name", "base_url"),
    [("no-such-model", None), ("gpt-4.1-mini", "http://127.0.0.1:8000/v1"), (None, None)],
)
def test_an_unknown_price_is_none(name: str | None, base_url: str | None) -> None:
    assert price_of(ModelSettings(name=name, base_url=base_url)) is None


def test_a_fee_for_each_request_is_not_a_price_for_tokens() -> None:
    assert price_of(ModelSettings(name="sonar", base_url="https://api.perplexity.ai")) is None


@pytest.mark.parametrize("provider", ["local", "replay"])
def test_local_and_replayed_replies_are_free(provider: str) -> None:
    assert price_of(ModelSettings.model_validate({"provider": provider})) == Price(input=0, output=0)


def test_a_long_prompt_has_the_price_of_its_tier() -> None:
    gemini = ModelSettings(name="gemini-2.5-pro", base_url="https://generativelanguage.googleapis.com/v1beta/openai/")
    short, long = price_of(gemini), price_of(gemini, prompt_tokens=200_001)
    assert short is not None
    assert long is not None
    assert long.input == 2 * short.input


def test_a_look_up_needs_no_network_and_starts_nothing_in_the_background() -> None:
    code = textwrap.dedent("""
        import socket, threading

        def refuse(*_, **__):
            raise AssertionError("the network was asked")

        socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
        from apo_ci.config import ModelSettings
        from apo_ci.lm.prices import price_of

        assert price_of(ModelSettings(name="gpt-4.1-mini")) is not None
        assert price_of(ModelSettings(name="no-such-model")) is None
        assert threading.active_count() == 1
    """)
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
