"""The command that action.yml starts."""

from __future__ import annotations

import sys

import click

from apo_ci.cli.exits import reports_errors
from apo_ci.errors import ApoError


@click.command()
@reports_errors
def action() -> None:
    """Answer a GitHub Actions event: what action.yml starts.

    Everything comes from the environment: the event from the runner's GITHUB_ variables, the inputs from
    APO_CI_INPUT_ ones. See action.yml for the inputs, and examples/workflows for workflows.

    \b
    pull_request     check, comment, check run, suggestion
    merge_group      the verdict on known content; asks no model
    push             the default branch's baseline
    schedule         better prompts as a pull request
    issue_comment    /apo apply, optimize, ignore, help
    workflow_run     post what a fork's run found
    """
    from apo_ci.config import environment
    from apo_ci.pipeline.action import act

    given = environment()
    try:
        code = act(given)
    except ApoError as error:
        if given.get("GITHUB_ACTIONS"):
            _annotate(error)
        raise
    sys.exit(code)


def _annotate(error: ApoError) -> None:
    """Show `error` on the run's page, not only in the step's log."""
    from apo_ci.config import known_secrets
    from apo_ci.publish.workflow_files import WorkflowFiles
    from apo_ci.report.redact import Redactor

    WorkflowFiles(None, None, sys.stdout).fail(Redactor(known_secrets())(str(error)))
