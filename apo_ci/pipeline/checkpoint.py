"""The best prompt so far, on disk after every round: what a run that is killed leaves behind for people.

What it needs itself to go on is in the cache: each reply and its price are kept there in one transaction, under the
run's id, so that a resumed run takes the same path and pays for nothing twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from apo_ci.config import known_secrets
from apo_ci.pipeline.session import Session
from apo_ci.report.redact import Redactor
from apo_ci.search.result import Progress, RoundReport

FILE = "checkpoint.json"


class Checkpoint:
    """A search's `Progress` that writes `checkpoint.json` to a folder before it tells the next one."""

    def __init__(self, folder: Path, session: Session, path: str, then: Progress) -> None:
        """`path` is the prompt's."""
        self._file = folder / FILE
        self._session = session
        self._path = path
        self._then = then

    def __call__(self, report: RoundReport) -> None:
        """Keep `report`; a disk that is full does not end a search that is paid for."""
        total = self._session.ledger.total
        redactor = Redactor(known_secrets(*self._session.models))
        best = redactor(report.best_source)
        state = {"run": self._session.run, "path": self._path, **asdict(report), "best_source": best}
        state["spent"] = asdict(total)
        part = self._file.with_suffix(".part")
        try:
            part.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
            part.replace(self._file)
        except OSError:
            pass
        self._then(report)
