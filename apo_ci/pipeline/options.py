"""What a command asks for, and where a run keeps its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apo_ci.config import Budget, Overrides
from apo_ci.errors import InputError, RepositoryError
from apo_ci.inputs.checkout import read_prompts, top_of
from apo_ci.inputs.paths import checked_folder
from apo_ci.inputs.pull_request import PullRequest, read_pull_request
from apo_ci.inputs.repository import Repository

HOME = ".apo-ci"
COMPANIONS = ("", "-wal", "-shm", "-journal")  # what SQLite reads beside a database (https://sqlite.org/tempfiles.html)


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
    _refuse_links(options, home, home / ".gitignore")
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        cure = "Choose other places with --cache and --out."
        raise InputError(f"The folder cannot be made: {error.strerror}.", cure=cure, path=str(home)) from error
    return home


def cache_of(options: RunOptions) -> Path:
    """The file of the reply cache. One that is committed is refused: whoever writes it writes the model's replies."""
    cache = _placed(options, options.cache, "cache.sqlite")
    files = [cache.with_name(cache.name + companion) for companion in COMPANIONS]
    _refuse_links(options, *files)
    if _is_committed(options, files):
        cure = "Take it out of git (`git rm --cached`): a pull request could bring the replies that it is judged by."
        raise InputError("The reply cache is committed.", cure=cure, path=str(cache))
    return cache


def make_out(options: RunOptions) -> Path:
    """The folder for the reports."""
    out = _placed(options, options.out, "out")
    _refuse_links(options, out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _refuse_links(options, *out.iterdir())
    except OSError as error:
        cure = "Choose another --out."
        raise InputError(f"The folder cannot be made: {error.strerror}.", cure=cure, path=str(out)) from error
    return out


def _placed(options: RunOptions, wanted: Path | None, name: str) -> Path:
    """`wanted`, or `name` in the project's folder, which is made where it is needed."""
    place = wanted or options.home / name
    if place.absolute().is_relative_to(options.home.absolute()):
        make_home(options)
    return place


def _refuse_links(options: RunOptions, *places: Path) -> None:
    """Raise `InputError` where a link inside the repository leads elsewhere: a pull request can bring one."""
    roots = {options.repository.absolute(), top_of(options.repository)}
    for place in places:
        whole = place.absolute()
        for root in (root for root in roots if whole.is_relative_to(root)):
            inside = [whole, *whole.parents[: len(whole.relative_to(root).parts) - 1]] if whole != root else []
            if any(part.is_symlink() for part in inside):
                cure = "Remove the link, or choose another place with --cache and --out."
                raise InputError("The place for apo-ci's files is a link.", cure=cure, path=str(place))


def _is_committed(options: RunOptions, files: Sequence[Path]) -> bool:
    try:
        return Repository(options.repository).tracks(files)
    except RepositoryError:
        return False
