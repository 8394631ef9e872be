"""What git is told through its environment, and what it must not hear of there.

A container's user does not own the checkout that the runner made, and git then refuses to read it unless its folder is
a `safe.directory`: the owner's settings could name programs to start. Here they cannot. Hooks and the file system
monitor are always off, and no command that apo-ci gives starts a pager, an editor, a filter, an external diff or a text
conversion. In a folder of somebody else's, credential helpers and every transport but HTTPS are off as well, which a
partial clone would start to get what it lacks. So exactly the folder that was asked for is trusted.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from apo_ci.errors import RepositoryError

Pairs = tuple[tuple[str, str], ...]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# What a machine's owner says of its git; any other GIT_* variable is about somebody else's command (`GIT_DIR` in a
# hook), or changes what git writes (`GIT_EXTERNAL_DIFF`, `GIT_TRACE`).
KEPT = frozenset(
    {
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"),
        *(
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "GIT_SSL_CAINFO",
            "GIT_SSL_CAPATH",
            "GIT_CEILING_DIRECTORIES",
            "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        ),
    }
)
FIXED = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
HTTPS_ALONE = {"GIT_ALLOW_PROTOCOL": "https"}
ALWAYS: Pairs = (("core.fsmonitor", "false"), ("core.hooksPath", "/dev/null"))
NO_HELPER: Pairs = (("credential.helper", ""),)
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"refs/(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)|/\.|\.$|/$))[^\s~^:?\[\\\x00-\x20\x7f]+")
_WRITABLE = ("refs/remotes/", "refs/apo-ci/")


def child_environment(environment: Mapping[str, str], root: Path, more: Pairs = ()) -> dict[str, str]:
    """The environment of a git command at `root`, from this process's own; `more` are settings for this command.

    Settings travel as `GIT_CONFIG_*` (git-config(1), "ENVIRONMENT"), where no list of processes shows them.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith("GIT_") or name in KEPT}
    pairs = (*ALWAYS, *more)
    if _is_foreign(root):
        kept |= HTTPS_ALONE
        pairs = (("safe.directory", str(root.resolve())), *NO_HELPER, *pairs)
    told = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for index, (key, value) in enumerate(pairs):
        told |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return {**kept, **FIXED, **told}


def _is_foreign(root: Path) -> bool:
    """Whether another user owns the folder."""
    try:
        return root.stat().st_uid != os.geteuid()
    except OSError:
        return False


def fetch_settings(url: str, token: SecretStr | None) -> Pairs:
    """The settings for a fetch from `url`: no redirects to elsewhere, and the token as a header for this URL alone.

    What actions/checkout left behind is reset first: GitHub refuses a request with two Authorization headers.
    """
    if token is None or not url.startswith("http"):
        return ()
    basic = base64.b64encode(f"x-access-token:{token.get_secret_value()}".encode()).decode()
    name = f"http.{url}.extraheader"
    return (*NO_HELPER, ("http.followRedirects", "false"), (name, ""), (name, f"Authorization: Basic {basic}"))


def protocol_of(url: str) -> str:
    """`https`, `http` on loopback, or `file`. Raises `RepositoryError` for any other, and for a password in the URL."""
    if url.startswith(("/", "./", "../")):
        return "file"
    if not url.isprintable() or " " in url:
        raise RepositoryError("The remote's URL holds blanks or control characters.", cure="Write it out plainly.")
    parts = urlsplit(url)
    if parts.scheme == "file":
        return "file"
    if parts.username is not None or parts.password is not None:
        raise RepositoryError("The remote's URL holds a name or a password.", cure="Hand in the token by itself.")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return parts.scheme
    raise RepositoryError("apo-ci fetches over https only.", cure="Give the remote an https URL.")


def checked_refspecs(refspecs: Iterable[str]) -> tuple[str, ...]:
    """`refspecs` as they are. Raises `RepositoryError` for one that is none, or that writes to a branch or tag of ours.

    A source is a full ref or an object's name; the destination, if there is one, lies in `refs/remotes` or
    `refs/apo-ci`.
    """
    return tuple(map(_checked, refspecs))


def _checked(refspec: str) -> str:
    source, colon, target = refspec.removeprefix("+").partition(":")
    stars = (source.count("*"), target.count("*") if colon else source.count("*"))
    known = _OBJECT.fullmatch(source) or _REF.fullmatch(source)
    written = not colon or (_REF.fullmatch(target) is not None and target.startswith(_WRITABLE))
    if (
        not known
        or not written
        or stars not in ((0, 0), (1, 1))
        or not source.isprintable()
        or not target.isprintable()
    ):
        cure = "Write `refs/heads/main:refs/remotes/origin/main`, or a full ref alone."
        raise RepositoryError(f"`{refspec}` is not a refspec that apo-ci fetches.", cure=cure)
    return refspec
