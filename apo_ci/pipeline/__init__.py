"""The run, on one page: read the pull request, evaluate both sides, gate, search, confirm, report."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from apo_ci import config
from apo_ci.config import Budget
from apo_ci.errors import InputError
from apo_ci.inputs.checkout import open_tree, read_prompts
from apo_ci.inputs.pull_request import PullRequest, read_pull_request, validate_tree
from apo_ci.inputs.repository import Repository
from apo_ci.pipeline.assembly import assemble
from apo_ci.pipeline.checkpoint import Checkpoint
from apo_ci.pipeline.examination import examine
from apo_ci.pipeline.provenance import run_id
from apo_ci.pipeline.searching import search, wants_search
from apo_ci.pipeline.session import Session
from apo_ci.report.as_json import render_json
from apo_ci.report.comment import render_comment
from apo_ci.report.escape import new_hidden_characters, terminal
from apo_ci.report.model import Report
from apo_ci.report.progress import Progress
from apo_ci.report.redact import Redactor
from apo_ci.report.summary import render_summary
from apo_ci.report.terminal import print_report

GATE_FAILED = 1
INFRASTRUCTURE = 3
HOME = ".apo-ci"


@dataclass(frozen=True)
class RunOptions:
    """What a command asks for. Refs are git's; `None` is the default of `apo-ci run`.

    `compare` is false for commands that look at the working tree alone (`paths` names the prompts then).
    """

    repository: Path = Path()
    base: str | None = None
    head: str | None = None
    every: bool = False
    search: bool = True
    compare: bool = True
    write: bool = False
    paths: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    seed: int | None = None
    cache: Path | None = None
    out: Path | None = None

    @property
    def home(self) -> Path:
        """Where the cache and the reports of this repository are, unless the options say otherwise."""
        return self.repository / HOME


@dataclass(frozen=True)
class Finished:
    """A run's report, what to take out of everything that is made from it, and where the prompts' paths begin."""

    report: Report
    redactor: Redactor
    root: Path


async def run(options: RunOptions, progress: Progress) -> Finished:
    """Everything that `apo-ci run` does, but for writing files; raises `ApoError` for what cannot be begun."""
    progress.stage("Reading the prompts and eval sets")
    pull_request = _read(options)
    settings = pull_request.config
    budget = options.budget.over(settings.budget)
    seed = settings.search.seed if options.seed is None else options.seed
    identity = run_id(pull_request, budget, seed=options.seed, search=options.search, compare=options.compare)
    cache = options.cache or _make_home(options) / "cache.sqlite"
    out = _make_out(options)  # before anything is paid for
    async with Session(cache, budget, identity, options.seed) as session:
        session.ledger.on_settled = progress.settled
        examinations = []
        for number, affected in enumerate(pull_request.affected, start=1):
            progress.stage(f"Evaluating {affected.path}")
            later = pull_request.affected[number:]
            examinations.append(await examine(affected, session, settings, later=later, search=options.search))
        searched = [each for each in examinations if options.search and wants_search(each, settings)]
        for number, examination in enumerate(searched):
            progress.stage(f"Searching for a better {examination.affected.path}")
            checkpoint = Checkpoint(out, session, examination.affected.path, progress.round)
            await search(examination, session, settings, share=len(searched) - number, progress=checkpoint)
        progress.done(session.new_calls)
        report = assemble(pull_request, examinations, session, budget, seed)
        return Finished(report, Redactor(config.known_secrets(*session.models)), pull_request.repository)


def _read(options: RunOptions) -> PullRequest:
    if options.compare:
        repository = Repository(options.repository)
        return read_pull_request(repository, options.base, options.head, every=options.every)
    return read_prompts(options.repository, options.paths)


def run_and_report(options: RunOptions) -> int:
    """`run`, with progress and the report on the terminal and in files; the exit code."""
    with Progress(sys.stderr, Redactor(config.known_secrets())) as progress:
        finished = asyncio.run(run(options, progress))
    report, redactor = finished.report, finished.redactor
    out = _make_out(options)
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
        better = [one.text for one in found if one is not None and one.status == "better" and one.text is not None]
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


def validate(repository: Path, head: str | None) -> int:
    """Print everything that is wrong with the configuration, prompts and eval sets; the exit code."""
    redactor = Redactor(config.known_secrets())
    errors = validate_tree(open_tree(repository, head), lambda warning: _say(warning, redactor, sys.stderr))
    for error in errors:
        _say(str(error), redactor, sys.stderr)
    if errors:
        _say(f"{len(errors)} problem{'s' if len(errors) > 1 else ''}.", redactor, sys.stderr)
        return errors[0].exit_code
    _say("All good.", redactor, sys.stdout)
    return 0


def _make_home(options: RunOptions) -> Path:
    """The repository's `.apo-ci` folder, which git ignores."""
    home = options.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        cure = "Choose other places with --cache and --out."
        raise InputError(f"The folder cannot be made: {error.strerror}.", cure=cure, path=str(home)) from error
    return home


def _make_out(options: RunOptions) -> Path:
    """The folder for the reports."""
    out = options.out or _make_home(options) / "out"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cure = "Choose another --out."
        raise InputError(f"The folder cannot be made: {error.strerror}.", cure=cure, path=str(out)) from error
    return out


def _say(text: str, redactor: Redactor, stream: TextIO) -> None:
    stream.write(terminal(redactor(text)) + "\n")
