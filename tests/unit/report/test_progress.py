"""What a run says while it goes on."""

from __future__ import annotations

import io

from apo_ci.config import Budget
from apo_ci.lm.amounts import Charge
from apo_ci.lm.ledger import Ledger
from apo_ci.lm.model import Purpose
from apo_ci.report.progress import Progress
from apo_ci.report.redact import Redactor
from apo_ci.search.result import RoundReport

ROUND = RoundReport(
    round=2,
    rounds=4,
    candidates=14,
    start_score=0.704,
    best_score=0.944,
    best_operator="edit",
    best_source="Answer Yes or No.",
    calls_left=120,
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def spent(budget: Budget, calls: int, usd: float, seconds: float) -> Ledger:
    """A ledger that `calls` calls were paid from in `seconds`."""
    clock = Clock()
    ledger = Ledger(budget, clock)
    ledger.recharge(Charge(calls=calls, usd=usd), Purpose.SEARCH)
    clock.now = seconds
    return ledger


def test_a_log_gets_one_line_a_stage_and_round() -> None:
    stream = io.StringIO()
    with Progress(stream) as progress:
        progress.stage("Evaluating prompts/a.prompt.md")
        for _ in range(50):
            progress.settled(spent(Budget(), 412, 0.08, 30))
        progress.stage("Searching for a better prompts/a.prompt.md")
        progress.round(ROUND)
        progress.done(7)
    assert stream.getvalue().splitlines() == [
        "Evaluating prompts/a.prompt.md …",
        "Searching for a better prompts/a.prompt.md …",
        "  round 2 of 4: best 94.4% (edit), start 70.4%, 14 candidates, 120 calls left",
        "Done in 30 s: 412 calls, $0.08, 7 of them now.",
    ]


def test_the_live_line_has_calls_dollars_best_score_and_time_left() -> None:
    progress = Progress(None)
    progress.stage("Searching")
    progress.settled(spent(Budget(calls=800, usd=2.0, seconds=100), 200, 0.5, 20))
    progress.round(ROUND)
    assert progress.line() == "200 of 800 calls, $0.50 of $2.00 · best 94.4% · at most 1 min 0 s left · Searching"


def test_the_deadline_bounds_the_time_left() -> None:
    progress = Progress(None)
    progress.settled(spent(Budget(calls=800, seconds=30), 200, 0.0, 20))
    assert progress.line() == "200 of 800 calls · at most 10 s left"


def test_a_terminal_gets_a_live_line_and_is_left_clean() -> None:
    stream = Terminal()
    with Progress(stream) as progress:
        progress.stage("Evaluating")
        progress.settled(spent(Budget(calls=800), 3, 0.0, 1))
        progress.round(ROUND)
        progress.done()
    shown = stream.getvalue()
    assert "round 2 of 4" in shown
    assert shown.index("\x1b[?25l") < shown.rindex("\x1b[?25h")
    assert shown.rstrip().endswith("Done in 1.0 s: 3 calls.")


def test_the_cursor_comes_back_after_an_error() -> None:
    stream = Terminal()
    try:
        with Progress(stream) as progress:
            progress.stage("Evaluating")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_stage_names_are_escaped_and_redacted() -> None:
    stream = io.StringIO()
    with Progress(stream, Redactor(["secret-key"])) as progress:
        progress.stage("Evaluating secret-key\n::error::\x1b[31m\u202e")
    assert stream.getvalue() == "Evaluating ‹redacted› ↵ ‹::›error::‹U+001B›[31m‹U+202E› …\n"


def test_without_a_stream_nothing_is_shown() -> None:
    with Progress(None) as progress:
        progress.stage("Evaluating")
        progress.done()
    assert progress.line() == "0 calls · Evaluating"
