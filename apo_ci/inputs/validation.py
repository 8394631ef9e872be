"""Everything that is wrong with a version of the repository, at once and without asking a model."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from apo_ci import documents
from apo_ci.config import CONFIG_PATHS, Config
from apo_ci.errors import ApoError, ConfigError, InputError
from apo_ci.inputs.datasets import DatasetSummary, scan_dataset
from apo_ci.inputs.evals import EvalSettings
from apo_ci.inputs.fitting import missing_inputs, unusable_targets, unused_inputs
from apo_ci.inputs.formats import format_of
from apo_ci.inputs.prompts import Prompt, PromptHeader, parse_prompt
from apo_ci.inputs.repository import Tree
from apo_ci.inputs.scanning import duplicate_warnings
from apo_ci.inputs.sides import at, beside, config_or_errors, config_path, no_configuration, read_document, unmatched
from apo_ci.inputs.trees import subtree

Warn = Callable[[str], None]


def validate_tree(
    tree: Tree, warn: Warn | None = None, *, directory: str = "", config_path: str | None = None
) -> list[ApoError]:
    """All errors in the configuration, the prompts, the eval files and their datasets, in this order.

    Paths, those of errors too, begin at the folder `directory`. Datasets are streamed. `warn` is told of duplicates
    and the like.
    """
    return _Validation(subtree(tree, directory), warn or (lambda message: None), config_path).run()


class _Validation:
    def __init__(self, tree: Tree, warn: Warn, config_path: str | None):
        self._tree = tree
        self._config_path = config_path
        self._warn = warn
        self._errors: list[ApoError] = []
        self._prompts: dict[str, Prompt | None] = {}
        self._summaries: dict[tuple[str, str], DatasetSummary | None] = {}

    def run(self) -> list[ApoError]:
        config = self._config()
        prompts = self._tree.list(config.prompts)
        for path in prompts:
            self._prompt(path)
        evals = self._tree.list(config.evals)
        for path in evals:
            self._eval(path)
        if not prompts and not self._prompts:
            cure = "Write globs from the project's root, such as `prompts/**/*.prompt.md`."
            message = f"No prompt matches {', '.join(config.prompts)}."
            self._errors.append(ConfigError(message, cure=cure, path=self._where() or CONFIG_PATHS[0]))
        return self._errors

    def _where(self) -> str | None:
        return config_path(self._tree, self._config_path)

    def _config(self) -> Config:
        path = self._where()
        if path is None:
            self._errors.append(no_configuration(self._config_path))
            return Config(version=1)
        found = config_or_errors(self._tree, path)
        if isinstance(found, Config):
            return found
        self._errors.extend(found)
        return Config(version=1)

    def _prompt(self, path: str) -> Prompt | None:
        if path not in self._prompts:
            self._prompts[path] = None
            try:
                source = documents.decode(self._tree.read(path), path, error=InputError)
            except InputError as problem:
                self._errors.append(problem)
                return None
            try:
                self._prompts[path] = parse_prompt(source, path)
            except InputError as problem:
                self._errors.extend(_header_errors(source, path) or [problem])
        return self._prompts[path]

    def _eval(self, path: str) -> None:
        try:
            document = read_document(self._tree, path)
        except InputError as problem:
            self._errors.append(problem)
            return
        settings = documents.validate_all(EvalSettings, document, error=InputError)
        if isinstance(settings, list):
            self._errors.extend(settings)
            return
        prompts = self._prompts_of(settings, document)
        summary = self._summary(path, settings, document)
        if summary is None or not summary.rows:
            return
        self._errors.extend(unusable_targets(settings, settings.dataset, summary.target_lines))
        self._errors.extend(chain(*(missing_inputs(one, settings.dataset, summary.shapes) for one in prompts if one)))
        known = [one for one in prompts if one is not None]
        if known and len(known) == len(prompts):
            self._errors.extend(unused_inputs(known, settings.dataset, summary.shapes))

    def _prompts_of(self, settings: EvalSettings, document: documents.Document) -> list[Prompt | None]:
        for pattern in settings.prompt:
            if not self._tree.list((pattern,)):
                self._errors.append(at(document, "prompt", unmatched(self._tree, pattern)))
        return [self._prompt(path) for path in self._tree.list(settings.prompt)]

    def _summary(self, path: str, settings: EvalSettings, document: documents.Document) -> DatasetSummary | None:
        name = settings.dataset
        key = (name, repr(sorted(settings.columns.items())))
        if key not in self._summaries:
            self._summaries[key] = None
            try:
                with self._tree.open(name) as stream:
                    summary = scan_dataset(stream, name, settings.columns)
            except InputError as problem:
                self._errors.append(at(document, "dataset", beside(self._tree, path, name, problem)))
                return None
            self._summaries[key] = summary
            self._report(summary, name)
        return self._summaries[key]

    def _report(self, summary: DatasetSummary, name: str) -> None:
        self._errors.extend(summary.errors)
        more = summary.n_untold
        if more:
            self._errors.append(InputError(f"{more:,} more errors are not shown.", cure="Mend these first.", path=name))
        for warning in duplicate_warnings(name, list(summary.duplicates), summary.n_duplicates):
            self._warn(warning)


def _header_errors(source: str, path: str) -> list[ApoError]:
    try:
        header = format_of(path).read(source, path).header
    except InputError:
        return []
    found = None if header is None else documents.validate_all(PromptHeader, header, error=InputError)
    return found if isinstance(found, list) else []
