"""Commands in comments: what is read, from whom, and how they are answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.errors import ConfigError, UnknownOutcomeError
from apo_ci.publish.commands import (
    HELP,
    MAX_REASON,
    Command,
    CommandProblem,
    may_command,
    parse_command,
    react,
    read_asked,
    reply,
)
from tests.github import contracts
from tests.github.fake import FakeGitHub
from tests.github.faults import Kind, Script
from tests.unit.publish.prompts import client

LOST: list[Kind] = ["502"] * 9
WORDS = ("/apo", " ", "apply", "optimize", "ignore", "help", "calls=", "500", "\n", "```", "> ", "\t", "\u202e", "<!--")


def problem(body: str) -> CommandProblem:
    found = parse_command(body)
    assert isinstance(found, CommandProblem)
    return found


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("/apo apply", Command("apply")),
        ("/apo   Apply  ", Command("apply")),
        ("/apo\tapply\r\n", Command("apply")),
        ("Looks good.\n/apo apply\n/apo help", Command("apply")),
        ("/apo optimize", Command("optimize")),
        ("/apo optimize calls=500", Command("optimize", calls=500)),
        ("/apo optimize calls=1", Command("optimize", calls=1)),
        ("/apo optimize calls=100000", Command("optimize", calls=100_000)),
        ("/apo ignore the drop is wanted", Command("ignore", reason="the drop is wanted")),
        ("/apo help", Command("help")),
        ("/apo", Command("help")),
    ],
)
def test_a_command_is_read(body: str, command: Command) -> None:
    assert parse_command(body) == command


@pytest.mark.parametrize(
    "body",
    [
        "",
        "apply",
        "/apology",
        "/apo-ci apply",
        "/apoapply",
        "I wrote /apo apply",
        "> /apo apply",
        "```\n/apo apply\n```",
        *(
            " /apo apply",
            "    /apo apply",
            "<!-- \n/apo apply\n-->",
            "`/apo apply`",
            "\\/apo apply",
            "\u200b/apo apply",
        ),
    ],
)
def test_other_text_is_no_command(body: str) -> None:
    assert parse_command(body) is None


@pytest.mark.parametrize("name", ["apply", "help"])
def test_words_after_a_command_that_takes_none_are_a_problem_that_says_what_to_write(name: str) -> None:
    found = problem(f"/apo {name} please, now")

    assert found.cure == f"Write /apo {name} alone on its line."
    assert found.words == f"{name} please, now"


@pytest.mark.parametrize(
    "rest",
    ["calls=0", "calls=100001", "calls=-1", "calls=1e3", "calls=", "calls=٣", "calls=5 6", "500", "calls=99999999999"],
)
def test_calls_have_bounds(rest: str) -> None:
    assert "from 1 to 100,000" in problem(f"/apo optimize {rest}").message


@pytest.mark.parametrize("body", ["/apo ignore", "/apo ignore   ", "/apo ignore \u200b\u202e", "/apo ignore ..."])
def test_ignoring_needs_a_reason(body: str) -> None:
    assert "needs a reason" in problem(body).message


def test_an_unknown_command_is_a_problem_with_the_words_bounded() -> None:
    found = problem("/apo destroy " + "x" * 5000)

    assert found.cure == "There are `apply`, `optimize`, `ignore` and `help`."
    assert len(found.words) <= 40


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=12).map("".join))
def test_no_body_raises(body: str) -> None:
    found = parse_command(body)

    assert found is None or isinstance(found, Command | CommandProblem)
    if isinstance(found, Command) and found.calls is not None:
        assert 1 <= found.calls <= 100_000


@given(st.text())
def test_a_reason_is_one_bounded_line(text: str) -> None:
    found = parse_command(f"/apo ignore a{text}")

    assert isinstance(found, Command)
    assert len(found.reason) <= MAX_REASON
    assert len(found.reason.splitlines()) == 1
    assert "\u202e" not in found.reason


def event(**changes: Any) -> dict[str, Any]:
    """A real payload, on a pull request, with a command."""
    contracts.require_contracts()
    payload = contracts.webhook_example("issue_comment", "created")
    payload["comment"]["body"] = "/apo apply"
    payload["issue"]["pull_request"] = {"url": "https://api.github.com/repos/Codertocat/Hello-World/pulls/1"}
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = payload
        for parent in parents:
            place = place[parent]
        place[last] = value
    return payload


def test_a_comment_on_a_pull_request_asks() -> None:
    asked = read_asked(event())

    assert asked is not None
    assert (asked.number, asked.comment_id, asked.author, asked.author_id) == (1, 492700400, "Codertocat", 21031067)
    assert (asked.author_type, asked.association, asked.command) == ("User", "OWNER", Command("apply"))


def test_a_command_that_cannot_be_read_asks_with_its_problem() -> None:
    asked = read_asked(event(comment__body="/apo apply now"))

    assert asked is not None
    assert isinstance(asked.command, CommandProblem)


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "edited"},
        {"action": "deleted"},
        {"issue__pull_request": None},
        {"comment__user__type": "Bot"},
        {"comment__user__login": "renovate[bot]"},
        {"comment__user": None},
        {"comment__body": "Nice."},
        {"comment__body": "<!-- apo-ci:reply 1 -->\n/apo apply"},
    ],
)
def test_nobody_asks_in_edits_on_issues_or_as_a_bot(changes: dict[str, Any]) -> None:
    assert read_asked(event(**changes)) is None


@pytest.mark.parametrize("payload", [{}, {"action": "created", "issue": {}, "comment": {}}, {"action": []}])
def test_a_payload_of_something_else_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="issue_comment"):
        read_asked(payload)


@pytest.mark.parametrize(
    ("role", "may"),
    [("admin", True), ("maintain", True), ("write", True), ("triage", False), ("read", False), ("none", False)],
)
def test_only_who_may_write_may_command(role: str, may: bool) -> None:
    with FakeGitHub() as fake:
        fake.collaborator("mona", role)

        assert may_command(client(fake), "mona") is may


def test_a_stranger_may_not_command() -> None:
    with FakeGitHub() as fake:
        assert may_command(client(fake), "stranger") is False


def test_a_reaction_acknowledges_once() -> None:
    with FakeGitHub() as fake:
        conversation(fake)
        comment = fake.comment(7, "/apo apply")

        assert react(client(fake), comment, "eyes")
        assert react(client(fake), comment, "eyes")

        assert [one["content"] for one in fake.reactions(comment)] == ["eyes"]


def test_a_reaction_that_is_not_allowed_stops_nothing() -> None:
    with FakeGitHub() as fake:
        conversation(fake)
        comment = fake.comment(7, "/apo apply")
        fake.permissions = {"metadata": "read"}

        assert react(client(fake), comment, "eyes") is False


def conversation(fake: FakeGitHub) -> None:
    fake.branch("main", {"a.txt": "a"})
    fake.branch("edit", {"a.txt": "b"}, parent="main")
    fake.pull_request(7)


@pytest.mark.parametrize("fault", ["502", "502_after", "reset_after", "reset"])
def test_a_reply_is_there_once_whatever_breaks(fault: Any) -> None:
    with FakeGitHub() as fake:
        conversation(fake)
        asked = fake.comment(7, "/apo help")
        fake.faults = Script(fault, only=lambda method, path: method == "POST")

        address = reply(client(fake), 7, HELP, to=asked)

        replies = [comment for comment in fake.comments(7) if comment["login"] == fake.login]
        assert len(replies) == 1
        assert address.endswith(f"#issuecomment-{replies[0]['id']}")
        assert HELP.strip() in replies[0]["body"]


def test_a_second_reply_to_another_comment_is_not_taken_for_the_first() -> None:
    with FakeGitHub() as fake:
        conversation(fake)
        reply(client(fake), 7, HELP, to=fake.comment(7, "/apo help"))
        second = fake.comment(7, "/apo help")
        fake.faults = Script("502", only=lambda method, path: method == "POST")

        reply(client(fake), 7, HELP, to=second)

        assert sum(comment["login"] == fake.login for comment in fake.comments(7)) == 2


def test_a_reply_that_stays_lost_is_said_to_be_lost() -> None:
    with FakeGitHub() as fake:
        conversation(fake)
        fake.faults = Script(*LOST, only=lambda method, path: method == "POST")

        with pytest.raises(UnknownOutcomeError):
            reply(client(fake), 7, HELP)


def test_help_names_every_command_and_is_none_itself() -> None:
    assert all(f"/apo {name}" in HELP for name in ("apply", "optimize", "ignore", "help"))
    assert parse_command(HELP) is None
