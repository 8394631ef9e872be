"""The best prompts so far, on disk after every round: what a run that is killed leaves behind for people.

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
    """Where the searches of a run stand: `checkpoint.json` in a folder, written anew after every round of any."""

    def __init__(self, folder: Path, session: Session) -> None:
        self._file = folder / FILE
        self._session = session
        self._standings: list[tuple[str, RoundReport | None]] = []

    def of(self, path: str, then: Progress) -> Progress:
        """The `Progress` of one more search, for the prompt at `path`; what it is told it keeps, and tells `then`."""
        place = len(self._standings)
        self._standings.append((path, None))

        def tell(report: RoundReport) -> None:
            self._standings[place] = (path, report)
            self._write()
            then(report)

        return tell

    def _write(self) -> None:
        """A disk that is full does not end searches that are paid for."""
        redactor = Redactor(known_secrets(*self._session.models))
        prompts = [
            {"path": path, **asdict(report), "best_source": redactor(report.best_source)}
            for path, report in self._standings
            if report is not None
        ]
        state = {"run": self._session.run, "prompts": prompts, "spent": asdict(self._session.ledger.total)}
        part = self._file.with_suffix(".part")
        try:
            part.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
            part.replace(self._file)
        except OSError:
            pass
