"""What a second workflow believes of an artifact that a stranger may have written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from apo_ci.errors import InputError
from apo_ci.publish.handover import FILE, Handover, read_handover, write_handover
from apo_ci.report.model import Provenance, Report
from apo_ci.report.redact import Redactor

HEAD = "a" * 40
REPORT = Report(verdict="pass", reasons=("Nothing fell.",), provenance=Provenance(version="1"))
HANDOVER = Handover(section="services/a", head=HEAD, report=REPORT)


def forged(folder: Path, **changes: Any) -> Path:
    """A handover with other values at the top."""
    value = {**json.loads(HANDOVER.model_dump_json()), **changes}
    (folder / FILE).write_text(json.dumps(value), encoding="utf-8")
    return folder


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_handover(HANDOVER, tmp_path, Redactor())
    assert read_handover(tmp_path) == HANDOVER


def test_no_secret_is_handed_over(tmp_path: Path) -> None:
    report = REPORT.model_copy(update={"reasons": ("The key is sk-canary-12345.",)})
    write_handover(HANDOVER.model_copy(update={"report": report}), tmp_path, Redactor(["sk-canary-12345"]))
    assert "canary" not in (tmp_path / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 1},
        {"body": "# Markdown of my own"},
        {"version": 2},
        {"head": "main"},
        {"head": "--upload-pack=x"},
        {"section": "<!-- apo-ci:state -->"},
        {"section": "a\nb"},
        {"section": "x" * 101},
        {"report": {"verdict": "pass"}},
        {"report": {**json.loads(REPORT.model_dump_json()), "verdict": "great"}},
        {"report": {**json.loads(REPORT.model_dump_json()), "html": "<script>"}},
    ],
)
def test_anything_but_its_exact_shape_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="is not one"):
        read_handover(forged(tmp_path, **changes))


@pytest.mark.parametrize("data", [b"", b"null", b"[" * 1_000_000, b'{"a":' * 100_000, b"\xff\xfe"])
def test_bombs_and_rubbish_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(InputError):
        read_handover(tmp_path)


def test_a_key_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    text = HANDOVER.model_dump_json().replace('"verdict":"pass"', '"verdict":"fail","verdict":"pass"')
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="twice"):
        read_handover(tmp_path)


@pytest.mark.parametrize("reasons", [["r"] * 20_001, ["r" * 1_000_001]])
def test_what_would_take_long_to_render_is_refused(tmp_path: Path, reasons: list[str]) -> None:
    report = {**json.loads(REPORT.model_dump_json()), "reasons": reasons}
    with pytest.raises(InputError, match="more than"):
        read_handover(forged(tmp_path, report=report))


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / FILE).open("wb") as stream:
        stream.truncate(50_000_000_000)
    with pytest.raises(InputError, match="more than"):
        read_handover(tmp_path)


def test_links_and_pipes_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(HANDOVER.model_dump_json(), encoding="utf-8")
    (tmp_path / FILE).symlink_to(secret)
    with pytest.raises(InputError, match="cannot be read"):
        read_handover(tmp_path)
    (tmp_path / FILE).unlink()
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(InputError, match="plain file"):
        read_handover(tmp_path)


def test_a_missing_artifact_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=FILE):
        read_handover(tmp_path)
