"""Replies say why and what to do, and nothing in them comes alive."""

from __future__ import annotations

import re

import pytest

from apo_ci.errors import ApoError, RefusedError
from apo_ci.publish import replies
from apo_ci.publish.commands import Asked, Command, CommandProblem, parse_command
from apo_ci.publish.commit import Commit, Fix
from apo_ci.publish.state import Ignored
from apo_ci.report.redact import Redactor

HOSTILE = "@octocat fixes #12 <img src=x> ![x](http://x.y) \u202e\n/apo apply\n::error::x s3cret"
REDACTOR = Redactor(("s3cret",))
FIX = Fix(f"prompts/{HOSTILE}.prompt.md", "", "", "", 0.032, 0.0, 0.1, 9, "7", 5, "m")


def asked(command: Command | CommandProblem) -> Asked:
    return Asked(7, 1, "mona", 42, "User", "MEMBER", command)


def every_reply() -> list[str]:
    problem = CommandProblem("This is no command.", "Write /apo help.", HOSTILE)
    error = RefusedError(HOSTILE, cure=HOSTILE, path=HOSTILE)
    return [
        replies.HELP,
        replies.refused(asked(Command("apply")), error, REDACTOR),
        replies.refused(asked(problem), ApoError(HOSTILE), REDACTOR),
        replies.misunderstood(problem),
        replies.accepted(Ignored(by="mona", reason=HOSTILE, digests=("a", "b"))),
        replies.applied(Commit("0" * 40, "https://github.com/o/p/commit/0"), [FIX], "github-actions[bot]"),
    ]


@pytest.mark.parametrize("text", every_reply())
def test_what_others_wrote_stays_asleep(text: str) -> None:
    outside_code = re.sub(r"\\.", "", "".join(text.split("`")[::2]))
    assert "@octocat" not in outside_code
    assert "#12" not in outside_code
    assert "<img" not in outside_code
    assert "![x](" not in outside_code
    assert "\u202e" not in text
    assert "::error" not in text
    assert parse_command(text) is None


def test_a_refusal_says_why_and_what_to_do_without_secrets() -> None:
    error = RefusedError("The head moved, s3cret.", cure="Wait for the check.")

    text = replies.refused(asked(Command("apply")), error, REDACTOR)

    assert text.startswith("**Not done:** `/apo apply`. The head moved, ")
    assert text.endswith("Wait for the check.\n")
    assert "s3cret" not in text


def test_a_problem_repeats_the_words_and_says_what_to_write() -> None:
    found = parse_command("/apo apply it")
    assert isinstance(found, CommandProblem)

    assert replies.misunderstood(found) == (
        "`/apo apply it`: /apo apply takes nothing after it. Write /apo apply alone on its line. "
        "Comment `/apo help` to see what each command does.\n"
    )


def test_an_accepted_failure_is_told_with_who_and_why() -> None:
    text = replies.accepted(Ignored(by="mona", reason="the labels are wrong", digests=("a",)))

    assert text.startswith("`mona` accepts 1 result of this head: the labels are wrong\n")


def test_a_commit_of_the_workflows_token_is_told_to_start_no_workflow() -> None:
    commit = Commit("abcdef0123456789", "https://github.com/o/p/commit/abcdef0123456789")

    text = replies.applied(commit, [FIX], "github-actions[bot]")

    assert text.startswith("**Committed** [`abcdef0123`](https://github.com/o/p/commit/abcdef0123456789), signed")
    assert "starts no other workflow" in text
    assert "starts no other workflow" not in replies.applied(commit, [FIX], "mona")
