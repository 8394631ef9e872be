"""Secrets do not leave the process, in whatever clothes."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.report.as_json import render_json
from apo_ci.report.comment import render_comment
from apo_ci.report.model import Report
from apo_ci.report.redact import REDACTED, Redactor, redacted
from apo_ci.report.summary import render_summary
from apo_ci.report.terminal import render_terminal
from tests.unit.report.samples import HOSTILE, hostile

CANARY = "sk-canary_4f/9a+Zb<7>&x*y|z"
PLAIN = "sk-canary4f9aZb7xyz0123"


@pytest.mark.parametrize(
    "encoded",
    [
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        re.sub("%..", lambda match: match[0].lower(), quote(CANARY, safe="")),
        json.dumps(CANARY),
        html.escape(CANARY),
        CANARY.encode().hex(),
        CANARY.encode().hex().upper(),
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
    ],
)
def test_a_secret_is_found_in_each_encoding(encoded: str) -> None:
    shown = Redactor([CANARY])(f"before {encoded} after")
    assert encoded not in shown
    assert REDACTED in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_base64_is_found_at_every_offset(before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + PLAIN.encode() + after).decode()
    assert REDACTED in Redactor([PLAIN])(encoded)


def test_each_line_of_a_key_file_is_a_secret() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----\n"
    assert "MIIEvQIBADANBgkqhkiG9w0" not in Redactor([key])("+MIIEvQIBADANBgkqhkiG9w0 in a diff")


def test_what_an_excerpt_left_of_a_secret_is_taken_out() -> None:
    assert Redactor([PLAIN])(f"the key {PLAIN[:12]}… and more") == f"the key {REDACTED}… and more"


def test_a_word_is_no_secret() -> None:
    redactor = Redactor(["x", "none", "EMPTY", ""])
    assert redactor.too_short
    assert redactor("none of the EMPTY boxes is an x") == "none of the EMPTY boxes is an x"
    assert not Redactor([PLAIN, ""]).too_short


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redactor(["secret", "secret-and-more"])("secret-and-more") == REDACTED


def test_a_secret_named_like_a_verdict_leaves_the_report_valid() -> None:
    value = redacted(hostile(), Redactor(["better", "inconclusive"]))
    assert value.prompts[0].suggestion is not None
    assert value.prompts[0].suggestion.status == "better"


@pytest.mark.parametrize("secret", [PLAIN, CANARY])
@pytest.mark.parametrize("render", [render_comment, render_summary, render_json, render_terminal])
def test_no_rendering_of_any_field_holds_a_secret(render: object, secret: str) -> None:
    assert callable(render)
    leaking = json.dumps(hostile().model_dump(mode="json")).replace(
        json.dumps(HOSTILE)[1:-1], json.dumps(secret + HOSTILE)[1:-1]
    )
    shown = render(Report.model_validate_json(leaking), Redactor([secret]))
    assert REDACTED in shown
    for form in (secret, secret[:10], json.dumps(secret)[1:-1], html.escape(secret)):
        assert form not in shown
