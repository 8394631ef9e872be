"""The command line: commands, options and exit codes; the work is done elsewhere.

Exit codes: 0 pass (or inconclusive, as mapped), 1 the gate failed, 2 usage or configuration, 3 infrastructure
(model or GitHub), 130 interrupted.
"""

from __future__ import annotations

import signal

import click

from apo_ci.cli.checks import evaluate, optimize, run, schema, validate
from apo_ci.cli.embedded import demo, serve_local
from apo_ci.cli.exits import DEBUG
from apo_ci.cli.replies import cache
from apo_ci.cli.workflow import action


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
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(*_: object) -> None:
    """End as after Ctrl-C, also where that is ignored: in what a script has put into the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)


for command in (run, evaluate, optimize, validate, demo, serve_local, schema, cache, action):
    main.add_command(command)
