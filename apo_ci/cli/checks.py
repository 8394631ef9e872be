"""The commands that look at prompts."""

from __future__ import annotations

import sys
from typing import Any

import click

from apo_ci.cli.exits import reports_errors
from apo_ci.cli.options import project_options, run_options, shared_options


@click.command()
@shared_options
@click.option("--base", metavar="REF", help="Compare with the merge base of REF (default: the main branch).")
@click.option("--head", metavar="REF", help="Evaluate REF (default: the working tree).")
@click.option("--all", "every", is_flag=True, help="Take every prompt, not only the affected ones.")
@click.option("--no-search", is_flag=True, help="Compare and gate only; look for no better prompt.")
@reports_errors
def run(no_search: bool, **given: Any) -> None:
    """Evaluate base and head, gate, search, confirm, and write the comment.

    Writes report.json, comment.md and summary.md to --out. Exits with 1 when the gate fails.

    \b
    apo-ci run                                   the working tree against the main branch
    apo-ci run --base origin/main --head HEAD    what a pull request would be told
    apo-ci run --all --no-search                 every prompt, compare only
    apo-ci run --budget-usd 0.50                 never more than half a dollar
    apo-ci run --directory services/search       a project in a folder of the repository
    """
    from apo_ci import pipeline

    sys.exit(pipeline.run_and_report(run_options(search=not no_search, **given)))


@click.command("eval")
@click.argument("prompts", nargs=-1, required=True, metavar="PROMPT…")
@shared_options
@reports_errors
def evaluate(prompts: tuple[str, ...], **given: Any) -> None:
    """Evaluate prompts of the working tree on their eval sets.

    Exits with 1 when a floor (gate.min) is missed.

    \b
    apo-ci eval prompts/sentiment.prompt.md
    """
    from apo_ci import pipeline

    sys.exit(pipeline.run_and_report(run_options(search=False, paths=prompts, compare=False, **given)))


@click.command()
@click.argument("prompt", metavar="PROMPT")
@click.option("--write", is_flag=True, help="Write a confirmed better prompt to the file.")
@shared_options
@reports_errors
def optimize(prompt: str, write: bool, **given: Any) -> None:
    """Search for a better version of one prompt of the working tree.

    Only a gain that is confirmed on unseen cases is called better. Only that is written, or what is confirmed cheaper.

    \b
    apo-ci optimize prompts/sentiment.prompt.md --budget-calls 600
    apo-ci optimize prompts/sentiment.prompt.md --write
    """
    from apo_ci import pipeline

    options = run_options(search=True, paths=(prompt,), compare=False, write=write, **given)
    sys.exit(pipeline.run_and_report(options))


@click.command()
@project_options
@click.option("--head", metavar="REF", help="Validate REF (default: the working tree).")
@reports_errors
def validate(**given: Any) -> None:
    """Check the configuration, prompts, eval sets and datasets; asks no model.

    Shows everything that is wrong, with file, line and cure. Exits with 2 when something is.
    """
    from apo_ci import pipeline

    sys.exit(pipeline.validate(run_options(**given)))


@click.command()
@reports_errors
def schema() -> None:
    """Print the JSON Schema of report.json."""
    import json

    from apo_ci.report.as_json import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
