"""Pull requests, their files, commits and reviews: https://docs.github.com/rest/pulls"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.github import answers, answers_git
from tests.github.protocol import JSON, Answer, Asked, RefusalError, invalid, not_found, paged, route
from tests.github.state import Pull, Review, State

PULLS = "/repos/{owner}/{repo}/pulls"
PULL = PULLS + "/{pull_number}"
LONGEST_BODY = 65_536
LONGEST_TITLE = 256
STATES = {"COMMENT": "COMMENTED", "APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED"}
NOT_IN_DIFF = ["Pull request review thread line must be part of the diff", "Line could not be resolved"]


@route("GET", PULLS, "pull_requests")
def list_pulls(state: State, asked: Asked) -> Answer:
    """The newest first; `head` is owner:branch, and without an owner GitHub passes over it."""
    wanted, head, base = asked.query.get("state", "open"), asked.query.get("head"), asked.query.get("base")
    found = [pull for pull in state.all_pulls.values() if wanted in ("all", pull.state) and base in (None, pull.base)]
    if head and ":" in head:
        found = [pull for pull in found if f"{pull.head_repository.split('/')[0]}:{pull.head}" == head]
    ordered = sorted(found, key=lambda pull: pull.number, reverse=asked.query.get("direction", "desc") == "desc")
    return paged(state, asked, [answers.pull_simple(state, pull) for pull in ordered])


@route("POST", PULLS, "pull_requests")
def create_pull(state: State, asked: Asked) -> Answer:
    """From a branch of the repository."""
    body = asked.body
    head, base = body.get("head", "").removeprefix(state.repository.split("/")[0] + ":"), body.get("base", "")
    if not state.may_open_pull_requests:
        raise RefusalError(403, "GitHub Actions is not permitted to create or approve pull requests.")
    for name, branch in (("head", head), ("base", base)):
        if branch not in state.branches:
            raise invalid("PullRequest", name, "invalid")
    _check_texts(body)
    if any((p.head, p.base, p.state) == (head, base, "open") for p in state.all_pulls.values()):
        raise _custom(f"A pull request already exists for {state.repository.split('/')[0]}:{head}.")
    if state.git.merge_base(state.branches[head], state.branches[base]) is None:
        raise _custom(f"The {head} branch has no history in common with {base}")
    if not state.git.between(state.branches[base], state.branches[head]):
        raise _custom(f"No commits between {base} and {head}")
    number = max([*state.all_pulls, 0]) + 1
    texts = {"title": body.get("title") or head, "body": body.get("body") or ""}
    state.pull_request(number, head=head, base=base, author=state.login, draft=body.get("draft", False), **texts)
    return Answer(201, answers.pull_full(state, state.all_pulls[number]))


@route("GET", PULL, "pull_requests")
def get_pull(state: State, asked: Asked) -> Answer:
    """One pull request."""
    return Answer(200, answers.pull_full(state, _pull(state, asked)))


@route("PATCH", PULL, "pull_requests")
def update_pull(state: State, asked: Asked) -> Answer:
    """Its title, body, state or base."""
    pull, body = _pull(state, asked), asked.body
    _check_texts(body)
    if body.get("base", pull.base) not in state.branches:
        raise invalid("PullRequest", "base", "invalid")
    for name in ("title", "body", "state", "base"):
        if name in body:
            setattr(pull, name, body[name])
    return Answer(200, answers.pull_full(state, pull))


@route("GET", PULL + "/files", "pull_requests")
def list_files(state: State, asked: Asked) -> Answer:
    """At most 3,000."""
    return paged(state, asked, answers.changed_files(state, _pull(state, asked))[:3000])


@route("GET", PULL + "/commits", "pull_requests")
def list_commits(state: State, asked: Asked) -> Answer:
    """Oldest first, at most 250."""
    pull = _pull(state, asked)
    found = state.git.between(state.base_of(pull), state.head_of(pull))
    return paged(state, asked, [answers_git.commit(state, commit) for commit in found[:250]])


@route("GET", PULL + "/reviews", "pull_requests")
def list_reviews(state: State, asked: Asked) -> Answer:
    """Oldest first."""
    number = _pull(state, asked).number
    found = [review for review in state.all_reviews.values() if review.number == number]
    return paged(state, asked, [answers.review(state, review) for review in found])


@route("POST", PULL + "/reviews", "pull_requests")
def create_review(state: State, asked: Asked) -> Answer:
    """With comments on lines of the pull request's diff."""
    pull, body = _pull(state, asked), asked.body
    event, text, comments = body.get("event"), body.get("body") or "", body.get("comments", [])
    if event in ("COMMENT", "REQUEST_CHANGES") and not text and not (comments and event == "COMMENT"):
        raise RefusalError(422, "Unprocessable Entity", errors=["Body can't be blank"])
    if len(text) > LONGEST_BODY:
        raise RefusalError(422, "Unprocessable Entity", errors=["Body is too long (maximum is 65536 characters)"])
    head = state.head_of(pull)
    at = body.get("commit_id", head)
    if at not in {commit.sha for commit in state.git.between(state.base_of(pull), head)}:
        raise RefusalError(422, "Unprocessable Entity", errors=["Commit is not part of the pull request"])
    files = {file["filename"]: file.get("patch", "") for file in answers.changed_files(state, pull)}
    for comment in comments:
        _check_place(files, comment)
    number, when = state.new_id(), state.now()
    review = Review(
        number, pull.number, state.login, text, STATES.get(event or "", "PENDING"), at, when, list(comments)
    )
    state.all_reviews[review.id] = review
    return Answer(200, answers.review(state, review))


