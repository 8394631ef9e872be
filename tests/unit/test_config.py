"""`apo-ci.yaml` as a frozen Config, and the environment, which only this package reads."""

from __future__ import annotations

import pytest

from apo_ci.config import (
    DEFAULT_CALLS,
    Budget,
    GateSettings,
    ModelSettings,
    Overrides,
    Parameters,
    Price,
    api_key,
    environment,
    is_branch_name,
    known_secrets,
    parse_config,
)
from apo_ci.errors import ConfigError


def parse_error(text: str) -> ConfigError:
    """What is said of a wrong configuration."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "apo-ci.yaml")
    return caught.value


def test_the_version_is_enough() -> None:
    assert parse_config("version: 1\n", "apo-ci.yaml").budget == Budget(calls=DEFAULT_CALLS)


def test_a_budget_of_ones_own_has_no_cap_but_those_it_names() -> None:
    config = parse_config("version: 1\nbudget: {usd: 2}\n", "apo-ci.yaml")
    assert config.budget == Budget(usd=2)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("version: 1\nbudgets: {calls: 3}\n", 2, "Did you mean `budget`?"),
        ("version: 1\nmodel:\n  nme: x\n", 3, "Did you mean `name`?"),
        ("version: 1\nversion: 1\n", 2, "twice (first on line 1)"),
        ("version: 1\nmodel: &m {name: x}\noptimizer_model: *m\n", 2, "anchors and aliases"),
        ("version: 1\ngate: {max_drop: .nan}\n", 2, "finite"),
        ("version: 1\ngate: {max_drop: 3}\n", 2, "less than or equal to 1"),
        ("version: 2\n", 1, "version"),
        ("version: 1\nmodel: {api_key_env: APO_CI_INPUT_TOKEN}\n", 2, "holds no model's key"),
        ("version: 1\nmodel: {api_key_env: ACTIONS_RUNTIME_TOKEN}\n", 2, "holds no model's key"),
        ("model: {name: x}\n", 1, "Add `version: 1`."),
    ],
)
def test_a_mistake_is_told_with_its_line_and_cure(text: str, line: int, words: str) -> None:
    error = parse_error(text)
    assert (error.path, error.line) == ("apo-ci.yaml", line)
    assert words in str(error)
    assert error.cure


def test_nested_blocks_inherit_the_keys_that_they_do_not_set() -> None:
    parent = ModelSettings(name="small", parameters=Parameters(temperature=0, max_tokens=8))
    child = ModelSettings(name="large", parameters=Parameters(max_tokens=400)).over(parent)
    assert child.name == "large"
    assert child.parameters == Parameters(temperature=0, max_tokens=400)


def test_one_stop_sequence_may_be_written_without_a_list() -> None:
    assert Parameters.model_validate({"stop": "\n"}).stop == ("\n",)


def test_the_key_comes_from_the_variable_that_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-123456")
    settings = ModelSettings(api_key_env="MY_KEY")
    key = api_key(settings)
    assert key is not None
    assert key.get_secret_value() == "sk-123456"
    assert "sk-123456" not in repr(key)
    assert "sk-123456" in known_secrets(settings)


def test_an_empty_key_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "")
    assert api_key(ModelSettings(api_key_env="MY_KEY")) is None


def test_the_actions_input_stands_in_for_the_standard_variable_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("APO_CI_INPUT_API_KEY", "sk-of-the-action")
    key = api_key(ModelSettings())
    assert key is not None
    assert key.get_secret_value() == "sk-of-the-action"
    assert api_key(ModelSettings(api_key_env="MY_KEY")) is None
    assert "sk-of-the-action" in known_secrets()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-job")
    key = api_key(ModelSettings())
    assert key is not None
    assert key.get_secret_value() == "sk-of-the-job"


def test_the_environment_is_handed_out_as_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APO_CI_INPUT_MODEL", "gpt")
    copy = environment()
    monkeypatch.setenv("APO_CI_INPUT_MODEL", "other")
    assert copy["APO_CI_INPUT_MODEL"] == "gpt"


def test_overrides_change_only_what_they_set() -> None:
    config = parse_config("version: 1\nmodel: {name: a, parameters: {temperature: 0}}\ngate: {min: 0.5}\n", "x.yaml")
    changed = Overrides(model=ModelSettings(base_url="http://127.0.0.1/v1"), gate=GateSettings(max_drop=0.1)).apply(
        config
    )
    assert changed.model == ModelSettings(
        name="a", base_url="http://127.0.0.1/v1", parameters=Parameters(temperature=0)
    )
    assert changed.gate == GateSettings(min=0.5, max_drop=0.1)
    assert changed.optimizer_model is None
    assert Overrides().apply(config) == config


def test_an_optimizer_that_is_overridden_inherits_the_task_model() -> None:
    config = parse_config("version: 1\nmodel: {name: a, base_url: http://127.0.0.1/v1}\n", "x.yaml")
    changed = Overrides(optimizer_model=ModelSettings(name="b")).apply(config)
    assert changed.proposer_model == ModelSettings(name="b", base_url="http://127.0.0.1/v1")


def test_another_model_does_not_inherit_a_price_that_was_set() -> None:
    config = parse_config("version: 1\nmodel: {name: cheap, price: {input: 1, output: 2}}\n", "x.yaml")
    assert Overrides(model=ModelSettings(name="dear")).apply(config).model.price is None
    assert Overrides(model=ModelSettings(name="cheap")).apply(config).model.price == Price(input=1, output=2)


@pytest.mark.parametrize(
    "name",
    ["-x", "a..b", "a b", "a/", "/a", "a//b", "a.lock", "x.lock/a", ".a", "a/.b", "a@{1}", "HEAD", "", "a" * 201],
)
def test_a_data_branch_must_be_a_branch_name(name: str) -> None:
    assert "branch name" in str(parse_error(f'version: 1\npublish:\n  data_branch: "{name}"\n'))
    assert not is_branch_name(name)


def test_usual_branch_names_are_taken() -> None:
    assert all(map(is_branch_name, ("apo-ci-data", "main", "feature/a.b-c_d", "v1.2", "apo-ci/prompts-1")))
