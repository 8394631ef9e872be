"""What a run without rights leaves for a second workflow, and what that workflow believes of it.

The file comes out of a workflow that a stranger can edit. It is data of a fixed shape, never Markdown, never the number
of a pull request, and its verdict can turn a check red, never green.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from apo_ci.errors import ApoError, InputError
from apo_ci.inputs.rows import parse_object
from apo_ci.publish.action_inputs import MAX_SECTION
from apo_ci.report.model import Report
from apo_ci.report.redact import Redactor, redacted
from apo_ci.report.values import Text, Value

FILE = "handover.json"
MAX_BYTES = 10_000_000
MAX_PROMPTS = 1_000
MAX_ITEMS = 20_000  # of any list
MAX_TEXT = 1_000_000  # characters of any text, as many as a prompt may have
Section = Annotated[str, StringConstraints(max_length=MAX_SECTION, pattern=r"^[^\x00-\x1f\x7f<>]*$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")]


class Problem(Value):
    """What kept the check from being made, as `ApoError` has it."""

    message: Text
    cure: Text | None = None
    path: Text | None = None
    line: int | None = Field(default=None, ge=1)

    @classmethod
    def of(cls, error: ApoError, redactor: Redactor) -> Problem:
        """`error`, without secrets."""
        found = cls(message=error.message, cure=error.cure, path=error.path, line=error.line)
        return redacted(found, redactor)

    @property
    def error(self) -> ApoError:
        """The error again."""
        return InputError(self.message, cure=self.cure, path=self.path, line=self.line)


class Handover(Value):
    """One job's report on the commit `head`, or the problem that it had, to be posted under `section`."""

    version: Literal[1] = 1
    section: Section = ""
    head: Commit = Field(description="The commit that was checked.")
    report: Report | None = None
    problem: Problem | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Handover:
        if (self.report is None) == (self.problem is None):
            raise ValueError("it has either a report or a problem")
        return self


def write_handover(handover: Handover, folder: Path, redactor: Redactor) -> Path:
    """Write `handover.json` into `folder`; no known secret is in it."""
    file = folder / FILE
    clean = redacted(handover, redactor)
    file.write_text(clean.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return file


def read_handover(folder: Path) -> Handover:
    """The handover in a downloaded artifact. Raises `InputError` for anything that does not have its exact shape."""
    file = folder / FILE
    cure = "The first workflow uploads its `out` folder; leave the artifact as it wrote it."
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise InputError("The handover is not a plain file.", cure=cure, path=str(file))
            data = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        where = "Set `handover` to the folder that actions/download-artifact wrote to. "
        message = f"The handover cannot be read: {problem.strerror}."
        raise InputError(message, cure=where + cure, path=str(file)) from problem
    if len(data) > MAX_BYTES:
        raise InputError(f"The handover has more than {MAX_BYTES:,} bytes.", cure=cure, path=str(file))
    try:
        _check_sizes(parse_object(data.decode()))
    except ValueError as problem:
        raise InputError(f"The handover is not one: {problem}", cure=cure, path=str(file)) from problem
    try:
        handover = Handover.model_validate_json(data)
    except ValidationError as problem:
        first = problem.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:6])
        raise InputError(f"The handover is not one: {place}: {first['msg']}.", cure=cure, path=str(file)) from problem
    if handover.report is not None and len(handover.report.prompts) > MAX_PROMPTS:
        raise InputError(f"The handover tells of more than {MAX_PROMPTS:,} prompts.", cure=cure, path=str(file))
    return handover


def _check_sizes(value: Any) -> None:
    """Raise `ValueError` for what would take long to render."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and len(part) > MAX_TEXT:
            raise ValueError(f"A text has more than {MAX_TEXT:,} characters.")
        if isinstance(part, list | dict):
            if len(part) > MAX_ITEMS:
                raise ValueError(f"A list has more than {MAX_ITEMS:,} items.")
            waiting.extend(part.values() if isinstance(part, dict) else part)
