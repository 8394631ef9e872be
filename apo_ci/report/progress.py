"""What a run says while it goes on: one live line on a terminal, or one plain line a stage and round in a log."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from apo_ci.lm.ledger import Charge, Ledger
from apo_ci.report import words
from apo_ci.report.escape import one_line
from apo_ci.report.redact import Redactor
from apo_ci.search.result import RoundReport

REFRESHES_PER_SECOND = 4
MAX_STAGE = 100
MIN_CALLS_FOR_RATE = 10
SPINNER = "dots"


class Progress:
    """Shows stages, calls, dollars, the best score and the time left on `stream`; a context manager.

    `stream` is `None` for a run that shows nothing. Everything that is told is escaped and redacted here.
    """

    def __init__(self, stream: TextIO | None, redactor: Redactor | None = None):
        self._console = Console(file=stream, quiet=stream is None, highlight=False, markup=False, emoji=False)
        self._redactor = redactor or Redactor()
        self._ledger: Ledger | None = None
        self._stage = ""
        self._best: float | None = None
        self._spinner = Spinner(SPINNER)
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        if self._console.is_terminal and not self._console.quiet:
            self._live = Live(
                console=self._console,
                get_renderable=self._renderable,
                refresh_per_second=REFRESHES_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._stage = one_line(self._redactor(name), MAX_STAGE)
        self._best = None
        self._say(f"{self._stage} …")

    def settled(self, ledger: Ledger) -> None:
        """A request was paid for. Cheap: figures are drawn from `ledger` a few times a second."""
        self._ledger = ledger

    def round(self, report: RoundReport, of: str = "") -> None:
        """A round of the search ended; round 0 is its baseline. `of` names its prompt where several are searched."""
        self._best = report.best_score
        name = "baseline" if report.round == 0 else f"round {report.round} of {report.rounds}"
        best = f"best {words.percent(report.best_score)} ({one_line(report.best_operator)})"
        left = "" if report.calls_left is None else f", {words.count(report.calls_left, 'call')} left"
        tried = words.count(report.candidates, "candidate")
        named = f"{one_line(self._redactor(of), MAX_STAGE)}, " if of else ""
        self._say(f"  {named}{name}: {best}, start {words.percent(report.start_score)}, {tried}{left}")

    def done(self, new_calls: int | None = None) -> None:
        """The run ended; `new_calls` requests really left this process, the rest came from the cache."""
        self._stop()
        left = "" if new_calls is None else f", {new_calls:,} of them now" if self._calls() else ""
        took = "" if self._ledger is None else f" in {words.duration(self._ledger.seconds)}"
        self._say(f"Done{took}: {self._spent()}{left}.")

    @property
    def paid(self) -> Charge:
        """What was paid for so far, by this process."""
        return Charge() if self._ledger is None else self._ledger.paid

    def _say(self, line: str) -> None:
        """One line that stays, above the live one."""
        self._console.print(Text(line), soft_wrap=True)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _renderable(self) -> Spinner:
        self._spinner.update(text=Text(self.line(), no_wrap=True, overflow="ellipsis"))
        return self._spinner

    def line(self) -> str:
        """The live line: stage, calls, dollars, best score, time left."""
        best = "" if self._best is None else f"best {words.percent(self._best)}"
        return " · ".join(part for part in (self._spent(capped=True), best, self._time_left(), self._stage) if part)

    def _calls(self) -> int:
        return 0 if self._ledger is None else self._ledger.total.calls

    def _spent(self, *, capped: bool = False) -> str:
        if self._ledger is None:
            return "0 calls"
        total, budget = self._ledger.total, self._ledger.budget
        calls = words.count(total.calls, "call")
        if capped and budget.calls is not None:
            calls = f"{total.calls:,} of {words.count(budget.calls, 'call')}"
        spent = words.dollars(total.usd)
        if capped and budget.usd is not None:
            spent = f"{spent} of {words.dollars(budget.usd)}"
        return calls if not total.usd and budget.usd is None else f"{calls}, {spent}"

    def _time_left(self) -> str:
        """The nearest of the deadline and the end of the calls at the present rate."""
        ledger = self._ledger
        if ledger is None:
            return ""
        deadline, calls = ledger.seconds_left(), self._calls()
        estimates = [] if deadline is None else [deadline]
        if ledger.budget.calls is not None and calls >= MIN_CALLS_FOR_RATE:
            estimates.append((ledger.budget.calls - calls) * ledger.seconds / calls)
        return f"at most {words.duration(min(estimates))} left" if estimates else ""
