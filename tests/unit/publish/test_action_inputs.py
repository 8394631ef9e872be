"""The inputs of action.yml, as the runner hands them over."""

from __future__ import annotations

import pytest

from apo_ci.config import PublishSettings
from apo_ci.errors import ConfigError
from apo_ci.publish.action_inputs import ActionInputs


def inputs(**given: str) -> ActionInputs:
    return ActionInputs.read({f"APO_CI_INPUT_{name.upper()}": value for name, value in given.items()})


def test_nothing_set_leaves_everything_to_the_configuration() -> None:
    assert inputs() == ActionInputs()
    assert inputs(model="", budget_calls="  ") == ActionInputs()
    assert inputs().overrides.model_dump(exclude_unset=True) == {"model": {}, "optimizer_model": {}, "gate": {}}


def test_words_become_values() -> None:
    read = inputs(budget_calls="500", budget_usd="0.5", search="false", fail_on="fail, inconclusive", max_drop="0.02")
    assert (read.budget.calls, read.budget.usd, read.budget.tokens) == (500, 0.5, None)
    assert read.search is False
    assert read.fail_on == ("fail", "inconclusive")
    assert read.overrides.gate.max_drop == 0.02


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("budget_calls", "many"),
        ("budget_usd", "nan"),
        ("budget_usd", "-1"),
        ("fail_on", "sometimes"),
        ("fail_on", "never,fail"),
        ("comment", "shout"),
        ("artifact", "a; rm -rf /"),
        ("section", "x" * 101),
        ("max_drop", "2"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_input(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"`{name.replace('_', '-')}`"):
        inputs(**{name: value})


def test_a_refusal_repeats_what_was_written_in_the_problem_s_own_words() -> None:
    with pytest.raises(ConfigError) as caught:
        inputs(fail_on="never,fail")
    assert caught.value.message == "The input `fail-on` cannot be used: `never` stands alone (written: 'never,fail')."


def test_secrets_do_not_show() -> None:
    read = inputs(token="ghs_secret_value", api_key="sk-secret-value")
    assert "secret" not in repr(read)


def test_the_key_is_not_repeated_in_the_error_about_another_input() -> None:
    with pytest.raises(ConfigError) as caught:
        inputs(api_key="sk-secret-value", seed="x")
    assert "sk-secret-value" not in str(caught.value)


@pytest.mark.parametrize(("given", "directory"), [("", ""), (".", ""), ("./", ""), ("services/a/", "services/a")])
def test_the_section_is_the_working_directory_unless_it_is_named(given: str, directory: str) -> None:
    assert inputs(working_directory=given).directory == directory
    assert inputs(working_directory=given).section_key == directory
    assert inputs(working_directory=given, section="Billing").section_key == "Billing"


def test_what_the_workflow_says_of_publishing_goes_before_the_configuration() -> None:
    settings = PublishSettings(comment="new", check=False)
    assert inputs().publishing(settings) == settings
    assert inputs(comment="off", check="true").publishing(settings) == PublishSettings(comment="off", check=True)


def test_the_job_fails_on_what_it_is_told_to() -> None:
    assert inputs().fails_on("fail")
    assert inputs().fails_on("error")
    assert not inputs().fails_on("inconclusive")
    assert not inputs(fail_on="never").fails_on("fail")
