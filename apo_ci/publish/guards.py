"""What keeps a suggestion from being committed. Nothing here asks GitHub; every reason ends "… stays as it is: "."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from apo_ci.errors import InputError
from apo_ci.inputs.paths import checked_path, matching
from apo_ci.inputs.prompts import Prompt, read_prompt
from apo_ci.publish.commit_message import Fix, has_run_trailer
from apo_ci.report.escape import is_hidden, new_hidden_characters

BOT = "[bot]"
FORBIDDEN_FOLDERS = frozenset({".git", ".github"})
MAX_BYTES = 1_000_000
SHOWN = 5  # characters that a reason names


def is_own_commit(message: str, author: str, login: str) -> bool:
    """Whether apo-ci made the commit: its message has the trailer, or its author is the own `login` of an app.

    A person's login says nothing: the person commits by hand, too. GraphQL drops the `[bot]` of some logins.
    """
    if has_run_trailer(message):
        return True
    return login.endswith(BOT) and author.removesuffix(BOT).casefold() == login.removesuffix(BOT).casefold()


def reason_against(fix: Fix, current: bytes | None, *, prompts: Sequence[str]) -> str | None:
    """Why `fix` is not to be written over the file's bytes `current`, if so, as the end of a sentence.

    `current` is `None` where there is no plain file. `prompts` are globs from the repository's root.
    """
    reason = reason_against_path(fix.path, prompts)
    if reason is not None:
        return reason
    if current is None:
        return "there is no plain file there (links and submodules are not followed)"
    if hashlib.sha256(current).hexdigest() != fix.before_hash:
        return "it was changed since the suggestion was measured"
    if not fix.after:
        return "the comment has no room for its suggestion, which is in the run's artifact"
    return _reason_against_text(fix, current)


def reason_against_path(path: str, prompts: Sequence[str]) -> str | None:
    """Why nothing is ever written to `path`, whatever is there, if so."""
    try:
        plain = checked_path(path) == path and not any(map(_is_odd, path))
    except InputError:
        plain = False
    if not plain:
        return "that is no plain path inside the repository"
    if any(part.casefold() in FORBIDDEN_FOLDERS for part in path.split("/")):
        return "nothing is written to .git and .github folders"
    if not matching(prompts, (path,)):
        return "the configuration does not name it as a prompt"
    return None


def _is_odd(character: str) -> bool:
    return character in "\n\t\\" or is_hidden(character)


def _reason_against_text(fix: Fix, current: bytes) -> str | None:
    try:
        after = fix.after.encode()
        before, suggested = read_prompt(current, fix.path), read_prompt(after, fix.path)
    except (InputError, UnicodeEncodeError):
        return "it cannot be read as a prompt before and after"
    if after == current:
        return "it holds the suggestion already"
    if len(after) > MAX_BYTES:
        return "the suggestion is longer than a megabyte"
    hidden = _added_hidden_characters(before.source, suggested.source)
    if hidden:
        names = ", ".join(f"U+{ord(character):04X}" for character in sorted(hidden)[:SHOWN])
        return f"the suggestion adds characters that cannot be seen: {names}"
    if not _is_same_but_for_text(before, suggested):
        return (
            "the suggestion changes more than editable text: placeholders, Jinja2, messages, settings or kept regions"
        )
    return None


def _added_hidden_characters(before: str, after: str) -> frozenset[str]:
    """Hidden characters that are new, or more of them; a carriage return that ends a line as elsewhere is none."""
    counts = Counter(after.replace("\r\n", "\n")) - Counter(before.replace("\r\n", "\n"))
    return new_hidden_characters(before, after) | {character for character in counts if is_hidden(character)}


def _is_same_but_for_text(before: Prompt, after: Prompt) -> bool:
    """Whether `after` differs in its editable literal text alone, and all around the body is the same byte for byte."""
    try:
        if not before.same_structure(after) or before.with_body(after.body).source != after.source:
            return False
    except InputError:
        return False
    editable = before.header.editable
    return editable is None or all(
        old.role in editable or old.text == new.text for old, new in zip(before.messages, after.messages, strict=True)
    )
