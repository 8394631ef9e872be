"""The sentences that answer a command. None of them begins a line with a command, so none can answer itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apo_ci.errors import ApoError
from apo_ci.publish.commit_message import Fix, fewer_tokens
from apo_ci.publish.state import Ignored
from apo_ci.report import words
from apo_ci.report.escape import Markdown, code, prose, sentence
from apo_ci.report.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apo_ci.publish.commands import Asked, CommandProblem  # at run time, it would be a circle
    from apo_ci.publish.commit import Commit

MAX_TEXT = 600
MAX_LOGIN = 100
SHOWN_COMMIT = 10
SHOWN_FIXES = 20
ACTIONS_LOGIN = "github-actions[bot]"

HELP = Markdown(
    "Write one of these at the beginning of a line, in a new comment:\n"
    "\n"
    "| Command | What it does |\n"
    "|:--|:--|\n"
    "| `/apo apply` | Commits the confirmed suggestions, unless the head or a prompt changed since. |\n"
    "| `/apo optimize` | Checks this head again and searches for better prompts. `/apo optimize calls=500` says how "
    "many model calls it may cost; else the configured budget holds, and the pull request's own always. |\n"
    "| `/apo ignore <reason>` | Accepts what fails on this head: the check turns neutral, and the comment says who "
    "accepted it and why. The next change of a prompt is judged anew. |\n"
    "| `/apo help` | Shows this. |\n"
    "\n"
    "Whoever may write to this repository may use them. Only `/apo optimize` asks a model. Commands in edited "
    "comments, quotes and code are not read.\n"
)
MORE = "Comment `/apo help` to see what each command does."


def refused(asked: Asked, error: ApoError, redactor: Redactor) -> Markdown:
    """The command was understood and could not be done: why, and what to do."""
    cure = f" {sentence(redactor(error.cure), MAX_TEXT)}" if error.cure else ""
    name = getattr(asked.command, "name", "help")
    place = f"{code(redactor(error.path), MAX_TEXT)}: " if error.path else ""
    message = error.message if error.message.endswith((".", "!", "?")) else f"{error.message}."
    return Markdown(f"**Not done:** {code(f'/apo {name}')}. {place}{sentence(redactor(message), MAX_TEXT)}{cure}\n")


def misunderstood(problem: CommandProblem) -> Markdown:
    """The command could not be read: what to write instead."""
    return Markdown(f"{code(f'/apo {problem.words}')}: {sentence(problem.message)} {sentence(problem.cure)} {MORE}\n")


def accepted(ignored: Ignored) -> Markdown:
    """Somebody accepted what fails."""
    what = words.count(len(ignored.digests), "result")
    return Markdown(
        f"{code(ignored.by, MAX_LOGIN)} accepts {what} of this head: {prose(ignored.reason, MAX_TEXT)}\n\n"
        "The check is neutral now. A change of these prompts, or of their eval sets, is judged anew.\n"
    )


def _gained(fix: Fix) -> str:
    points, fewer = f"{words.points(fix.delta)} points", fewer_tokens(fix.saving)
    return f"{fewer} a call, {points}" if fewer else points


def applied(commit: Commit, fixes: Sequence[Fix], login: str) -> Markdown:
    """The suggestions are on the branch; `login` is the account that committed them."""
    lines = [f"**Committed** [{code(commit.oid[:SHOWN_COMMIT])}]({commit.url}), signed by GitHub:\n"]
    lines += [f"- {code(fix.path)}: {_gained(fix)}" for fix in fixes[:SHOWN_FIXES]]
    if len(fixes) > SHOWN_FIXES:
        lines.append(f"- and {len(fixes) - SHOWN_FIXES} more")
    if login == ACTIONS_LOGIN:
        lines.append(
            "\nA commit of the workflow's own token starts no other workflow. If checks are required, start them on "
            "the new head by hand or with an empty commit, or give apo-ci the token of a GitHub App."
        )
    return Markdown("\n".join(lines) + "\n")
