"""Confirmed suggestions in the forms that a pull request takes them: a review's, a commit's, the comment's memory."""

from __future__ import annotations

from dataclasses import dataclass

from apo_ci.inputs.pull_request import PullRequest
from apo_ci.inputs.repository import Repository
from apo_ci.inputs.trees import WORKING_TREE
from apo_ci.pipeline import Finished
from apo_ci.publish.commit import Fix
from apo_ci.publish.review import PromptSuggestion
from apo_ci.publish.state import Suggested, pack
from apo_ci.report import gains
from apo_ci.report.escape import new_hidden_characters
from apo_ci.report.model import Suggestion
from apo_ci.report.redact import Redactor


@dataclass(frozen=True)
class Offer:
    """One prompt's better text."""

    suggestion: PromptSuggestion
    fix: Fix

    @property
    def stored(self) -> Suggested:
        """What the comment remembers, so that `/apo apply` can commit it later."""
        fix = self.fix
        return Suggested(
            path=fix.path,
            prompt_hash=fix.before_hash,
            packed=pack(fix.after),
            delta=fix.delta,
            ci_low=fix.ci_low,
            ci_high=fix.ci_high,
            n=fix.n,
            run=int(fix.run),
            calls=fix.calls,
            saving=fix.saving,
        )


@dataclass(frozen=True)
class Measured:
    """A confirmed text of one prompt; `path` is the report's."""

    path: str
    before: str
    after: str
    found: Suggestion


def offers_of(finished: Finished, pull_request: PullRequest, run: int) -> list[Offer]:
    """The offers of the workflow run numbered `run`: one for each prompt with a confirmed text.

    There is none where the prompt's eval sets disagree about the text; and a text is never offered that brings
    characters which nobody can see, or a secret: the endpoint that answers for the optimizer knows its key. Nor is one
    offered in the place of a secret, which the patch would show.
    """
    by_path: dict[str, list[Suggestion]] = {}
    for prompt in finished.report.prompts:
        found = prompt.suggestion
        if found is not None and found.is_offered and found.text is not None:
            by_path.setdefault(prompt.path, []).append(found)
    sources = {affected.path: affected.head.source for affected in pull_request.affected}
    offers = []
    for path, candidates in by_path.items():
        texts = {suggestion.text for suggestion in candidates}
        text = texts.pop()
        if not texts and text is not None and _is_fit(sources[path], text, finished.redactor):
            offer = Measured(path, sources[path], text, candidates[0])
            offers.append(_offer(finished, pull_request, offer, run))
    return offers


def _is_fit(before: str, after: str, redactor: Redactor) -> bool:
    return not new_hidden_characters(before, after) and all(redactor(text) == text for text in (before, after))


def _offer(finished: Finished, pull_request: PullRequest, measured: Measured, run: int) -> Offer:
    provenance, found = finished.report.provenance, measured.found
    path = whole_path(pull_request, measured.path)
    fix = Fix(
        path=path,
        before_hash=provenance.prompts[measured.path].head or "",
        before=measured.before,
        after=measured.after,
        delta=found.delta or 0.0,
        ci_low=found.ci_low or 0.0,
        ci_high=found.ci_high or 0.0,
        n=found.n,
        run=str(run),
        calls=found.calls,
        model=next((model.name for model in provenance.models if model.role == "task"), ""),
        saving=max(0.0, found.tradeoff.saving) if found.status == "cheaper" and found.tradeoff else 0.0,
    )
    back = "back to the base version, " if found.is_revert else ""
    summary = f"{back}{gains.confirmed_gain(found)}."
    diff = diff_of(pull_request, path)
    return Offer(PromptSuggestion(path, measured.before, measured.after, diff, summary), fix)


def whole_path(pull_request: PullRequest, path: str) -> str:
    """A report's `path` from the repository's root."""
    return f"{pull_request.directory}/{path}" if pull_request.directory else path


def globs_of(pull_request: PullRequest) -> tuple[str, ...]:
    """What names the project's prompts, from the repository's root."""
    return tuple(whole_path(pull_request, glob) for glob in pull_request.globs)


def diff_of(pull_request: PullRequest, path: str) -> str:
    """The change of the file at `path` (from the repository's root), as the pull request shows it."""
    if pull_request.base is None or pull_request.head == WORKING_TREE:
        return ""
    return Repository(pull_request.repository).diff(pull_request.base, pull_request.head, path)
