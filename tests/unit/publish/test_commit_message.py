"""A commit's message says what was measured, and nothing in it comes alive at GitHub."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apo_ci.publish.commit_message import Fix, commit_message, fix_of, has_run_trailer, plain
from apo_ci.publish.state import Suggested, pack

RUN_URL = "https://github.com/octo/prompts/actions/runs/77"
FIX = Fix("prompts/tone.prompt.md", "0" * 64, "a", "b", 0.032, 0.005, 0.059, 180, "77", 1204, "gpt-4.1-mini")
HOSTILE = (
    *("@octocat", "@octo/team", "fixes #12", "Closes: octo/prompts#3", "resolved GH-4", "\nfixes #1\n", "[skip ci]"),
    *("[ci skip]", "[no ci]", "[skip actions]", "***NO_CI***", "skip-checks: true", "\n\nskip-checks:true", "\u202e"),
    *("\x1b[31m", "\u200b", "a\u2028b", "Signed-off-by: A <a@b.co>", "https://github.com/octo/prompts/issues/3", "\r"),
    *("<!-- x -->", "close", "Fix", "prefixes #3", "x" * 300, "llama3:8b", "BREAKING CHANGE: all"),
)
CLOSES = re.compile(r"\b(close[sd]?|fix(e[sd])?|resolve[sd]?)\b:?\s+(\S*#\d|GH-\d|\S*://)", re.IGNORECASE)
SKIPS = re.compile(r"\[[a-z ]*(ci|actions)[a-z ]*\]|NO_CI\*|^skip-checks", re.IGNORECASE | re.MULTILINE)
MENTION = re.compile(r"(?<![A-Za-z0-9])@")
REFERENCE = re.compile(r"#\d|\bGH-\d", re.IGNORECASE)
texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), max_size=6).map("".join)


def trailers(message: str) -> list[str]:
    """What git itself reads."""
    command = ["git", "interpret-trailers", "--parse"]
    done = subprocess.run(command, input=message.encode(), capture_output=True, check=True)
    return done.stdout.decode().splitlines()


def test_one_fix_is_named_in_the_headline_with_its_gain() -> None:
    message = commit_message([FIX], run_url=RUN_URL, requested_by=None)

    assert message.headline == "Improve prompts/tone.prompt.md (+3.2 points)"
    assert message.body == (
        "apo-ci measured this on cases that its search never saw, the text before\n"
        "and after on the same ones.\n"
        "\n"
        "- prompts/tone.prompt.md gains +3.2 points, interval +0.5 to +5.9, 180\n"
        "  cases, model gpt-4.1-mini, found with 1,204 calls\n"
        "\n"
        "Measured by https://github.com/octo/prompts/actions/runs/77\n"
        "\n"
        "Apo-CI-Run: 77\n"
        "Apo-CI-Delta: +3.2 points (+0.5 to +5.9, n=180)"
    )


def test_a_cheaper_prompt_is_named_with_its_saving() -> None:
    cheaper = replace(FIX, delta=0.0, ci_low=-0.02, ci_high=0.02, saving=0.42)

    message = commit_message([cheaper], run_url=RUN_URL, requested_by=None)

    assert message.headline == "Improve prompts/tone.prompt.md (42% fewer tokens)"
    assert "takes 42% fewer tokens a call, at 0.0 points, interval" in message.body.replace("\n  ", " ")


def test_git_reads_the_trailers_back() -> None:
    other = replace(FIX, path="prompts/other.prompt.md", delta=-0.0001)

    message = commit_message([FIX, other], run_url=RUN_URL, requested_by="mona", requester_id=42)

    assert message.headline == "Improve 2 prompts, as measured by apo-ci"
    assert trailers(message.whole) == [
        "Apo-CI-Run: 77",
        "Apo-CI-Delta: +3.2 points (+0.5 to +5.9, n=180) prompts/tone.prompt.md",
        "Apo-CI-Delta: 0.0 points (+0.5 to +5.9, n=180) prompts/other.prompt.md",
        "Co-authored-by: mona <42+mona@users.noreply.github.com>",
    ]


def test_on_an_enterprise_server_a_co_author_has_its_address_there() -> None:
    message = commit_message([FIX], run_url="https://ghe.example.com/o/p/actions/runs/7", requested_by="mona")

    assert "Co-authored-by: mona <mona@users.noreply.ghe.example.com>" in trailers(message.whole)


@pytest.mark.parametrize("login", ["mona\n", "a b", "@mona", "mona>", "mona[bot]", ""])
def test_a_login_that_cannot_be_one_is_left_out(login: str) -> None:
    assert "Asked" not in commit_message([FIX], run_url=RUN_URL, requested_by=login).body


@pytest.mark.parametrize("address", ["", "javascript:x", "https://a@b/c", f"{RUN_URL}\nfixes #1", f"{RUN_URL}#12"])
def test_an_address_that_cannot_be_a_runs_is_left_out(address: str) -> None:
    assert "Measured by" not in commit_message([FIX], run_url=address, requested_by=None).body


def test_a_long_message_says_how_many_fixes_it_leaves_out() -> None:
    fixes = [replace(FIX, path=f"prompts/{number}.prompt.md") for number in range(25)]

    body = commit_message(fixes, run_url=RUN_URL, requested_by=None).body

    assert "And 5 more." in body
    assert body.count("Apo-CI-Delta:") == 20


@given(texts, texts, texts)
@example("fixes", "#12 GH-3", "@octocat")
@example("prompts/[skip ci]\u202e.prompt.md", "skip-checks: true", "closes")
@example("x" * 65 + "prefixes GH-1", "", "")
def test_whatever_the_names_nothing_comes_alive(path: str, model: str, run: str) -> None:
    fixes = [replace(FIX, path=path, model=model, run=run), replace(FIX, path=f"{path}{model}")]
    for some in (fixes[:1], fixes):
        message = commit_message(some, run_url=RUN_URL, requested_by=None)

        assert len(message.headline) <= 72
        assert "\n" not in message.headline
        whole = message.whole
        assert not MENTION.search(whole)
        assert not CLOSES.search(whole)
        assert not SKIPS.search(whole)
        assert not REFERENCE.search(whole)
        assert not any(
            unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"}
            for character in whole
            if character != "\n"
        )
        last = whole.rpartition("\n\n")[2].splitlines()
        assert {line.partition(":")[0] for line in last} == {"Apo-CI-Run", "Apo-CI-Delta"}
        assert all(
            len(line) <= 72 or " " not in line.strip(" -") for line in message.body.split("\n\n")[0].splitlines()
        )


@given(texts)
def test_plain_words_stay_on_one_line(text: str) -> None:
    assert len(plain(text).splitlines()) <= 1


def test_ordinary_names_stay_as_they_are() -> None:
    for name in (
        "prompts/fix-tone.prompt.md",
        "llama3:8b",
        "org/model-v1.2",
        "プロンプト/評価.prompt.md",
        "हिन्दी.prompt.md",
    ):
        assert plain(name) == name


def test_the_trailer_tells_an_own_commit() -> None:
    message = commit_message([FIX], run_url=RUN_URL, requested_by=None)

    assert has_run_trailer(message.whole)
    assert has_run_trailer("Squash\n\n* x\n\napo-ci-run: 5\n\nSigned-off-by: A <a@b.co>")
    assert not has_run_trailer("Say what Apo-CI-Run: means")
    assert not has_run_trailer("Apo-CI-Run:\n")


def test_a_fix_is_read_from_what_the_comment_remembers() -> None:
    stored = Suggested(
        path="p.prompt.md",
        prompt_hash="ab",
        packed=pack("new"),
        delta=0.1,
        ci_low=0.0,
        ci_high=0.2,
        n=9,
        run=5,
        calls=3,
    )

    fix = fix_of(stored)

    assert (fix.path, fix.before_hash, fix.after, fix.run, fix.calls) == ("p.prompt.md", "ab", "new", "5", 3)