def _pull(state: State, asked: Asked) -> Pull:
    pull = state.all_pulls.get(asked.number("pull_number"))
    if pull is None:
        raise not_found()
    return pull


def _check_texts(body: JSON) -> None:
    if len(body.get("title") or "") > LONGEST_TITLE:
        raise invalid("PullRequest", "title", "custom", "title is too long (maximum is 256 characters)")
    if len(body.get("body") or "") > LONGEST_BODY:
        raise invalid("PullRequest", "body", "custom", "body is too long (maximum is 65536 characters)")


def _custom(message: str) -> RefusalError:
    return RefusalError(
        422, "Validation Failed", errors=[{"resource": "PullRequest", "code": "custom", "message": message}]
    )


def _check_place(files: dict[str, str], comment: JSON) -> None:
    """A comment's lines must lie in one hunk of the file's diff, on the side that it names."""
    if comment.get("path") not in files:
        raise RefusalError(422, "Unprocessable Entity", errors=["Path could not be resolved"])
    if len(comment.get("body") or "") > LONGEST_BODY or not comment.get("body"):
        raise RefusalError(422, "Unprocessable Entity", errors=["Body can't be blank or too long"])
    if "position" in comment:
        raise RefusalError(422, "Unprocessable Entity", errors=["Position is closing down: name the line"])
    side, line = comment.get("side", "RIGHT"), comment.get("line")
    start, start_side = comment.get("start_line"), comment.get("start_side", side)
    if start is not None and (not isinstance(line, int) or start >= line or start_side != side):
        raise RefusalError(422, "Unprocessable Entity", errors=["start_line must precede the end line."])
    wanted = {line} if start is None else {start, line}
    if not any(wanted <= hunk for hunk in diff_lines(files[comment["path"]], side)):
        raise RefusalError(422, "Unprocessable Entity", errors=NOT_IN_DIFF)


def diff_lines(patch: str, side: str = "RIGHT") -> Iterator[set[int]]:
    """The lines of each hunk that can be commented on: context and the side's own."""
    own, other = ("+", "-") if side == "RIGHT" else ("-", "+")
    lines: set[int] = set()
    number = 0
    for text in patch.split("\n"):
        if header := re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@", text):
            yield lines
            lines, number = set(), int(header[2] if side == "RIGHT" else header[1])
        elif text[:1] in (own, " "):
            lines.add(number)
            number += 1
        else:
            assert text[:1] in (other, "\\", "")
    yield lines
