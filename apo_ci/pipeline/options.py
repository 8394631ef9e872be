"""What a command asks for, and where a run keeps its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from apo_ci.config import Budget, Overrides
from apo_ci.errors import InputError
from apo_ci.inputs.checkout import read_prompts, top_of
from apo_ci.inputs.paths import checked_folder
from apo_ci.inputs.pull_request import PullRequest, read_pull_request
from apo_ci.inputs.repository import Repository

HOME = ".apo-ci"


@dataclass(frozen=True)
class RunOptions:
    """What a command asks for. Refs are git's; `None` is the default of `apo-ci run`.

    `directory` is the project's folder inside the repository; `config_path` and `paths` begin there. `compare` is false
    for commands that look at the working tree alone (`paths` names the prompts then). `without_model` is the reason why
    no model may be asked, if so: everything then comes from the cache, and nothing is searched. `baseline` takes the
    default branch's replies from git's copy of the data branch, where they are kept under the name `section` (`None`:
    the directory's).
    """

    repository: Path = Path()
    directory: str = ""
    config_path: str | None = None
    overrides: Overrides = field(default_factory=Overrides)
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
    without_model: str | None = None
    baseline: bool = True
    section: str | None = None

    @property
    def home(self) -> Path:
        """Where the cache and the reports of this project are, unless the options say otherwise."""
        folder = checked_folder(self.directory)
        return (top_of(self.repository) / folder if folder else self.repository) / HOME

    @property
    def searches(self) -> bool:
        """Whether a better prompt is looked for: a search without a model could find none."""
        return self.search and self.without_model is None

    @property
    def baseline_section(self) -> str:
        """The name under which the data branch keeps this project's baseline."""
        return checked_folder(self.directory) if self.section is None else self.section


def read(options: RunOptions) -> PullRequest:
    """What the options name, read from git or the working tree."""
    if options.compare:
        return read_pull_request(
            Repository(options.repository),
            options.base,
            options.head,
            every=options.every,
            directory=options.directory,
            config_path=options.config_path,
            overrides=options.overrides,
        )
    return read_prompts(
        options.repository,
        options.paths,
        directory=options.directory,
        config_path=options.config_path,
        overrides=options.overrides,
    )


def make_home(options: RunOptions) -> Path:
    """The project's `.apo-ci` folder, which git ignores."""
    home = options.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        cure = "Choose other places with --cache and --out."
        raise InputError(f"The folder cannot be made: {error.strerror}.", cure=cure, path=str(home)) from error
    return home


def cache_of(options: RunOptions) -> Path:
    """The file of the reply cache."""
    return options.cache or make_home(options) / "cache.sqlite"


def make_out(options: RunOptions) -> Path:
    """The folder for the reports."""
    out = options.out or make_home(options) / "out"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cure = "Choose another --out."
        raise InputError(f"The folder cannot be made: {error.strerror}.", cure=cure, path=str(out)) from error
    return out
