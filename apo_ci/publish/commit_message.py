"""The message of a commit that applies a suggestion: what was measured, by which run, and nothing that comes alive.

GitHub acts on commit messages: it notifies who is mentioned, closes issues (https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue),
skips workflows (https://docs.github.com/actions/how-tos/manage-workflow-runs/skip-workflow-runs), and credits
co-authors (https://docs.github.com/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors).
Trailers are those of `git interpret-trailers`.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from apo_ci.report import words
from apo_ci.report.escape import clip, one_line

if TYPE_CHECKING:
    from apo_ci.publish.state import Suggested  # imported at run time, it would be a circle

RUN_TRAILER = "Apo-CI-Run"
DELTA_TRAILER = "Apo-CI-Delta"
MAX_HEADLINE = 72  # characters; GitHub shows no more of a headline
WIDTH = 72
MAX_NAME = 200
MAX_FIXES = 20  # that a message lists

KEPT_MARKS = frozenset(" /._+-,:()=~%‹›…−")
# What closes an issue when a reference follows; here none can follow, and still no such word stands alone.
CLOSING = re.compile(r"(?<![\w/.-])(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?![\w/.-])", re.IGNORECASE)
ISSUE = re.compile(r"\bGH-(?=\d)", re.IGNORECASE)
SKIP = re.compile(r"\bskip-(?=checks)", re.IGNORECASE)
COLON = re.compile(r":(?![0-9A-Za-z])")  # would end a trailer's key, or begin an address
LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})")
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._-]+)+")


@dataclass(frozen=True, slots=True)
class Fix:
    """A suggestion to write: `after` replaces the file at `path` (from the repository's root).

    `before_hash` is the SHA-256 of the file that it was measured against; `before` is that file's text where it is
    known, else empty: guards look at the file itself. `delta` and its interval are in units of the metric, over `n`
    cases; `run` names the run that measured them. `saving` is the share of a call's tokens that a cheaper prompt does
    without, 0 for one that was confirmed to score higher.
    """

    path: str
    before_hash: str
    before: str
    after: str
    delta: float
    ci_low: float
    ci_high: float
    n: int
    run: str
    calls: int
    model: str
    saving: float = 0.0


class CommitMessage(NamedTuple):
    """A commit's message as `createCommitOnBranch` takes it."""

    headline: str
    body: str

    @property
    def whole(self) -> str:
        """The message as git keeps it."""
        return f"{self.headline}\n\n{self.body}"


def fix_of(suggested: Suggested) -> Fix:
    """The fix that the comment remembers; its `after` is empty when the text was too long to be kept there."""
    return Fix(
        path=suggested.path,
        before_hash=suggested.prompt_hash,
        before="",
        after=suggested.text(),
        delta=suggested.delta,
        ci_low=suggested.ci_low,
        ci_high=suggested.ci_high,
        n=suggested.n,
        run=str(suggested.run),
        calls=suggested.calls,
        model="",
        saving=suggested.saving,
    )


def commit_message(
    fixes: Sequence[Fix], *, run_url: str, requested_by: str | None, requester_id: int | None = None
) -> CommitMessage:
    """What was measured, where from, and trailers; `requested_by` is the login of who asked, with its account's number.

    A run's address or a login that does not look like one is left out.
    """
    requester = requested_by if requested_by and LOGIN.fullmatch(requested_by) else None
    address = run_url if ADDRESS.fullmatch(run_url) else ""
    paragraphs = [
        _wrapped(
            "apo-ci measured this on cases that its search never saw, the text before and after on the same ones."
        ),
        "\n".join(_wrapped(_measured(fix), bullet=True) for fix in fixes[:MAX_FIXES]),
        f"And {len(fixes) - MAX_FIXES} more." if len(fixes) > MAX_FIXES else "",
        _wrapped(f"Asked for by {requester}.") if requester else "",
        f"Measured by {address}" if address else "",
        "\n".join(_trailers(fixes, requester, requester_id, address)),
    ]
    return CommitMessage(_headline(fixes), "\n\n".join(filter(None, paragraphs)))


def fewer_tokens(saving: float) -> str:
    """`31% fewer tokens`; empty where none are saved."""
    share = round(100 * saving)
    return f"{share}% fewer tokens" if share > 0 else ""


def plain(text: str, limit: int = MAX_NAME) -> str:
    """`text` as words in a commit message: one line without mention, reference, closing word, skip word or trailer.

    Characters that could begin one of these are written as `‹U+0040›`.
    """
    line = "".join(character if _is_kept(character) else _shown(character) for character in one_line(text, limit))
    line = COLON.sub(_shown(":"), line)
    line = ISSUE.sub(lambda match: match[0].replace("-", _shown("-")), line)
    line = SKIP.sub(lambda match: match[0].replace("-", _shown("-")), line)
    return CLOSING.sub(r"‹\g<0>›", line)


def has_run_trailer(message: str) -> bool:
    """Whether `message` is that of a commit that apo-ci made, wherever in it the trailer stands."""
    return re.search(rf"^{RUN_TRAILER}:[ \t]*\S", message, re.MULTILINE | re.IGNORECASE) is not None


def _is_kept(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LMN" or category == "So" or character in KEPT_MARKS


def _shown(character: str) -> str:
    return f"‹U+{ord(character):04X}›"


def _headline(fixes: Sequence[Fix]) -> str:
    if len(fixes) != 1:
        return f"Improve {len(fixes)} prompts, as measured by apo-ci"
    gain = f" ({fewer_tokens(fixes[0].saving) or f'{_points(fixes[0].delta)} points'})"
    room = MAX_HEADLINE - len("Improve ") - len(gain)
    for limit in range(room, 12, -4):
        name = plain(words.short_path(fixes[0].path, limit))
        if name and len(name) <= room:
            return f"Improve {name}{gain}"
    return f"Improve a prompt{gain}"[:MAX_HEADLINE]


def _measured(fix: Fix) -> str:
    fewer = fewer_tokens(fix.saving)
    parts = [
        f"{plain(fix.path)} {f'takes {fewer} a call, at' if fewer else 'gains'} {_points(fix.delta)} points",
        f"interval {_points(fix.ci_low)} to {_points(fix.ci_high)}",
        words.count(fix.n, "case"),
    ]
    if fix.model:
        parts.append(f"model {plain(fix.model)}")
    if fix.calls:
        parts.append(f"found with {words.count(fix.calls, 'call')}")
    return ", ".join(parts)


def _trailers(fixes: Sequence[Fix], requester: str | None, number: int | None, address: str) -> list[str]:
    runs = dict.fromkeys(plain(fix.run) or "unknown" for fix in fixes[:MAX_FIXES])
    lines = [f"{RUN_TRAILER}: {run}" for run in runs]
    for fix in fixes[:MAX_FIXES]:
        interval = f"{_points(fix.ci_low)} to {_points(fix.ci_high)}"
        of = f" {plain(fix.path)}" if len(fixes) > 1 else ""
        lines.append(f"{DELTA_TRAILER}: {_points(fix.delta)} points ({interval}, n={fix.n}){of}")
    if requester:
        lines.append(f"Co-authored-by: {requester} <{_mail(requester, number, address)}>")
    return lines


def _mail(login: str, number: int | None, address: str) -> str:
    """The address by which GitHub knows an account (docs: "Setting your commit email address", noreply)."""
    host = urlsplit(address).hostname or "github.com"
    return f"{login if number is None else f'{number}+{login}'}@users.noreply.{host}"


def _points(value: float) -> str:
    text = f"{value * 100:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def _wrapped(text: str, *, bullet: bool = False) -> str:
    first, later = ("- ", "  ") if bullet else ("", "")
    return textwrap.fill(
        clip(text, 2000),
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
