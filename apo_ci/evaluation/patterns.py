"""Regular expressions that run in linear time, whoever wrote the pattern or the text (RE2)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from apo_ci.errors import InputError


@lru_cache(maxsize=1_024)
def compile_pattern(pattern: str) -> Any:
    """`pattern`, ready for `occurs`; `InputError` when it is not RE2 syntax."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as problem:
        reason = problem.args[0]
        raise InputError(
            f"The pattern {pattern[:80]!r} cannot be used: {reason.decode() if isinstance(reason, bytes) else reason}.",
            cure="Write it in RE2 syntax (github.com/google/re2/wiki/Syntax): no look-around, no back-references.",
        ) from problem


def occurs(pattern: str, text: str) -> bool:
    """Whether `pattern` matches anywhere in `text`."""
    return compile_pattern(pattern).search(text.encode("utf-8", "replace")) is not None
