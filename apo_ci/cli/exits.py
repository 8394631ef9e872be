"""What stops a command: one message, and the exit code that says what kind of thing it was."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from apo_ci.errors import ApoError

Command = TypeVar("Command", bound=Callable[..., Any])
INTERRUPTED = 130
FAULT = 3
DEBUG = "apo_ci.debug"
REPORT_IT = "Please report it with what `apo-ci --debug …` prints."


def reports_errors(command: Command) -> Command:
    """Turn what stops a run into one message and the right exit code; tracebacks only with `--debug`."""

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        debug = bool(click.get_current_context().meta.get(DEBUG))
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            click.echo("Interrupted. What was paid for is in the cache; run again to go on from there.", err=True)
            sys.exit(INTERRUPTED)
        except ApoError as error:
            if debug:
                raise
            _show_error(str(error))
            sys.exit(error.exit_code)
        except Exception as error:  # the last resort of a command line: a fault of ours, told in one line
            if debug:
                raise
            _show_error(f"This is a fault in apo-ci: {type(error).__name__}: {error}\n  {REPORT_IT}")
            sys.exit(FAULT)

    return wrapper  # type: ignore[return-value]  # functools.wraps keeps the signature that Command names


def _show_error(message: str) -> None:
    from apo_ci.config import known_secrets
    from apo_ci.report.escape import terminal
    from apo_ci.report.redact import Redactor

    text = terminal(Redactor(known_secrets())(message))
    click.echo(f"apo-ci: {text}", err=True)
