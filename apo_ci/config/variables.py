"""The environment variables of this process: keys, secrets, folders; the only module that reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from apo_ci.config.settings import STANDARD_KEY, ModelSettings

SECRET_NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$")
ACTION_KEY = "APO_CI_INPUT_API_KEY"


def environment() -> Mapping[str, str]:
    """A copy of the process's environment, for the one who reads the action's inputs and the event."""
    return dict(os.environ)


def api_key(settings: ModelSettings) -> SecretStr | None:
    """The key in the environment variable that `settings` names; `None` when it is unset or empty.

    The action's own input stands in for `OPENAI_API_KEY`, and for no other name: a variable that somebody chose is
    the only one that was meant.
    """
    value = os.environ.get(settings.api_key_env, "")
    if not value and settings.api_key_env == STANDARD_KEY:
        value = os.environ.get(ACTION_KEY, "")
    return SecretStr(value) if value else None


def place_of_key(name: str) -> str:
    """Where a person puts the key that the variable `name` holds: the variable, and what a workflow has for it."""
    return f"{name} (in a workflow: {'the input `api-key`' if name == STANDARD_KEY else '`env:` of the step'})"


def known_secrets(*settings: ModelSettings) -> tuple[str, ...]:
    """Every secret this process knows of, to be redacted wherever text leaves it, the longest first.

    These are the keys that `settings` name, and every variable whose name says that it holds a secret.
    """
    named = {block.api_key_env for block in settings}
    values = {value for name, value in os.environ.items() if name in named or SECRET_NAME.search(name)}
    return tuple(sorted(filter(None, values), key=lambda value: (-len(value), value)))


def user_cache_directory() -> Path:
    """Where downloads and assembled models are kept (XDG Base Directory Specification, `XDG_CACHE_HOME`)."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "apo-ci"
