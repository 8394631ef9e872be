"""`report.json` and its published schema."""

from __future__ import annotations

import json
import re
from typing import Any

from apo_ci.report.escape import is_hidden
from apo_ci.report.model import Report
from apo_ci.report.redact import Redactor, redacted

SCHEMA_ID = "urn:apo-ci:report:1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOT_ASCII = re.compile(r"[^\x20-\x7e\n]")
COMMANDS = re.compile(r"::(?=[A-Za-z])|##(?=\w{0,40}\[)")


def render_json(report: Report, redactor: Redactor) -> str:
    """`report.json`: the exact texts, two-space indent, a newline at the end.

    Characters that cannot be seen, and what the Actions runner would obey in a log, are written as `\\u` escapes:
    a parser reads the same text, a terminal does not.
    """
    plain = redacted(report, redactor).model_dump(mode="json")
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
    text = COMMANDS.sub(lambda match: f"\\u{ord(match[0][0]):04x}{match[0][1]}", text)
    return NOT_ASCII.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return json.dumps(character)[1:-1] if is_hidden(character) else character


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `report.json`, as `apo-ci schema` prints it."""
    return {"$schema": DIALECT, "$id": SCHEMA_ID, **Report.model_json_schema(mode="serialization")}
