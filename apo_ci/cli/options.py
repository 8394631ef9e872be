"""The options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from apo_ci.pipeline import RunOptions

Command = TypeVar("Command", bound=Callable[..., Any])
DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


class FiniteRange(click.FloatRange):
    """A `FloatRange` that is not held by `nan` and does not end in `inf`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As in `click.ParamType`."""
        number = float(super().convert(value, param, ctx))
        return number if math.isfinite(number) else self.fail(f"{value} is not a finite number.", param, ctx)


def project_options(command: Command) -> Command:
    """The options that say which project is meant."""
    return _decorated(
        command,
        click.option("--repo", type=DIRECTORY, default=Path(), help="The repository (default: here)."),
        click.option(
            "--directory",
            default="",
            metavar="DIR",
            help="The project's folder inside the repository, where its paths begin (default: the root).",
        ),
        click.option(
            "--config",
            "config_path",
            metavar="FILE",
            help="The configuration inside that folder (default: apo-ci.yaml or .github/apo-ci.yaml).",
        ),
    )


def shared_options(command: Command) -> Command:
    """The options of every command that asks a model."""
    return project_options(
        _decorated(
            command,
            click.option("--budget-calls", type=click.IntRange(0), metavar="N", help="At most N model calls."),
            click.option("--budget-tokens", type=click.IntRange(0), metavar="N", help="At most N tokens."),
            click.option("--budget-usd", type=FiniteRange(0), metavar="X", help="At most X dollars."),
            click.option("--budget-seconds", type=FiniteRange(0), metavar="S", help="At most S seconds."),
            click.option("--seed", type=int, metavar="N", help="Seed of the search (default: the configuration's, 0)."),
            click.option("--cache", type=FILE, metavar="FILE", help="Reply cache (default: .apo-ci/cache.sqlite)."),
            click.option("--out", type=DIRECTORY, metavar="DIR", help="Reports go here (default: .apo-ci/out)."),
        )
    )


def _decorated(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def run_options(**given: Any) -> RunOptions:
    """What a command's arguments ask for."""
    from apo_ci.config import Budget
    from apo_ci.pipeline import RunOptions

    caps = {name: given.pop(f"budget_{name}", None) for name in Budget.model_fields}
    budget = Budget(**{name: cap for name, cap in caps.items() if cap is not None})
    return RunOptions(repository=given.pop("repo"), budget=budget, **given)
