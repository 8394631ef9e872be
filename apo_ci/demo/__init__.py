"""The demo: a real pull request in a temporary repository, run through the real pipeline on the embedded model.

Nothing is scripted. The base commit holds this project's own sentiment prompt and eval set; the head commit is an
edit that reads well and makes the prompt worse. What the gate, the search and the confirmation say is what they find.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from apo_ci import pipeline
from apo_ci.inputs.repository import Repository

TASK = "sentiment"
EDIT_MESSAGE = "Tidy up the sentiment prompt"
DATE = "2026-01-01T00:00:00Z"  # fixed, so that the same demo has the same commits
HERE = Path(__file__).parent


def project_files() -> Path:
    """The folder with `prompts/`, `evals/` and `apo-ci.yaml`: inside the wheel, or the checkout's root."""
    return HERE if (HERE / "prompts").is_dir() else HERE.parents[1]


def make_repository(root: Path) -> Repository:
    """A git repository at `root`: `main` holds the base prompt, `tidy-up` is checked out with the worse one."""
    files = project_files()
    for name in (f"prompts/{TASK}.prompt.md", f"evals/{TASK}.yaml", f"evals/{TASK}.jsonl", "apo-ci.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files / name, root / name)
    repository = Repository.create(root)
    repository.commit_all("Add the sentiment prompt and its eval set", date=DATE)
    repository.switch_to_new_branch("tidy-up")
    shutil.copyfile(HERE / f"{TASK}.head.prompt.md", root / f"prompts/{TASK}.prompt.md")
    repository.commit_all(EDIT_MESSAGE, date=DATE)
    return repository


def show(*, seed: int, cache: Path | None, out: Path | None, directory: Path | None) -> int:
    """Make the repository, run the pipeline on it, print the comment and where it is; the exit code."""
    root = directory or Path(tempfile.mkdtemp(prefix="apo-ci-demo-"))
    if root.is_dir() and any(root.iterdir()):
        raise click.UsageError(f"{root} is not empty; the demo makes its repository in a new folder.")
    root.mkdir(parents=True, exist_ok=True)
    make_repository(root)
    click.echo(f"A repository with a pull request: {root} (branch tidy-up, against main)")
    options = pipeline.RunOptions(
        repository=root,
        base="main",
        head="HEAD",
        seed=seed,
        cache=cache or root / ".apo-ci" / "cache.sqlite",
        out=out or root / ".apo-ci" / "out",
    )
    code = pipeline.run_and_report(options)
    assert options.out is not None
    comment = options.out / "comment.md"
    click.echo(f"\nThe pull request would get this comment ({comment}):\n")
    click.echo(comment.read_text(encoding="utf-8"))
    if code not in (0, 1):
        return code
    click.echo(f"On a pull request the check would {'fail' if code else 'pass'} (exit code {code}).")
    return 0
