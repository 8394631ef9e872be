"""Notices: what we put between backticks can be copied, and what others wrote stays asleep."""

from __future__ import annotations

import re

from apo_ci.errors import ConfigError
from apo_ci.report import notices
from apo_ci.report.redact import Redactor

HOSTILE = "@octocat fixes #12 `<img src=x>` ` @mona s3cret ``` | \u202e"
REDACTOR = Redactor(("s3cret",))


def test_words_between_backticks_become_code_that_can_be_copied() -> None:
    error = ConfigError("no model is named", cure="Set `model: {name: gpt-4.1-mini}` or `provider: local`.")

    text = notices.could_not_run(error, "0" * 40, "https://github.com/o/p/actions/runs/1", REDACTOR)

    assert "\n\nSet `model: {name: gpt-4.1-mini}` or `provider: local`.\n\n" in text


def test_what_others_wrote_stays_asleep_in_a_fault() -> None:
    for message in (HOSTILE, f"{HOSTILE}`"):
        error = ConfigError(message, cure=message, path=message, line=3)

        text = notices.could_not_run(error, "0" * 40, "https://github.com/o/p/actions/runs/1", REDACTOR)

        outside_code = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", re.sub(r"\\\\.", "", text))
        assert "@octocat" not in outside_code
        assert "@mona" not in outside_code
        assert "#12" not in outside_code
        assert "<img" not in outside_code
        assert "s3cret" not in text
        assert "\u202e" not in text
