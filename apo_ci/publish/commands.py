"""`/apo …`: commands in comments on a pull request, who may give them, and how they are acknowledged.

Payload: https://docs.github.com/webhooks/webhook-events-and-payloads#issue_comment. The workflow that runs for it has
the rights of the default branch whoever commented, so the author's permission is asked for before anything is done.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apo_ci.errors import ConfigError, GitHubError, NotFoundError, UnknownOutcomeError
from apo_ci.publish.github import GitHub
from apo_ci.publish.own_words import own_lines
from apo_ci.publish.replies import HELP
from apo_ci.report.escape import clip, one_line

__all__ = [
    "HELP",
    "Asked",
    "Command",
    "CommandProblem",
    "may_command",
    "parse_command",
    "react",
    "read_asked",
    "reply",
]

MAX_BODY = 65_536  # characters; GitHub's own limit
MAX_LINE = 2_000
MAX_REASON = 500
MAX_CALLS = 100_000
ATTEMPTS = 3
SHOWN_WORDS = 40
OPENING = re.compile(r"/apo(?=[ \t]|$)")
CALLS = re.compile(r"calls=([0-9]{1,9})")
OWN_TEXT = "<!-- apo-ci:"
ALLOWED = frozenset({"write", "maintain", "admin"})

Name = Literal["apply", "optimize", "ignore", "help"]
Reaction = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]


@dataclass(frozen=True, slots=True)
class Command:
    """What to do. `calls` caps an optimization, `None` leaves it to the configuration; `reason` is one line."""

    name: Name
    calls: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CommandProblem:
    """A command that cannot be read: what is wrong, and what to write instead. `words` are the author's own."""

    message: str
    cure: str
    words: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for what, where. `association` is GitHub's word for the author's place, and grants nothing."""

    number: int
    comment_id: int
    author: str
    author_id: int
    author_type: str
    association: str
    command: Command | CommandProblem


def parse_command(body: str) -> Command | CommandProblem | None:
    """The command in a comment: its first line that begins with `/apo`, outside quotes, code and HTML comments."""
    for line in own_lines(body[:MAX_BODY]):
        if OPENING.match(line):
            return _parse_line(line[:MAX_LINE])
    return None


def read_asked(payload: Mapping[str, Any]) -> Asked | None:
    """The command of an `issue_comment` event; `None` unless a person just wrote one on a pull request.

    Raises `ConfigError` for a payload that is not of this event.
    """
    try:
        event = _Event.model_validate(payload)
    except ValidationError as problem:
        place = ".".join(str(part) for part in problem.errors()[0]["loc"])
        raise ConfigError(
            f"The payload of the issue_comment event cannot be read at {place}.",
            cure="Run apo-ci in a workflow that GitHub started, with GITHUB_EVENT_PATH as the runner set it.",
        ) from problem
    comment, author = event.comment, event.comment.user
    if event.action != "created" or event.issue.pull_request is None or author is None or _is_app(author):
        return None
    command = None if comment.body.startswith(OWN_TEXT) else parse_command(comment.body)
    if command is None:
        return None
    return Asked(
        number=event.issue.number,
        comment_id=comment.id,
        author=author.login,
        author_id=author.id,
        author_type=author.type,
        association=comment.author_association,
        command=command,
    )


def may_command(github: GitHub, login: str) -> bool:
    """Whether `login` may write to the repository (https://docs.github.com/rest/collaborators/collaborators)."""
    try:
        found = github.get(github.path("collaborators", login, "permission"))
    except NotFoundError:
        return False
    return found.get("permission") in ALLOWED or found.get("role_name") in ALLOWED


def react(github: GitHub, comment_id: int, content: Reaction) -> bool:
    """Put a reaction on a comment; whether GitHub took it. It is a courtesy: no failure of it stops a command."""
    try:
        github.post(github.path("issues", "comments", comment_id, "reactions"), {"content": content}, repeatable=True)
    except GitHubError:
        return False
    return True


def reply(github: GitHub, number: int, text: str, *, to: int = 0) -> str:
    """Comment the Markdown `text` on a pull request, in answer to the comment `to`; the address of the reply.

    When it is not known whether GitHub has it, the comments are looked through before it is sent again.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    body = {"body": f"{OWN_TEXT}reply {to} {digest} -->\n{text}"}
    path = github.path("issues", number, "comments")
    for _ in range(ATTEMPTS):
        try:
            return str(github.post(path, body)["html_url"])
        except UnknownOutcomeError as error:
            lost = error
        for comment in github.pages(path):
            if comment["id"] > to and (comment["body"] or "").strip() == body["body"].strip():
                return str(comment["html_url"])
    raise lost


def _parse_line(line: str) -> Command | CommandProblem:
    words = re.split(r"[ \t]+", line.strip(" \t"), maxsplit=2)
    name = words[1].lower() if len(words) > 1 else "help"
    rest = words[2] if len(words) > 2 else ""
    said = clip(one_line(" ".join(words[1:])), SHOWN_WORDS)
    if name == "optimize":
        return _optimize(rest, said)
    if name == "ignore":
        return _ignore(rest, said)
    if name not in ("apply", "help"):
        return CommandProblem("This is no command.", "There are `apply`, `optimize`, `ignore` and `help`.", said)
    if rest:
        return CommandProblem(f"/apo {name} takes nothing after it.", f"Write /apo {name} alone on its line.", said)
    return Command("apply" if name == "apply" else "help")


def _optimize(rest: str, said: str) -> Command | CommandProblem:
    match = CALLS.fullmatch(rest)
    calls = int(match[1]) if match else None
    if rest and (calls is None or not 1 <= calls <= MAX_CALLS):
        problem = f"/apo optimize takes at most a number of calls, from 1 to {MAX_CALLS:,}."
        return CommandProblem(problem, "Write /apo optimize, or for example /apo optimize calls=500.", said)
    return Command("optimize", calls=calls)


def _ignore(rest: str, said: str) -> Command | CommandProblem:
    reason = clip(one_line(rest), MAX_REASON)
    if not any(character.isalnum() for character in rest):
        return CommandProblem("/apo ignore needs a reason.", "Write /apo ignore, then why it may be merged.", said)
    return Command("ignore", reason=reason)


class _Part(BaseModel):
    """A part of a payload; what is not named here is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _User(_Part):
    login: str = Field(min_length=1, max_length=100)
    id: int
    type: str = "User"


class _Comment(_Part):
    id: int
    body: str = ""
    user: _User | None = None
    author_association: str = "NONE"


class _Issue(_Part):
    number: int
    pull_request: dict[str, Any] | None = None


class _Event(_Part):
    action: str
    issue: _Issue
    comment: _Comment


def _is_app(user: _User) -> bool:
    return user.type == "Bot" or user.login.endswith("[bot]")
