"""What a cached reply is found by: nothing that changes what a model says is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apo_ci.config import Parameters
from apo_ci.lm.model import Message, Request

PARAMETERS = Parameters(temperature=0, max_tokens=8)
REQUEST = Request("gpt", (Message("user", "Hello"),), PARAMETERS)
OTHERS = {
    "temperature": 1.0,
    "max_tokens": 9,
    "top_p": 0.5,
    "stop": ("x",),
    "seed": 1,
    "frequency_penalty": 1.0,
    "presence_penalty": 1.0,
    "reasoning_effort": "low",
}


def test_another_provider_or_model_has_other_replies() -> None:
    keys = {REQUEST.cache_key("openai:https://a/v1"), REQUEST.cache_key("openai:https://b/v1")}
    assert len(keys | {replace(REQUEST, model="gpt-2").cache_key("openai:https://a/v1")}) == 3


def test_every_parameter_is_known_to_this_test() -> None:
    assert OTHERS.keys() == Parameters.model_fields.keys()


@pytest.mark.parametrize("name", OTHERS)
def test_another_value_of_any_parameter_has_other_replies(name: str) -> None:
    other = replace(REQUEST, parameters=PARAMETERS.model_copy(update={name: OTHERS[name]}))
    assert other.cache_key("p") != REQUEST.cache_key("p")


def test_other_messages_schemas_and_replicates_have_other_replies() -> None:
    others = [
        replace(REQUEST, messages=(Message("system", "Hello"),)),
        replace(REQUEST, messages=(Message("user", "Hel"), Message("user", "lo"))),
        replace(REQUEST, response_schema="{}"),
        replace(REQUEST, replicate=1),
    ]
    assert len({one.cache_key("p") for one in (REQUEST, *others)}) == 5
