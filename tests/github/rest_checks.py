"""Check runs: https://docs.github.com/rest/checks/runs

Of texts, GitHub limits the UTF-16 code units and then the bytes: a summary of too many bytes is refused, a text of too
many loses its end in silence (https://github.com/github/docs/issues/35252).
"""

from __future__ import annotations

from tests.github import answers
from tests.github.protocol import JSON, Answer, Asked, RefusalError, invalid, not_found, paged, route
from tests.github.state import CheckRun, State

MOST_ANNOTATIONS = 50
LONGEST_TEXT = 65_535
LONGEST_MESSAGE = 64 * 1024
LONGEST_ANNOTATION_TITLE = 255
CHECK_RUN = "/repos/{owner}/{repo}/check-runs/{check_run_id}"


@route("POST", "/repos/{owner}/{repo}/check-runs", "checks")
def create_check_run(state: State, asked: Asked) -> Answer:
    """A check run on a commit of the repository."""
    name, head = asked.body.get("name"), asked.body.get("head_sha")
    if not name or not head:
        raise RefusalError(422, 'Invalid request.\n\n"name", "head_sha" weren\'t supplied.')
    if head not in state.git.commits:
        raise RefusalError(422, f"No commit found for SHA: {head}")
    run = CheckRun(state.new_id(), head, name, {"status": "queued"})
    _apply(state, run, asked.body)
    state.all_check_runs[run.id] = run
    return Answer(201, answers.check_run(state, run))


@route("GET", CHECK_RUN, "checks")
def get_check_run(state: State, asked: Asked) -> Answer:
    """One check run."""
    return Answer(200, answers.check_run(state, _run(state, asked)))


@route("PATCH", CHECK_RUN, "checks")
def update_check_run(state: State, asked: Asked) -> Answer:
    """Annotations are added to those that are there."""
    run = _run(state, asked)
    _apply(state, run, asked.body)
    return Answer(200, answers.check_run(state, run))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", "checks")
def list_check_runs(state: State, asked: Asked) -> Answer:
    """The newest first, of each name only the newest unless `filter` is "all"."""
    commit = state.resolve(asked.parameters["ref"])
    if commit is None:
        raise RefusalError(422, f"No commit found for SHA: {asked.parameters['ref']}")
    runs = [run for run in reversed(state.all_check_runs.values()) if run.head_sha == commit.sha]
    if asked.query.get("filter", "latest") == "latest":
        runs = list({run.name: run for run in reversed(runs)}.values())[::-1]
    for name, value in (("name", asked.query.get("check_name")), ("status", asked.query.get("status"))):
        runs = [run for run in runs if value in (None, answers.check_run(state, run)[name])]
    return paged(state, asked, [answers.check_run(state, run) for run in runs], key="check_runs")


def _run(state: State, asked: Asked) -> CheckRun:
    run = state.all_check_runs.get(asked.number("check_run_id"))
    if run is None:
        raise not_found()
    return run


def _apply(state: State, run: CheckRun, body: JSON) -> None:
    if body.get("status") == "completed" and not body.get("conclusion"):
        raise RefusalError(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')
    output = body.get("output", {})
    _check_output(output)
    if "text" in output:
        output = {**output, "text": output["text"].encode()[:LONGEST_TEXT].decode("utf-8", "ignore")}
    run.annotations.extend(output.get("annotations", ()))
    kept = {name: value for name, value in output.items() if name not in ("annotations", "images")}
    fields = {name: value for name, value in body.items() if name not in ("name", "head_sha", "output", "actions")}
    run.name = body.get("name", run.name)
    run.fields |= fields | ({"output": kept} if output else {})
    if "conclusion" in body:
        run.fields["status"] = "completed"
        run.fields.setdefault("completed_at", state.now())
    if run.fields["status"] != "queued":
        run.fields.setdefault("started_at", state.now())


def _check_output(output: JSON) -> None:
    for name in ("summary", "text"):
        supplied = len((output.get(name) or "").encode("utf-16-le")) // 2
        if supplied > LONGEST_TEXT:
            message = f"Invalid request.\n\nOnly {LONGEST_TEXT} characters are allowed; {supplied} were supplied."
            raise RefusalError(422, message)
    if len(output.get("summary", "").encode()) > LONGEST_TEXT:
        raise invalid("CheckRun", "summary", "custom", f"summary exceeds a maximum bytesize of {LONGEST_TEXT}")
    annotations = output.get("annotations", [])
    if len(annotations) > MOST_ANNOTATIONS:
        message = (
            f"Invalid request.\n\nNo more than {MOST_ANNOTATIONS} items are allowed; {len(annotations)} were supplied."
        )
        raise RefusalError(422, message)
    for annotation in annotations:
        _check_annotation(annotation)


def _check_annotation(annotation: JSON) -> None:
    if len(annotation.get("message", "").encode()) > LONGEST_MESSAGE:
        raise invalid("CheckAnnotation", "message", "invalid")
    if len(annotation.get("title", "")) > LONGEST_ANNOTATION_TITLE:
        raise invalid("CheckAnnotation", "title", "invalid")
    start, end = annotation["start_line"], annotation["end_line"]
    if end < start or start < 0:
        raise invalid("CheckAnnotation", "end_line", "invalid")
    if start != end and "start_column" in annotation:
        raise invalid("CheckAnnotation", "start_column", "invalid")
