"""The check run: a conclusion for branch protection, and annotations at the prompts' lines.

API: https://docs.github.com/rest/checks/runs. Annotations go in batches of 50; every update adds its own to those
that are there, so an update that holds some is repeated only when GitHub shows that it was lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from apo_ci.errors import UnknownOutcomeError
from apo_ci.publish.annotations import Annotation
from apo_ci.publish.github import GitHub
from apo_ci.publish.limits import MAX_ANNOTATION_TEXT, MAX_ANNOTATIONS, MAX_CHECK_TEXT, MAX_TITLE, cut
from apo_ci.report.escape import clip, one_line
from apo_ci.report.model import Outcome

Conclusion = Literal["success", "failure", "neutral"]
ATTEMPTS = 8


def conclusion(verdict: Outcome, blocks: bool, *, inconclusive: Conclusion = "neutral") -> Conclusion:
    """What the check run concludes: what blocks the merge fails, and a failure that somebody accepted is neutral."""
    if blocks:
        return "failure"
    return {"pass": "success", "inconclusive": inconclusive, "fail": "neutral", "error": "neutral"}[verdict]


class CheckRun:
    """One check run `name` on the commit `head`; `external_id` tells this job's run from all others."""

    def __init__(self, github: GitHub, name: str, head: str, *, details_url: str, external_id: str) -> None:
        """`details_url` is where its "Details" lead."""
        self._github = github
        self._head = head
        self._identity = {"name": name, "details_url": details_url, "external_id": external_id}
        self._found: Mapping[str, Any] | None = None

    def start(self) -> None:
        """Show that the job is under way. Raises `GitHubError`."""
        self._found = self._create({"status": "in_progress"})

    def finish(
        self, conclusion: Conclusion, title: str, summary: str, text: str, annotations: Sequence[Annotation]
    ) -> str:
        """Complete the check run, begun or not; its page. Raises `GitHubError`.

        `title` is plain, `summary` and `text` are Markdown; what is too long is cut, and says so. The conclusion comes
        with the last annotations: a required check does not pass before all are there.
        """
        output = _output(title, summary, text)
        batches = _batches(annotations)
        sent = 0
        for position, batch in enumerate(batches, start=1):
            last = position == len(batches)
            state = {"status": "completed", "conclusion": conclusion} if last else {"status": "in_progress"}
            body = {**state, "output": {**output, "annotations": [_as_json(each) for each in batch]}}
            sent += len(batch)
            self._found = self._create(body) if self._found is None else self._update(self._found, body, sent)
        return str((self._found or {}).get("html_url") or "")

    def _create(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        path = self._github.path("check-runs")
        request = {**self._identity, "head_sha": self._head, **body}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _mapping(self._github.post(path, request))
            except UnknownOutcomeError:
                found = self._look_up()
                if found is not None:
                    return found
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _update(self, run: Mapping[str, Any], body: Mapping[str, Any], sent: int) -> Mapping[str, Any]:
        """`run` after `body`, which brings its annotations to `sent` in all."""
        path = self._github.path("check-runs", int(run["id"]))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _mapping(self._github.patch(path, body, repeatable=not body["output"]["annotations"]))
            except UnknownOutcomeError:
                found = self._look_up()
                if found is not None and _has(found, body["status"], sent):
                    return found
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _look_up(self) -> Mapping[str, Any] | None:
        path = self._github.path("commits", self._head, "check-runs")
        runs = self._github.pages(path, key="check_runs", check_name=self._identity["name"], filter="all")
        own = (run for run in runs if run["external_id"] == self._identity["external_id"])
        return max(own, key=lambda run: int(run["id"]), default=None)


def _has(run: Mapping[str, Any], status: str, annotations: int) -> bool:
    return bool(run["status"] == status and run["output"]["annotations_count"] >= annotations)


def _mapping(answer: Any) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}


def _output(title: str, summary: str, text: str) -> dict[str, Any]:
    output = {"title": one_line(clip(title, MAX_TITLE)), "summary": cut(summary, MAX_CHECK_TEXT)}
    return {**output, "text": cut(text, MAX_CHECK_TEXT)} if text else output


def _batches(annotations: Sequence[Annotation]) -> list[Sequence[Annotation]]:
    """At least one, which may be empty."""
    starts = range(0, max(len(annotations), 1), MAX_ANNOTATIONS)
    return [annotations[start : start + MAX_ANNOTATIONS] for start in starts]


def _as_json(annotation: Annotation) -> dict[str, Any]:
    return {
        "path": annotation.path,
        "start_line": annotation.start_line,
        "end_line": annotation.end_line,
        "annotation_level": annotation.level,
        "title": clip(annotation.title, MAX_TITLE),
        "message": clip(cut(annotation.message, MAX_ANNOTATION_TEXT), MAX_ANNOTATION_TEXT),
    }
