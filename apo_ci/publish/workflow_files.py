"""What a job tells its runner: outputs and the step summary as files, annotations as workflow commands.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands; how the runner reads them is in
actions/runner, `FileCommandManager.cs`, `ActionCommand.cs` and `ActionCommandManager.cs`.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from apo_ci.publish.annotations import Annotation
from apo_ci.publish.limits import MAX_STEP_SUMMARY, cut
from apo_ci.report import words
from apo_ci.report.escape import workflow_data, workflow_property

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
SHOWN_OF_A_LEVEL = 10  # the runner drops what comes after
COMMANDS = {"failure": "error", "warning": "warning", "notice": "notice"}
ATTEMPTS = 100


def new_delimiter() -> str:
    """A line that nobody can foresee."""
    return f"apo-ci-{uuid.uuid4()}"


class WorkflowFiles:
    """Speaks to the runner. `output` and `summary` are the files that it named; without one nothing is written."""

    def __init__(
        self,
        output: Path | None,
        summary: Path | None,
        stdout: TextIO,
        delimiter: Callable[[], str] = new_delimiter,
    ) -> None:
        """`stdout` is the step's log; `delimiter` gives a new random word at each call."""
        self._output = output
        self._summary = summary
        self._stdout = stdout
        self._delimiter = delimiter
        self._warned: set[str] = set()

    def set_outputs(self, values: Mapping[str, str]) -> None:
        """Set the step's outputs, whatever stands in `values`; names are words of ASCII letters, digits, `-`, `_`."""
        if self._output is not None:
            _append(self._output, "".join(self._assignment(name, value) for name, value in values.items()))

    def _assignment(self, name: str, value: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"not the name of an output: {name!r}")
        for _ in range(ATTEMPTS):
            delimiter = self._delimiter()
            if delimiter not in value:
                return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
        raise ValueError("every delimiter stands in the value")

    def add_summary(self, markdown: str) -> None:
        """Add to the step's summary; what GitHub would not show for its length is cut, and the text says so."""
        if self._summary is None or not markdown:
            return
        there = self._summary.stat().st_size if self._summary.exists() else 0
        _append(self._summary, cut(markdown, MAX_STEP_SUMMARY - 2 - there))

    def annotate(self, annotations: Sequence[Annotation]) -> None:
        """Show `annotations` without a token: the first ten of each level, and how many are left out."""
        levels: Counter[str] = Counter()
        for annotation in annotations:
            levels[annotation.level] += 1
            if levels[annotation.level] <= SHOWN_OF_A_LEVEL:
                self._say(_command(annotation))
        missing = sum(number - SHOWN_OF_A_LEVEL for number in levels.values() if number > SHOWN_OF_A_LEVEL)
        if missing:
            self._say(f"{words.count(missing, 'more annotation')} {'is' if missing == 1 else 'are'} in report.json.")

    def warn(self, message: str) -> None:
        """Show a warning that is about no file; the same one is shown once."""
        if message not in self._warned:
            self._warned.add(message)
            self._say(f"::warning title=apo-ci::{workflow_data(message)}")

    def fail(self, message: str) -> None:
        """Show an error that is about no file."""
        self._say(f"::error title=apo-ci::{workflow_data(message)}")

    def _say(self, line: str) -> None:
        self._stdout.write(f"{line}\n")
        self._stdout.flush()


def _command(annotation: Annotation) -> str:
    properties = {
        "file": annotation.path,
        "line": str(annotation.start_line),
        "endLine": str(annotation.end_line),
        "title": annotation.title,
    }
    written = ",".join(f"{name}={workflow_property(value)}" for name, value in properties.items())
    return f"::{COMMANDS[annotation.level]} {written}::{workflow_data(annotation.message)}"


def _append(path: Path, text: str) -> None:
    """Add `text` on a line of its own; half a surrogate pair, which UTF-8 cannot carry, becomes `?`."""
    with path.open("a+b") as stream:
        if stream.tell():
            stream.seek(-1, 2)
            stream.write(b"" if stream.read(1) == b"\n" else b"\n")
        stream.write(text.encode("utf-8", "replace"))
