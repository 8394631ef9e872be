"""Every reason that keeps a suggestion from being committed."""

from __future__ import annotations

import hashlib

import pytest

from apo_ci.publish.commit_message import Fix
from apo_ci.publish.guards import is_own_commit, reason_against

PATH = "prompts/tone.prompt.md"
GLOBS = ("prompts/**/*.prompt.md",)
BEFORE = """---
parameters: {temperature: 0}
editable: [system]
---
system:
Label the review.
{# apo: keep #}Answer Yes or No.{# apo: end #}
user:
Review: {{ review }}
"""
AFTER = BEFORE.replace("Label the review.", "Is the reviewer happy?")


def fix(after: str = AFTER, *, before: str = BEFORE, path: str = PATH) -> Fix:
    digest = hashlib.sha256(before.encode()).hexdigest()
    return Fix(path, digest, before, after, 0.03, 0.01, 0.05, 90, "7", 100, "m")


def reason(after: str = AFTER, *, before: str = BEFORE, path: str = PATH) -> str:
    return reason_against(fix(after, before=before, path=path), before.encode(), prompts=GLOBS) or ""


def test_a_rewording_is_fit_to_be_committed() -> None:
    assert reason() == ""
    assert reason(AFTER.replace("\n", "\r\n"), before=BEFORE.replace("\n", "\r\n")) == ""


def test_a_prompt_that_changed_since_is_left_alone() -> None:
    assert "changed since" in (reason_against(fix(), BEFORE.encode() + b"\n", prompts=GLOBS) or "")


def test_where_there_is_no_plain_file_nothing_is_written() -> None:
    assert "no plain file" in (reason_against(fix(), None, prompts=GLOBS) or "")


def test_equal_bytes_are_nothing_to_do() -> None:
    assert "holds the suggestion already" in reason(BEFORE)


def test_a_suggestion_that_the_comment_could_not_keep_is_said_to_be_elsewhere() -> None:
    assert "artifact" in reason("")


@pytest.mark.parametrize(
    "character", ["\u202e", "\u200b", "\u2066", "\U000e0041", "\u00ad", "\ufeff", "\x1b", "\u3164"]
)
def test_invisible_characters_are_never_added(character: str) -> None:
    added = AFTER.replace("happy", f"hap{character}py")

    assert f"U+{ord(character):04X}" in reason(added)
    # also where the prompt had one of them
    before = BEFORE.replace("Label", f"{character}Label")
    twice = before.replace("the review.", f"the{character} review.")
    assert f"U+{ord(character):04X}" in reason(twice, before=before)


def test_what_was_there_before_may_stay() -> None:
    before = BEFORE.replace("Label", "\u200bLabel")

    assert reason(before.replace("the review", "this review"), before=before) == ""


def test_line_ends_of_another_kind_are_not_added() -> None:
    assert "U+000D" in reason(AFTER.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    "after",
    [
        AFTER.replace("{{ review }}", "{{ text }}"),
        AFTER.replace("{{ review }}", "it"),
        AFTER.replace("happy?", "happy? {{ config }}"),
        AFTER.replace("happy?", "happy? {% include 'x' %}"),
        AFTER.replace("Answer Yes or No.", "Answer."),
        AFTER.replace("{# apo: keep #}", "").replace("{# apo: end #}", ""),
        AFTER.replace("user:\n", "assistant:\n"),
        AFTER.replace("Review: {{", "Text: {{"),
        AFTER.replace("temperature: 0", "temperature: 1"),
        AFTER.replace("editable: [system]\n", ""),
    ],
)
def test_more_than_editable_text_is_never_changed(after: str) -> None:
    assert after != AFTER
    assert "more than editable text" in reason(after) or "cannot be read" in reason(after)


@pytest.mark.parametrize("after", ["{{ review", "---\na: [\n---\nx", "\ud800"])
def test_what_is_no_prompt_is_not_written(after: str) -> None:
    assert "cannot be read" in reason(after)


@pytest.mark.parametrize(
    "path",
    [
        "../tone.prompt.md",
        "/etc/x.prompt.md",
        "prompts/../../x.prompt.md",
        "./prompts/x.prompt.md",
        "prompts//x.prompt.md",
        *("", "prompts/x\n.prompt.md", "prompts/\u202ex.prompt.md", "prompts\\x.prompt.md", "prompts/x\0.prompt.md"),
    ],
)
def test_a_path_that_is_not_plain_is_refused(path: str) -> None:
    assert "no plain path" in reason(path=path)


@pytest.mark.parametrize("path", [".github/x.prompt.md", ".GitHub/workflows/ci.prompt.md", "a/.git/x.prompt.md"])
def test_nothing_is_written_to_githubs_folder(path: str) -> None:
    globs = ("**/*.prompt.md",)

    assert ".github" in (reason_against(fix(path=path), BEFORE.encode(), prompts=globs) or "")


@pytest.mark.parametrize("path", ["src/main.py", "prompts/x.txt", "other/tone.prompt.md"])
def test_only_prompts_of_the_configuration_are_written(path: str) -> None:
    assert "configuration" in reason(path=path)


@pytest.mark.parametrize(
    ("message", "author", "login", "own"),
    [
        ("Improve x\n\nApo-CI-Run: 7", "mona", "mona", True),
        ("Improve x\n\nApo-CI-Run: 7", "", "github-actions[bot]", True),
        ("Format", "github-actions[bot]", "github-actions[bot]", True),
        ("Format", "github-actions", "github-actions[bot]", True),
        ("Edit", "mona", "mona", False),  # a person's token acts as the person
        ("Edit", "mona", "github-actions[bot]", False),
        ("Edit", "", "github-actions[bot]", False),
    ],
)
def test_an_own_commit_is_known_by_its_trailer_or_by_its_app(message: str, author: str, login: str, own: bool) -> None:
    assert is_own_commit(message, author, login) is own
