"""`apo-ci cache`: the commands of the reply cache."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from apo_ci.cli.exits import reports_errors
from apo_ci.cli.options import FILE, FiniteRange


@click.group()
@click.option("--cache", "path", type=FILE, default=Path(".apo-ci/cache.sqlite"), show_default=True, help="The file.")
@click.pass_context
def cache(context: click.Context, path: Path) -> None:
    """Look at the reply cache, ship it, tidy it.

    \b
    apo-ci cache stats
    apo-ci cache prune --days 30
    apo-ci cache export replies.jsonl    then, elsewhere: apo-ci cache import replies.jsonl
    """
    context.obj = path


@cache.command()
@click.pass_obj
@reports_errors
def stats(path: Path) -> None:
    """How many replies, of which models, and what they cost."""
    from apo_ci.pipeline import cache_commands

    cache_commands.stats(path)


@cache.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Newest replies to show.")
@click.pass_obj
@reports_errors
def list_replies(path: Path, limit: int) -> None:
    """The newest replies, a line each."""
    from apo_ci.pipeline import cache_commands

    cache_commands.list_replies(path, limit)


@cache.command()
@click.option("--days", type=FiniteRange(0), required=True, help="Remove replies that are older.")
@click.pass_obj
@reports_errors
def prune(path: Path, days: float) -> None:
    """Remove old replies."""
    from apo_ci.pipeline import cache_commands

    cache_commands.prune(path, days)


@cache.command()
@click.argument("file", type=FILE)
@click.pass_obj
@reports_errors
def export(path: Path, file: Path) -> None:
    """Write every reply to FILE as JSON Lines."""
    from apo_ci.pipeline import cache_commands

    cache_commands.export(path, file)


@cache.command("import")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.pass_obj
@reports_errors
def import_replies(path: Path, file: Path) -> None:
    """Add the replies that `export` wrote to FILE; those that are here already stay."""
    from apo_ci.pipeline import cache_commands

    cache_commands.import_replies(path, file)


@cache.command()
@click.pass_obj
@reports_errors
def verify(path: Path) -> None:
    """Check the file for damage; exits with 3 when there is some."""
    from apo_ci.pipeline import cache_commands

    sys.exit(cache_commands.verify(path))
