"""The command line: commands, options and exit codes; the work is done elsewhere.

Exit codes: 0 pass (or inconclusive, as mapped), 1 the gate failed, 2 usage or configuration, 3 infrastructure
(model or GitHub), 130 interrupted.
"""

from __future__ import annotations

import functools
import math
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from apo_ci.errors import ApoError

if TYPE_CHECKING:
    from apo_ci.pipeline import RunOptions

Command = TypeVar("Command", bound=Callable[..., Any])
INTERRUPTED = 130
FAULT = 3
DEBUG = "apo_ci.debug"
REPORT_IT = "Please report it with what `apo-ci --debug …` prints."
DIRECTORY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


class FiniteRange(click.FloatRange):
    """A `FloatRange` that is not held by `nan` and does not end in `inf`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """As in `click.ParamType`."""
        number = float(super().convert(value, param, ctx))
        return number if math.isfinite(number) else self.fail(f"{value} is not a finite number.", param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="apo-ci", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def main(context: click.Context, debug: bool) -> None:
    """The pull-request check for prompts.

    apo-ci evaluates the base and head versions of your prompt files on the same cases, says with honest
    statistics whether the edit made things worse, searches for a better prompt within a budget, and confirms
    what it found on cases that the search never saw.

    \b
    Start here:
      apo-ci demo        see it work on the embedded model; no key needed
      apo-ci validate    check apo-ci.yaml, prompts and eval sets; asks no model
      apo-ci run         compare the working tree with the main branch
    """
    context.meta[DEBUG] = debug
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


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


def shared_options(command: Command) -> Command:
    """The options of every command that asks a model."""
    options = [
        click.option("--repo", type=DIRECTORY, default=Path(), help="The repository (default: here)."),
        click.option("--budget-calls", type=click.IntRange(0), metavar="N", help="At most N model calls."),
        click.option("--budget-tokens", type=click.IntRange(0), metavar="N", help="At most N tokens."),
        click.option("--budget-usd", type=FiniteRange(0), metavar="X", help="At most X dollars."),
        click.option("--budget-seconds", type=FiniteRange(0), metavar="S", help="At most S seconds."),
        click.option("--seed", type=int, metavar="N", help="Seed of the search (default: the configuration's, 0)."),
        click.option("--cache", type=FILE, metavar="FILE", help="Reply cache (default: .apo-ci/cache.sqlite)."),
        click.option("--out", type=DIRECTORY, metavar="DIR", help="Reports go here (default: .apo-ci/out)."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _options(**given: Any) -> RunOptions:
    from apo_ci.config import Budget
    from apo_ci.pipeline import RunOptions

    caps = {name: given.pop(f"budget_{name}") for name in Budget.model_fields}
    budget = Budget(**{name: cap for name, cap in caps.items() if cap is not None})
    return RunOptions(repository=given.pop("repo"), budget=budget, **given)


@main.command()
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
    """
    from apo_ci import pipeline

    sys.exit(pipeline.run_and_report(_options(search=not no_search, **given)))


@main.command("eval")
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

    sys.exit(pipeline.run_and_report(_options(search=False, paths=prompts, compare=False, **given)))


@main.command()
@click.argument("prompt", metavar="PROMPT")
@click.option("--write", is_flag=True, help="Write a confirmed better prompt to the file.")
@shared_options
@reports_errors
def optimize(prompt: str, write: bool, **given: Any) -> None:
    """Search for a better version of one prompt of the working tree.

    Only a gain that is confirmed on unseen cases is called better, and only that is written.

    \b
    apo-ci optimize prompts/sentiment.prompt.md --budget-calls 600
    apo-ci optimize prompts/sentiment.prompt.md --write
    """
    from apo_ci import pipeline

    options = _options(search=True, paths=(prompt,), compare=False, write=write, **given)
    sys.exit(pipeline.run_and_report(options))


@main.command()
@click.option("--repo", type=DIRECTORY, default=Path(), help="The repository (default: here).")
@click.option("--head", metavar="REF", help="Validate REF (default: the working tree).")
@reports_errors
def validate(repo: Path, head: str | None) -> None:
    """Check the configuration, prompts, eval sets and datasets; asks no model.

    Shows everything that is wrong, with file, line and cure. Exits with 2 when something is.
    """
    from apo_ci import pipeline

    sys.exit(pipeline.validate(repo, head))


@main.command()
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the search.")
@click.option("--cache", type=FILE, metavar="FILE", help="Reply cache (default: a new one).")
@click.option("--out", type=DIRECTORY, metavar="DIR", help="Reports go here (default: in the demo's folder).")
@click.option("--directory", type=DIRECTORY, metavar="DIR", help="Make the demo's repository here.")
@reports_errors
def demo(seed: int, cache: Path | None, out: Path | None, directory: Path | None) -> None:
    """Run the main job on the embedded model; no key needed.

    Makes a temporary git repository with a base commit and a commit that makes a prompt worse, and runs
    `apo-ci run` on it: the gate fails, the search looks for a better prompt, the confirmation decides.
    """
    from apo_ci.demo import show

    sys.exit(show(seed=seed, cache=cache, out=out, directory=directory))


@main.command("serve-local")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@click.option("--model", type=FILE, metavar="FILE", help="Another .gguf file (default: the embedded model).")
@click.option("--parallel", type=click.IntRange(1, 64), default=2, show_default=True, help="Requests at once.")
@reports_errors
def serve_local(host: str, port: int, model: Path | None, parallel: int) -> None:
    """Offer the embedded model as an OpenAI-compatible endpoint.

    \b
    apo-ci serve-local --port 8080
    curl http://127.0.0.1:8080/v1/chat/completions -d '{"messages": [{"role": "user", "content": "2 + 2 ="}]}'
    """
    from apo_ci.config import ModelSettings
    from apo_ci.lm.local import serve

    settings = ModelSettings(provider="local", path=str(model) if model else None, concurrency=parallel)
    serve(settings, host, port, lambda url: click.echo(f"The model answers at {url} until you press Ctrl+C."))


@main.command()
@reports_errors
def schema() -> None:
    """Print the JSON Schema of report.json."""
    import json

    from apo_ci.report.as_json import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.group()
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
