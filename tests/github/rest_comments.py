"""Comments of the conversation, and reactions to them.

https://docs.github.com/rest/issues/comments, https://docs.github.com/rest/reactions/reactions
"""

from __future__ import annotations

from tests.github import answers
from tests.github.protocol import Answer, Asked, RefusalError, invalid, not_found, paged, route
from tests.github.state import Comment, Reaction, State

LONGEST_BODY = 65_536
COMMENTS = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
TALK = ("issues", "pull_requests")
CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


@route("GET", COMMENTS, *TALK)
def list_comments(state: State, asked: Asked) -> Answer:
    """Oldest first."""
    number = _conversation(state, asked)
    found = [answers.comment(state, known) for known in state.all_comments.values() if known.number == number]
    return paged(state, asked, found)


@route("POST", COMMENTS, *TALK)
def create_comment(state: State, asked: Asked) -> Answer:
    """By the token's account."""
    number = _conversation(state, asked)
    identity = state.comment(number, _body(asked), login=state.login)
    return Answer(201, answers.comment(state, state.all_comments[identity]))


@route("GET", COMMENT, *TALK)
def get_comment(state: State, asked: Asked) -> Answer:
    """One comment."""
    return Answer(200, answers.comment(state, _comment(state, asked)))


@route("PATCH", COMMENT, *TALK)
def update_comment(state: State, asked: Asked) -> Answer:
    """Only the account's own."""
    known = _own(state, asked)
    known.body = _body(asked)
    known.updated_at = state.now()
    return Answer(200, answers.comment(state, known))


@route("DELETE", COMMENT, *TALK)
def delete_comment(state: State, asked: Asked) -> Answer:
    """Only the account's own."""
    known = _own(state, asked)
    del state.all_comments[known.id]
    for reaction in [one for one in state.all_reactions.values() if one.comment == known.id]:
        del state.all_reactions[reaction.id]
    return Answer(204)


@route("GET", COMMENT + "/reactions", *TALK)
def list_reactions(state: State, asked: Asked) -> Answer:
    """All, or those of one content."""
    known = _comment(state, asked)
    found = [one for one in state.all_reactions.values() if one.comment == known.id]
    wanted = asked.query.get("content")
    return paged(state, asked, [answers.reaction(one) for one in found if wanted in (None, one.content)])


@route("POST", COMMENT + "/reactions", *TALK)
def create_reaction(state: State, asked: Asked) -> Answer:
    """201, or 200 when the account has reacted like that before."""
    known, content = _comment(state, asked), asked.body.get("content")
    if content not in CONTENTS:
        raise invalid("Reaction", "content", "invalid")
    for one in state.all_reactions.values():
        if (one.comment, one.content, one.login) == (known.id, content, state.login):
            return Answer(200, answers.reaction(one))
    reaction = Reaction(state.new_id(), known.id, content, state.login, state.now())
    state.all_reactions[reaction.id] = reaction
    return Answer(201, answers.reaction(reaction))


@route("DELETE", COMMENT + "/reactions/{reaction_id}", *TALK)
def delete_reaction(state: State, asked: Asked) -> Answer:
    """Only the account's own."""
    known = state.all_reactions.get(asked.number("reaction_id"))
    if known is None or known.comment != asked.number("comment_id"):
        raise not_found()
    if known.login != state.login:
        raise RefusalError(403, "Resource not accessible by integration")
    del state.all_reactions[known.id]
    return Answer(204)


def _conversation(state: State, asked: Asked) -> int:
    number = asked.number("issue_number")
    if number not in state.all_pulls:
        raise not_found()
    return number


def _comment(state: State, asked: Asked) -> Comment:
    known = state.all_comments.get(asked.number("comment_id"))
    if known is None:
        raise not_found()
    return known


def _own(state: State, asked: Asked) -> Comment:
    known = _comment(state, asked)
    if known.login != state.login:
        raise RefusalError(403, "Resource not accessible by integration")
    return known


def _body(asked: Asked) -> str:
    body = asked.body.get("body")
    if not isinstance(body, str) or not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    if len(body) > LONGEST_BODY:
        raise invalid("IssueComment", "body", "unprocessable", "body is too long (maximum is 65536 characters)")
    return body
