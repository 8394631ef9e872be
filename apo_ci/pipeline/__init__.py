"""The run, on one page: read the pull request, evaluate both sides, gate, search, confirm, report."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from apo_ci import config
from apo_ci.errors import InputError
from apo_ci.inputs.checkout import open_tree
from apo_ci.inputs.pull_request import PullRequest, validate_tree
from apo_ci.lm.ledger import Charge
from apo_ci.pipeline.assembly import assemble
from apo_ci.pipeline.baseline import adopt_baseline
from apo_ci.pipeline.examination import Examination, examine
from apo_ci.pipeline.options import HOME, RunOptions, cache_of, make_out, read
from apo_ci.pipeline.provenance import run_id
from apo_ci.pipeline.searching import search_all
from apo_ci.pipeline.session import Session
from apo_ci.report.as_json import render_json
from apo_ci.report.comment import render_comment
from apo_ci.report.escape import new_hidden_characters, terminal
from apo_ci.report.model import Report
from apo_ci.report.progress import Progress
from apo_ci.report.redact import Redactor
from apo_ci.report.summary import render_summary
from apo_ci.report.terminal import print_report

__all__ = ["HOME", "Finished", "RunOptions", "read", "run", "run_and_report", "validate", "write_reports"]

GATE_FAILED = 1
INFRASTRUCTURE = 3


@dataclass(frozen=True)
class Finished:
    """A run's report, what to take out of everything that is made from it, and where the prompts' paths begin.

    `paid` is what this process itself paid for, without what an interrupted process of the same run had paid before.
    """

    report: Report
    redactor: Redactor
    root: Path
    paid: Charge


async def run(
    options: RunOptions,
    progress: Progress,
    pull_request: PullRequest | None = None,
    *,
    on_begin: Callable[[], None] | None = None,
) -> Finished:
    """Everything that `apo-ci run` does, but for writing files; raises `ApoError` for what cannot be begun.

    `pull_request` is what the options name, if it was read before. `on_begin` is called as the first request leaves.
    """
    if pull_request is None:
        progress.stage("Reading the prompts and eval sets")
        pull_request = read(options)
    settings = pull_request.config
    budget = options.budget.over(settings.budget)
    seed = settings.search.seed if options.seed is None else options.seed
    identity = run_id(pull_request, budget, seed=options.seed, search=options.search, compare=options.compare)
    cache, out = cache_of(options), make_out(options)  # before anything is paid for
    replay = options.without_model is not None
    async with Session(cache, budget, identity, options.seed, replay=replay) as session:
        session.ledger.on_settled, session.ledger.on_begin = progress.settled, on_begin
        warnings: list[str] = []
        baseline = adopt_baseline(options, pull_request, session.cache, warnings.append)
        examinations = await _examine_all(pull_request, session, options, progress)
        if options.searches:
            await search_all(examinations, session, settings, progress, out)
        progress.done(session.new_calls)
        report = assemble(
            pull_request,
            examinations,
            session,
            budget,
            seed,
            baseline=baseline,
            without_model=options.without_model,
            warnings=warnings,
        )
        redactor = Redactor(config.known_secrets(*session.models))
        return Finished(report, redactor, pull_request.root, session.ledger.paid)


async def _examine_all(
    pull_request: PullRequest, session: Session, options: RunOptions, progress: Progress
) -> list[Examination]:
    examinations = []
    for number, affected in enumerate(pull_request.affected, start=1):
        progress.stage(f"Evaluating {affected.path}")
        later = pull_request.affected[number:]
        examinations.append(await examine(affected, session, pull_request.config, later=later, search=options.searches))
    return examinations


def run_and_report(options: RunOptions) -> int:
    """`run`, with progress and the report on the terminal and in files; the exit code."""
    with Progress(sys.stderr, Redactor(config.known_secrets())) as progress:
        finished = asyncio.run(run(options, progress))
    report, redactor = finished.report, finished.redactor
    out = make_out(options)
    write_reports(report, redactor, out)
    print_report(report, redactor, sys.stdout)
    _say(f"Reports: {out}", redactor, sys.stdout)
    if options.write:
        _write_suggestions(finished)
    if report.verdict == "error":
        return INFRASTRUCTURE
    return GATE_FAILED if report.blocks else 0


def write_reports(report: Report, redactor: Redactor, out: Path) -> None:
    """`report.json`, `comment.md` and `summary.md` in `out`."""
    try:
        (out / "report.json").write_text(render_json(report, redactor), encoding="utf-8")
        (out / "comment.md").write_text(render_comment(report, redactor), encoding="utf-8")
        (out / "summary.md").write_text(render_summary(report, redactor), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The reports cannot be written: {error.strerror}.", cure="Choose another --out.", path=str(out)
        ) from error


def _write_suggestions(finished: Finished) -> None:
    for path in dict.fromkeys(prompt.path for prompt in finished.report.prompts):
        found = [prompt.suggestion for prompt in finished.report.prompts if prompt.path == path]
        better = [one.text for one in found if one is not None and one.is_offered and one.text is not None]
        problem = _reason_against(finished, path, better)
        if problem is None:
            (finished.root / path).write_bytes(better[0].encode())
            _say(f"{path} now holds the confirmed suggestion.", finished.redactor, sys.stdout)
        else:
            _say(f"{path} stays as it is: {problem}.", finished.redactor, sys.stdout)


def _reason_against(finished: Finished, path: str, better: list[str]) -> str | None:
    """Why no suggestion is written to the prompt at `path`, if so; `better` are those that were confirmed."""
    if not better:
        return "no gain was confirmed"
    if len(set(better)) > 1:
        return "its eval sets want different texts; they are in report.json"
    file = finished.root / path
    source = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(source).hexdigest() != finished.report.provenance.prompts[path].head:
        return "it was edited during the search"
    if new_hidden_characters(source.decode(), better[0]):
        return "the suggestion holds invisible characters"
    return None


def validate(options: RunOptions) -> int:
    """Print everything that is wrong with the configuration, prompts and eval sets of `options.head`; the exit code."""
    redactor = Redactor(config.known_secrets())
    tree = open_tree(options.repository, options.head, options.directory)
    errors = validate_tree(tree, lambda warning: _say(warning, redactor, sys.stderr), config_path=options.config_path)
    for error in errors:
        _say(str(error), redactor, sys.stderr)
    if errors:
        _say(f"{len(errors)} problem{'s' if len(errors) > 1 else ''}.", redactor, sys.stderr)
        return errors[0].exit_code
    _say("All good.", redactor, sys.stdout)
    return 0


def _say(text: str, redactor: Redactor, stream: TextIO) -> None:
    stream.write(terminal(redactor(text)) + "\n")
