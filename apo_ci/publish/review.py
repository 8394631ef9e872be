"""Suggested prompts as one review: suggestions on the lines of the diff, or a patch where the platform allows none.

API: https://docs.github.com/rest/pulls/reviews (`POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews`).
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apo_ci.errors import GitHubError, UnknownOutcomeError
from apo_ci.publish.blocks import Block, Unsuitable, suggestion_blocks
from apo_ci.publish.github import GitHub
from apo_ci.publish.hunks import file_patch
from apo_ci.publish.limits import MAX_REVIEW_TEXT, cut
from apo_ci.report import words
from apo_ci.report.escape import Markdown, block, code

MAX_COMMENTS = 50
MAX_PATH = 200
ATTEMPTS = 8
UNPROCESSABLE = 422
PATCH_NAME = "suggestion.patch"


@dataclass(frozen=True, slots=True)
class PromptSuggestion:
    """A better version of one prompt file.

    `path` starts at the repository's root, `before` is the head's file and `after` the suggested one,
    `pull_request_diff` is the file's `git diff` from the merge base to the head, and `summary` says the measured gain
    in a line of safe Markdown.
    """

    path: str
    before: str
    after: str
    pull_request_diff: str
    summary: str


@dataclass(frozen=True, slots=True)
class ReviewComment:
    """A comment on the lines `start_line` to `line` of the head's file."""

    path: str
    start_line: int
    line: int
    body: str


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """What a review would hold.

    `patch` has the files that no suggestion can carry, and `reasons` says why, by their paths. `body` is the review's
    own text, without a marker.
    """

    comments: tuple[ReviewComment, ...]
    patch: str
    reasons: Mapping[str, str]
    body: str


def plan_review(suggestions: Iterable[PromptSuggestion], *, command: str = "") -> ReviewPlan:
    """The review that offers `suggestions`; `command` is a shell command that applies all of them.

    Of several suggestions for one file the first counts: the others were measured on the same head, and would no
    longer fit.
    """
    chosen = _distinct(suggestions)
    comments: list[ReviewComment] = []
    reasons: dict[str, str] = {}
    for suggestion in chosen:
        found = suggestion_blocks(suggestion.before, suggestion.after, suggestion.pull_request_diff)
        if isinstance(found, Unsuitable):
            reasons[suggestion.path] = found.reason
        elif len(comments) + len(found) > MAX_COMMENTS:
            reasons[suggestion.path] = f"one review holds {MAX_COMMENTS} suggestions"
        else:
            comments += _comments(suggestion.path, found)
    patch = suggestion_patch(suggestion for suggestion in chosen if suggestion.path in reasons)
    return ReviewPlan(tuple(comments), patch, reasons, _body(chosen, len(comments), reasons, command))


def suggestion_patch(suggestions: Iterable[PromptSuggestion]) -> str:
    """`suggestions` as `git apply` takes them, at the repository's root; of several for one file the first."""
    return "".join(file_patch(each.path, each.before, each.after) for each in _distinct(suggestions))


def digest_of(suggestions: Iterable[PromptSuggestion]) -> str:
    """What tells these suggestions from others: equal when the same files would change from and to the same texts."""
    told = sorted((each.path, each.before, each.after) for each in _distinct(suggestions))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def apply_command(run_id: int, repository: str, artifact: str) -> str:
    """The shell line that downloads the patch of a workflow run and applies it, from anywhere in a checkout."""
    download = f"gh run download {run_id} --repo {shlex.quote(repository)} --name {shlex.quote(artifact)}"
    return (
        f'apo="$(mktemp -d)" && {download} --dir "$apo" '
        f'&& git -C "$(git rev-parse --show-toplevel)" apply "$apo/{PATCH_NAME}"'
    )


def post_review(github: GitHub, number: int, head: str, plan: ReviewPlan, *, body_marker: str) -> str | None:
    """Post `plan` as one review of `head`, under the hidden `body_marker`; its address.

    `None` when there is nothing to post, or GitHub does not take a comment (its diff does not show the lines, or the
    head moved): then the patch is what remains. After a lost answer the review is looked for before it is repeated.
    """
    if not plan.comments:
        return None
    body = f"{body_marker}\n{plan.body}"
    comments = [_as_json(comment) for comment in plan.comments]
    request = {"commit_id": head, "event": "COMMENT", "body": body, "comments": comments}
    path = github.path("pulls", number, "reviews")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return str(github.post(path, request)["html_url"])
        except UnknownOutcomeError:
            posted = _posted(github, path, head, body)
            if posted is not None:
                return posted
            if attempt == ATTEMPTS:
                raise
        except GitHubError as problem:
            if problem.status != UNPROCESSABLE:
                raise
            return None
    return None


def _posted(github: GitHub, path: str, head: str, body: str) -> str | None:
    for review in github.pages(path):
        if review["commit_id"] == head and (review["body"] or "").strip() == body.strip():
            return str(review["html_url"])
    return None


def _as_json(comment: ReviewComment) -> dict[str, Any]:
    """The API's form; `start_line` is for comments of several lines alone."""
    place: dict[str, Any] = {"path": comment.path, "line": comment.line, "side": "RIGHT", "body": comment.body}
    if comment.start_line == comment.line:
        return place
    return {**place, "start_line": comment.start_line, "start_side": "RIGHT"}


def _distinct(suggestions: Iterable[PromptSuggestion]) -> list[PromptSuggestion]:
    """The first suggestion of each file, without those that change nothing."""
    first: dict[str, PromptSuggestion] = {}
    for suggestion in suggestions:
        if suggestion.before != suggestion.after:
            first.setdefault(suggestion.path, suggestion)
    return list(first.values())


def _comments(path: str, blocks: Sequence[Block]) -> list[ReviewComment]:
    total = len(blocks)
    return [
        ReviewComment(path, part.start, part.end, (_part(number, total) if total > 1 else "") + part.markdown)
        for number, part in enumerate(blocks, start=1)
    ]


def _part(number: int, total: int) -> str:
    return f"Part {number} of {total}: add all parts to one batch; a part alone was never measured.\n\n"


def _body(
    suggestions: Sequence[PromptSuggestion], n_comments: int, reasons: Mapping[str, str], command: str
) -> Markdown:
    title = "A better prompt was found:" if len(suggestions) == 1 else "Better prompts were found:"
    gains = "\n".join(f"- {_name(each.path)}: {' '.join(each.summary.split())}" for each in suggestions)
    excepted = "\n".join(f"- {_name(path)} is not offered on its lines: {why}." for path, why in reasons.items())
    if excepted and not command:
        excepted += "\n\nThe comment on this pull request says how to apply all of it."
    otherwise = "Or apply all of it:" if excepted or len(suggestions) > 1 else "Or run:"
    applied = f"{otherwise}\n\n{block(command, 'sh')}" if command else ""
    parts = (f"**{title}**", gains, _how_to_apply(n_comments), excepted, applied)
    return Markdown(cut("\n\n".join(filter(None, parts)) + "\n", MAX_REVIEW_TEXT))


def _how_to_apply(n_comments: int) -> str:
    if not n_comments:
        return ""
    if n_comments == 1:
        return "To apply it, commit the suggestion below as a whole: a part of it was never measured."
    return (
        f"To apply them, add the {n_comments} suggestions below to one batch (in *Files changed*) and commit it: "
        "a part of them was never measured."
    )


def _name(path: str) -> Markdown:
    return code(words.short_path(path, MAX_PATH))
