"""One side of a pull request: the configuration, prompts and eval sets of one version, read on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from apo_ci import documents
from apo_ci.config import CONFIG_PATHS, Config
from apo_ci.errors import ApoError, ConfigError, InputError
from apo_ci.inputs.datasets import load_dataset
from apo_ci.inputs.evals import EvalSet, EvalSettings, make_eval_set
from apo_ci.inputs.paths import checked_path, is_glob, matching
from apo_ci.inputs.prompts import Prompt, read_prompt
from apo_ci.inputs.repository import Tree

Adjust = Callable[[str, EvalSettings], EvalSettings]


def read_config(tree: Tree, path: str | None = None) -> Config | None:
    """The configuration of `tree`, at `path` when one is given; `None` without one. Raises `ConfigError`."""
    path = config_path(tree, path)
    if path is None:
        return None
    config = config_or_errors(tree, path)
    if isinstance(config, list):
        raise config[0]
    return config


def config_or_errors(tree: Tree, path: str) -> Config | list[ApoError]:
    """The configuration at `path`, or everything that is wrong with it."""
    try:
        text = documents.decode(tree.read(path), path, error=ConfigError)
        document = documents.parse(text, path, error=ConfigError)
    except ApoError as problem:
        return [problem]
    config = documents.validate_all(Config, document, error=ConfigError)
    return config if isinstance(config, list) else _glob_errors(config, document) or config


def _glob_errors(config: Config, document: documents.Document) -> list[ApoError]:
    errors: list[ApoError] = []
    for key, globs in (("prompts", config.prompts), ("evals", config.evals)):
        for index, glob in enumerate(globs):
            try:
                checked_path(glob)
            except InputError as problem:
                line = document.line((key, index))
                errors.append(ConfigError(problem.message, cure=problem.cure, path=document.path, line=line))
    return errors


def config_path(tree: Tree, path: str | None = None) -> str | None:
    """Where the configuration of `tree` is: at `path` and nowhere else, when one is given. `None` without one."""
    paths = CONFIG_PATHS if path is None else (checked_path(path),)
    return next((one for one in paths if tree.exists(one)), None)


def no_configuration(path: str | None = None) -> ConfigError:
    """The error when there is none, neither at `path`, when one is given, nor at one of the usual places."""
    where = "at the repository's root (or in the folder of --directory), " if path is None else "there "
    cure = f"Create {path or CONFIG_PATHS[0]} {where}with at least `version: 1`."
    return ConfigError("There is no configuration.", cure=cure, path=path or CONFIG_PATHS[0])


def read_document(tree: Tree, path: str) -> documents.Document:
    """The YAML file at `path`, with lines. Raises `InputError`."""
    text = documents.decode(tree.read(path), path, error=InputError)
    return documents.parse(text, path, error=InputError)


def at(document: documents.Document, key: str, problem: InputError) -> InputError:
    """`problem` with what `key` names, at the place where it was written."""
    return InputError(problem.message, cure=problem.cure, path=document.path, line=document.line((key,)))


class Side:
    """Prompts and eval sets of one tree.

    `lenient` leaves out eval files that cannot be read, with a warning; `adjust` may change settings on the way in.
    """

    def __init__(self, tree: Tree, evals: Sequence[str], *, lenient: bool = False, adjust: Adjust | None = None):
        self.tree = tree
        self.warnings: list[str] = []
        self._eval_globs = evals
        self._lenient = lenient
        self._adjust = adjust
        self._prompts: dict[str, Prompt] = {}
        self._eval_sets: dict[str, EvalSet] = {}
        self._documents: dict[str, documents.Document] = {}

    @cached_property
    def evals(self) -> Mapping[str, EvalSettings]:
        """The settings of every eval file by path."""
        found = {}
        for path in self.tree.list(self._eval_globs):
            try:
                self._documents[path] = read_document(self.tree, path)
                settings = documents.validate(EvalSettings, self._documents[path], error=InputError)
                found[path] = settings if self._adjust is None else self._adjust(path, settings)
            except InputError as problem:
                if not self._lenient:
                    raise
                self.warn(problem)
        return found

    def named_by(self, path: str, prompt: str) -> bool:
        """Whether the eval file at `path` names `prompt`."""
        return path in self.evals and bool(matching(self.evals[path].prompt, (prompt,)))

    def dangling(self) -> list[tuple[str, InputError]]:
        """For every path or glob of an eval file that names no prompt here: it, and the error."""
        found = []
        for path, settings in self.evals.items():
            for pattern in settings.prompt:
                if not self.tree.list((pattern,)):
                    found.append((pattern, at(self._documents[path], "prompt", unmatched(self.tree, pattern))))
        return found

    def prompt(self, path: str) -> Prompt:
        """The prompt at `path`."""
        if path not in self._prompts:
            self._prompts[path] = read_prompt(self.tree.read(path), path)
        return self._prompts[path]

    def data(self, path: str) -> bytes:
        """The bytes of the dataset that the eval file at `path` names."""
        name = self.evals[path].dataset
        try:
            return self.tree.read(name)
        except InputError as problem:
            raise at(self._documents[path], "dataset", beside(self.tree, path, name, problem)) from problem

    def eval_set(self, path: str) -> EvalSet:
        """The eval set in the eval file at `path`, with its cases."""
        if path not in self._eval_sets:
            settings = self.evals[path]
            dataset = load_dataset(self.data(path), settings.dataset, settings.columns)
            self._eval_sets[path] = make_eval_set(path, settings, dataset)
        return self._eval_sets[path]

    def warn(self, problem: ApoError) -> None:
        """Note that something here cannot be used."""
        place = f"{problem.path}:{problem.line}" if problem.line else f"{problem.path}"
        self.warnings.append(f"{place} ({self.tree.name}) cannot be used: {problem.message}")


def unmatched(tree: Tree, pattern: str) -> InputError:
    """The error for a path or glob of an eval file that names no prompt."""
    if is_glob(pattern):
        return InputError(f"No file matches `{pattern}`.", cure="Write the glob from the project's root.")
    try:
        tree.read(pattern)
    except InputError as problem:
        return problem
    return InputError(f"`{pattern}` is ignored by git.", cure="Add it to git.")


def beside(tree: Tree, eval_path: str, name: str, problem: InputError) -> InputError:
    """`problem` with a dataset, cured by the file of that name beside the eval file where there is one."""
    neighbour = f"{eval_path.rpartition('/')[0]}/{name}".lstrip("/")
    if ".." not in neighbour.split("/") and tree.exists(neighbour):
        cure = f"Paths are read from the project's root: write `{neighbour}`."
        return InputError(problem.message, cure=cure)
    return problem
