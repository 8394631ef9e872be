"""Eval files: each mistake is one error at its line, and overrides touch only what they set."""

from __future__ import annotations

import pytest

from apo_ci.config import parse_config
from apo_ci.errors import InputError
from apo_ci.inputs.datasets import load_dataset
from apo_ci.inputs.evals import EvalSettings, JsonSettings, LabelSettings, make_eval_set, parse_eval

GOOD = """prompt: prompts/sentiment.prompt.md
dataset: evals/sentiment.jsonl
columns: {text: review}
scorers: [{type: label, labels: [Yes, No]}]
metric: f1
positive_label: Yes
splits: {train: 0.2, dev: 0.3, test: 0.5}
gate: {max_drop: 0.05}
"""
PATH = "evals/sentiment.yaml"


def changed(old: str, new: str) -> EvalSettings:
    assert old in GOOD
    return parse_eval(GOOD.replace(old, new), PATH)


def refusal(old: str, new: str) -> InputError:
    with pytest.raises(InputError) as caught:
        changed(old, new)
    assert caught.value.path == PATH
    assert caught.value.cure
    return caught.value


def test_an_eval_file_is_read() -> None:
    settings = parse_eval(GOOD, PATH)

    assert settings.prompt == ("prompts/sentiment.prompt.md",)
    assert settings.columns == {"text": "review"}
    assert settings.scorers == (LabelSettings(type="label", labels=("Yes", "No")),)
    assert settings.labels == ("Yes", "No")
    assert (settings.metric, settings.positive_label, settings.replicates) == ("f1", "Yes", 1)


def test_a_prompt_may_be_a_list_of_paths_and_globs() -> None:
    assert changed("prompt: prompts/sentiment", "prompt: [./a/**/*.md, b]\nbudget: {calls: 3}\n#").prompt == (
        "a/**/*.md",
        "b",
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("dataset: evals", "datset: evals", 2, "The key `datset` is unknown."),
        ("dataset: evals/sentiment.jsonl\n", "", 1, "The key `dataset` is missing."),
        ("labels: [Yes, No]", "lables: [Yes, No]", 4, "The key `scorers.0.lables` is unknown."),
        ("type: label", "type: lable", 4, "`scorers.0.type`: there is no `lable`."),
        ("type: label, ", "", 4, "The key `scorers.0.type` is missing."),
        ("[Yes, No]", "[Yes]", 4, "at least 2 items"),
        ("[Yes, No]", "[Yes, ' yes']", 4, "two labels are the same"),
        ("[Yes, No]", "[true, false]", 4, "Input should be text"),
        ("[{type: label, labels: [Yes, No]}]", "[]", 4, "at least 1 item"),
        ("{type: label, labels: [Yes, No]}", "{type: regex, pattern: '(a'}", 4, "not an RE2 pattern: missing )"),
        ("{type: label, labels: [Yes, No]}", "{type: regex, pattern: '(a)\\1'}", 4, "not an RE2 pattern"),
        ("{type: label, labels: [Yes, No]}", "{type: json, schema: {type: x}}", 4, "not a JSON Schema"),
        ("{type: label, labels: [Yes, No]}", "{type: number, absolute: -1}", 4, "greater than or equal to 0"),
        ("{type: label, labels: [Yes, No]}", "{type: exact_match}", 5, "f1 needs a scorer of type `label`"),
        ("positive_label: Yes\n", "", 1, "f1 needs a `positive_label`"),
        ("positive_label: Yes", "positive_label: yes", 6, "none of the labels Yes, No"),
        ("metric: f1", "metric: F1", 5, "'macro_f1' or 'mean'"),
        ("test: 0.5", "test: 0.6", 7, "sum to 1.1, not to 1"),
        ("max_drop: 0.05", "max_drop: 5", 8, "less than or equal to 1"),
        ("max_drop: 0.05", "max_dorp: 0.05", 8, "`gate.max_dorp` is unknown"),
        ("dataset: evals", "dataset: ../evals", 2, "not a path inside the repository"),
        ("prompt: prompts", "prompt: /prompts", 1, "not a path inside the repository"),
        ("columns: {text: review}", "columns: {text: review, text: b}", 3, "twice"),
        ("columns: {text: review}", "columns: &c {text: review}", 3, "anchors and aliases"),
        ("gate: {max_drop: 0.05}", "gate: {max_drop: .nan}", 8, "NaN"),
        ("gate:", "replicates: 33\ngate:", 8, "less than or equal to 32"),
    ],
)
def test_each_mistake_is_one_error_at_its_line(old: str, new: str, line: int, said: str) -> None:
    problem = refusal(old, new)

    assert said in problem.message
    assert problem.line == line


def test_the_key_of_a_json_schema_is_schema() -> None:
    settings = changed(
        "{type: label, labels: [Yes, No]}]\nmetric: f1\npositive_label: Yes", "{type: json, schema: {type: object}}]"
    )

    assert settings.scorers == (JsonSettings(type="json", schema={"type": "object"}),)


def test_overrides_change_only_the_keys_that_they_set() -> None:
    config = parse_config(
        "version: 1\nmodel: {name: big, base_url: 'http://x', parameters: {temperature: 0, max_tokens: 9}}\n"
        "gate: {min: 0.5, max_drop: 0.2}\nbudget: {calls: 7, usd: 1}\n",
        "apo-ci.yaml",
    )
    settings = parse_eval(GOOD + "model: {name: small, parameters: {max_tokens: 4}}\nbudget: {calls: 3}\n", PATH)
    applied = settings.applied_to(config)

    assert (applied.gate.min, applied.gate.max_drop) == (0.5, 0.05)
    assert (applied.model.name, applied.model.base_url) == ("small", "http://x")
    assert (applied.model.parameters.temperature, applied.model.parameters.max_tokens) == (0, 4)
    assert (applied.budget.calls, applied.budget.usd) == (3, 1)
    assert applied.search == config.search


def test_the_fingerprint_is_that_of_settings_and_cases() -> None:
    rows = b'{"review": "a", "target": "Yes"}'
    dataset = load_dataset(rows, "x.jsonl", {})
    one = make_eval_set(PATH, parse_eval(GOOD, PATH), dataset).fingerprint

    assert one == make_eval_set("other.yaml", parse_eval("# a comment\n" + GOOD, PATH), dataset).fingerprint
    assert one != make_eval_set(PATH, changed("0.05", "0.06"), dataset).fingerprint
    more = load_dataset(rows + b'\n{"review": "b", "target": "No"}', "x.jsonl", {})
    assert one != make_eval_set(PATH, parse_eval(GOOD, PATH), more).fingerprint
