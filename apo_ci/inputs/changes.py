"""What differs between the two sides of a pull request, prompt by prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from apo_ci.config import Overrides
from apo_ci.errors import InputError
from apo_ci.inputs.evals import EvalSet, EvalSettings, make_eval_set
from apo_ci.inputs.fitting import missing_inputs, shapes_of, target_lines_of, unusable_targets, unused_inputs
from apo_ci.inputs.governance import read_configurations, without_authority
from apo_ci.inputs.paths import matching, missing
from apo_ci.inputs.prompts import Prompt
from apo_ci.inputs.repository import Tree
from apo_ci.inputs.sides import Side
from apo_ci.inputs.splits import assign_splits


@dataclass(frozen=True)
class AffectedPrompt:
    """A prompt with one of its eval sets.

    `base` is `None` for a new prompt. `base_eval` governs; it is `None` where the base has no such eval set, and
    `head_eval` then governs. When the pull request leaves the eval set alone, both are the same object; when it removes
    the eval set, `head_eval` is `None`.
    """

    path: str
    eval_path: str
    base: Prompt | None
    head: Prompt
    base_eval: EvalSet | None
    head_eval: EvalSet | None
    reasons: tuple[str, ...]

    @property
    def governing(self) -> EvalSet:
        """The eval set whose verdict counts."""
        governing = self.base_eval or self.head_eval
        if governing is None:
            raise InputError("There is no eval set.", path=self.eval_path)
        return governing

    @property
    def eval_changed(self) -> bool:
        """Whether the pull request changes the eval set, so that there is a second verdict."""
        return self.head_eval is not self.base_eval


class Changes:
    """Both sides of a pull request, compared. `base` is `None` in a repository without commits."""

    def __init__(
        self, base: Tree | None, head: Tree, *, config_path: str | None = None, overrides: Overrides | None = None
    ):
        self.configurations = read_configurations(base, head, config_path, overrides)
        self._config = self.configurations.governing
        self._warnings = list(self.configurations.warnings)
        self._base = None if base is None else Side(base, self._config.evals, lenient=True)
        self._head = Side(head, self._config.evals, adjust=self._adjusted)
        self._check_dangling()

    def prompts(self, paths: Sequence[str] | None) -> tuple[str, ...]:
        """The head's prompts, those that `paths` match."""
        known = self._head.tree.list(self.globs)
        if paths is None:
            return known
        for path in paths:
            if not matching((path,), known):
                raise missing(path, known)
        return matching(paths, known)

    def deleted(self, paths: Sequence[str] | None) -> tuple[str, ...]:
        """The base's prompts that the head has no more."""
        if self._base is None:
            return ()
        gone = set(self._base.tree.list(self.globs)) - set(self._head.tree.list(self.globs))
        return matching(paths, gone) if paths is not None else tuple(sorted(gone))

    def evals_of(self, path: str) -> tuple[str, ...]:
        """The eval files of either side that name the prompt at `path`."""
        sides = [side for side in (self._base, self._head) if side is not None]
        return tuple(sorted({name for side in sides for name in side.evals if side.named_by(name, path)}))

    def reasons(self, path: str, *, every: bool, named: bool) -> tuple[str, ...]:
        """Why the prompt itself counts as affected."""
        reasons = []
        if self._base is None or not self._base.tree.exists(path):
            reasons.append("new prompt")
        elif self._base.tree.digest(path) != self._head.tree.digest(path):
            reasons.append("prompt changed")
        if any(getattr(self._config, name) != getattr(self.configurations.head, name) for name in ("model", "gate")):
            reasons.append("settings changed")
        if every:
            reasons.append("--all")
        if named:
            reasons.append("named")
        return tuple(reasons)

    def entry(self, path: str, eval_path: str, reasons: tuple[str, ...]) -> AffectedPrompt | None:
        """The prompt with that eval set; `None` when neither is affected."""
        changed = self._eval_changed(path, eval_path)
        if not reasons and not changed:
            return None
        reasons = (*reasons, "eval set changed") if changed else reasons
        head = self._head.prompt(path)
        base_eval, head_eval = self._eval_sets(path, eval_path, changed=changed)
        self._check_fit(head, head_eval or base_eval, strict=head_eval is not None)
        if base_eval is not None and head_eval is not None and _lacks_inputs(head, base_eval):
            self._warnings.append(
                f"{path} needs inputs that {base_eval.dataset.path} lacks on the base: the cases are the head's, "
                "the settings the base's."
            )
            base_eval = _with_cases(base_eval, head_eval)
        entry = AffectedPrompt(path, eval_path, self._base_prompt(path), head, base_eval, head_eval, reasons)
        entry = self._comparable(entry)
        self._warn_of_cases(entry.governing)
        return entry

    def warnings(self) -> tuple[str, ...]:
        """Every warning once, in order."""
        sides = [side.warnings for side in (self._base, self._head) if side is not None]
        return tuple(dict.fromkeys([*self._warnings, *(warning for warnings in sides for warning in warnings)]))

    @property
    def globs(self) -> tuple[str, ...]:
        """What names prompts: the governing configuration, and the eval sets of both sides."""
        sides = [side for side in (self._base, self._head) if side is not None]
        return (*self._config.prompts, *(glob for side in sides for one in side.evals.values() for glob in one.prompt))

    def _adjusted(self, path: str, settings: EvalSettings) -> EvalSettings:
        if self.configurations.source == "head":
            return settings
        governed = without_authority(settings, self._base.evals.get(path) if self._base is not None else None)
        if governed != settings:
            self._warnings.append(
                f"{path} changes where requests go or what they may cost; until it is merged, the base's word counts."
            )
        return governed

    def _check_dangling(self) -> None:
        for pattern, problem in self._head.dangling():
            if self._base is None or not self._base.tree.list((pattern,)):
                raise problem
            self._warnings.append(f"{problem.path}:{problem.line}: {problem.message}")

    def _eval_changed(self, path: str, eval_path: str) -> bool:
        if self._base is None or not self._base.named_by(eval_path, path):
            return self._base is not None
        if not self._head.named_by(eval_path, path):
            return True
        base, head = self._base.evals[eval_path], self._head.evals[eval_path]
        ignored = {"prompt", "dataset"}
        if base.model_dump(exclude=ignored) != head.model_dump(exclude=ignored):
            return True
        try:
            if self._base.tree.digest(base.dataset) == self._head.tree.digest(head.dataset):
                return False
            return self._base.eval_set(eval_path).fingerprint != self._head.eval_set(eval_path).fingerprint
        except InputError:
            return True

    def _eval_sets(self, path: str, eval_path: str, *, changed: bool) -> tuple[EvalSet | None, EvalSet | None]:
        base = self._base_eval(path, eval_path)
        if not changed and base is not None:
            return base, base
        head = self._head.eval_set(eval_path) if self._head.named_by(eval_path, path) else None
        if base is None and head is None:
            raise InputError("The eval set cannot be read on the base, and the head removes it.", path=eval_path)
        return base, head

    def _base_eval(self, path: str, eval_path: str) -> EvalSet | None:
        if self._base is None or not self._base.named_by(eval_path, path):
            return None
        try:
            found = self._base.eval_set(eval_path)
            unusable = unusable_targets(found.settings, found.dataset.path, target_lines_of(found.dataset.cases))
            if unusable:
                raise unusable[0]
        except InputError as problem:
            self._base.warn(problem)
            return None
        return found

    def _base_prompt(self, path: str) -> Prompt | None:
        if self._base is None or not self._base.tree.exists(path):
            return None
        try:
            return self._base.prompt(path)
        except InputError as problem:
            self._base.warn(problem)
            return None

    def _check_fit(self, prompt: Prompt, eval_set: EvalSet | None, *, strict: bool) -> None:
        """Raise the first thing that keeps `prompt` and the eval set that it comes with from fitting."""
        if eval_set is None:
            return
        dataset = eval_set.dataset
        shapes = shapes_of(dataset.cases)
        problems = missing_inputs(prompt, dataset.path, shapes)
        if strict:
            names = self._head.tree.list(eval_set.settings.prompt)
            problems += unused_inputs([self._head.prompt(name) for name in names], dataset.path, shapes)
        problems += unusable_targets(eval_set.settings, dataset.path, target_lines_of(dataset.cases))
        if problems:
            raise problems[0]

    def _comparable(self, entry: AffectedPrompt) -> AffectedPrompt:
        if entry.base is None or not _lacks_inputs(entry.base, entry.governing):
            return entry
        self._warnings.append(
            f"{entry.path}: the base needs inputs that {entry.governing.dataset.path} does not have, so there is no "
            "comparison."
        )
        return replace(entry, base=None)

    def _warn_of_cases(self, eval_set: EvalSet) -> None:
        self._warnings.extend(eval_set.dataset.warnings)
        splits = assign_splits(
            eval_set.dataset.cases, eval_set.settings.splits, labels=bool(eval_set.settings.labels), path=eval_set.path
        )
        for name, share in eval_set.settings.splits.model_dump().items():
            if share > 0 and not getattr(splits, name):
                self._warnings.append(
                    f"{eval_set.path}: the {name} split has no cases; add rows or give them a `split`."
                )


def _lacks_inputs(prompt: Prompt, eval_set: EvalSet) -> bool:
    """Whether some case of `eval_set` lacks an input that `prompt` needs."""
    return bool(missing_inputs(prompt, eval_set.dataset.path, shapes_of(eval_set.dataset.cases)))


def _with_cases(governing: EvalSet, other: EvalSet) -> EvalSet:
    taken = {"dataset": other.settings.dataset, "columns": other.settings.columns}
    return make_eval_set(governing.path, governing.settings.model_copy(update=taken), other.dataset)
