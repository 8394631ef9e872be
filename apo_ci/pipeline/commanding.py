"""`/apo …` comments: who may, what is done, and how the asker learns of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from apo_ci import pipeline
from apo_ci.errors import ApoError, RefusedError
from apo_ci.inputs.repository import Repository
from apo_ci.pipeline.checking import check
from apo_ci.pipeline.desk import EVERY_PROMPT, Desk
from apo_ci.pipeline.fixes import globs_of
from apo_ci.publish import commands, replies
from apo_ci.publish.check import CheckRun
from apo_ci.publish.commands import Asked, Command, CommandProblem
from apo_ci.publish.commit import commit_fixes, commit_message, fix_of
from apo_ci.publish.facts import Facts, read_facts
from apo_ci.publish.github import GitHub
from apo_ci.publish.state import Content, Ignored, SectionState, State
from apo_ci.publish.surface import check_name
from apo_ci.report import notices

MAX_IGNORED = 50


def command(desk: Desk, payload: Mapping[str, Any]) -> int:
    """Answer the comment of an `issue_comment` event; the exit code. Comments that are no commands are passed over."""
    asked = commands.read_asked(payload)
    if asked is None:
        desk.say("The comment is no command to apo-ci.")
        return 0
    github = desk.github
    if github is None:
        desk.warn("A command cannot be answered without a token.")
        return 0
    if not commands.may_command(github, asked.author):
        desk.say(f"{asked.author} may not write to this repository, so the command is not obeyed.")
        commands.react(github, asked.comment_id, "-1")
        return 0
    if isinstance(asked.command, CommandProblem):
        commands.react(github, asked.comment_id, "confused")
        commands.reply(github, asked.number, replies.misunderstood(asked.command), to=asked.comment_id)
        return 0
    commands.react(github, asked.comment_id, "eyes")
    try:
        _obey(desk, github, asked, asked.command)
    except ApoError as error:
        commands.react(github, asked.comment_id, "confused")
        commands.reply(github, asked.number, replies.refused(asked, error, desk.redactor), to=asked.comment_id)
        raise
    commands.react(github, asked.comment_id, "rocket")
    return 0


def _obey(desk: Desk, github: GitHub, asked: Asked, wanted: Command) -> None:
    if wanted.name == "help":
        commands.reply(github, asked.number, commands.HELP, to=asked.comment_id)
        return
    facts = read_facts(github, asked.number)
    if not facts.is_open:
        raise RefusedError(f"#{asked.number} is closed.", cure="Open it again first.")
    if wanted.name == "optimize":
        _optimize(desk, facts, wanted)
    elif wanted.name == "apply":
        _apply(desk, github, facts, asked)
    else:
        _ignore(desk, github, facts, asked, wanted)


def _apply(desk: Desk, github: GitHub, facts: Facts, asked: Asked) -> None:
    """Commit what the comment remembers of the suggestions for this very head, whichever job measured them."""
    sections = _content(desk, facts).state.sections
    current = [section for section in sections.values() if section.head == facts.head]
    if sections and not current:
        raise RefusedError(
            "The head moved since the suggestion was measured.",
            cure="Wait for the check of the new head, then ask again.",
        )
    fixes = [fix_of(suggested) for section in current for suggested in section.suggestions]
    run_url = current[0].run_url if current else desk.job.run_url
    made = commit_fixes(
        github,
        facts=facts,
        expected_head=facts.head,
        fixes=fixes,
        message=commit_message(fixes, run_url=run_url, requested_by=asked.author, requester_id=asked.author_id),
        prompts=_globs(desk, sections),
    )
    commands.reply(github, asked.number, replies.applied(made, fixes, facts.login), to=asked.comment_id)


def _globs(desk: Desk, sections: Iterable[str]) -> tuple[str, ...]:
    """What names prompts, by the configurations that are checked out: the default branch's, for this event.

    They are the job's own project's, and those of the folders that `sections` are named by, as in a monorepo.
    """
    options = replace(desk.options(None, None), compare=False, paths=EVERY_PROMPT)
    found: list[str] = []
    problems: list[ApoError] = []
    for folder in dict.fromkeys([desk.inputs.directory, *sections]):
        try:
            found += globs_of(pipeline.read(replace(options, directory=folder)))
        except ApoError as problem:
            problems.append(problem)
    if problems and not found:
        raise problems[0]
    return tuple(found)


def _optimize(desk: Desk, facts: Facts, wanted: Command) -> None:
    """Run the check of the pull request's head again, with a search, by a maintainer's word also for a fork.

    The verdict is told on the pull request; the command's own job is green once that is done.
    """
    repository = Repository(desk.job.workspace)
    repository.fetch(
        f"{desk.job.server_url}/{desk.job.repository}", f"refs/pull/{facts.number}/head", desk.inputs.token
    )
    options = replace(desk.options(facts.base, facts.head), search=True)
    if wanted.calls is not None:
        options = replace(options, budget=options.budget.model_copy(update={"calls": wanted.calls}))
    check(desk, options, facts, facts.head)


def _ignore(desk: Desk, github: GitHub, facts: Facts, asked: Asked, wanted: Command) -> None:
    """Remember that a person accepts the verdicts that fail this head, and let the check runs say so."""
    sticky = desk.sticky(facts, "update")
    assert sticky is not None
    failing = _failing(_content(desk, facts), facts.head)
    digests = tuple(digest for section in failing.values() for digest in _blamed(section))
    if not digests:
        raise RefusedError("Nothing fails on this head.", cure="Wait for the check to end, then ask again.")
    accepted = Ignored(by=asked.author, reason=wanted.reason, digests=digests)
    sticky.write(lambda content: _with_accepted(content, facts.head, accepted))
    for key, section in failing.items():
        check_run = CheckRun(
            github,
            check_name(key),
            facts.head,
            details_url=section.run_url,
            external_id=f"accepted-{asked.comment_id}",
        )
        check_run.finish("neutral", f"Accepted by {asked.author}", replies.accepted(accepted), "", ())
    commands.reply(github, asked.number, replies.accepted(accepted), to=asked.comment_id)


def _failing(content: Content, head: str) -> dict[str, SectionState]:
    sections = content.state.sections
    return {key: section for key, section in sections.items() if section.head == head and section.blocks}


def _blamed(section: SectionState) -> list[str]:
    return [digest for digest, verdict in section.verdicts.items() if verdict != "pass"]


def _with_accepted(content: Content, head: str, accepted: Ignored) -> Content:
    """`content` with the acceptance in its memory, and above the sections that it is about."""
    failing = _failing(content, head)
    sections = {key: section.model_copy(update={"blocks": False}) for key, section in failing.items()}
    state = content.state.model_copy(
        update={
            "ignored": (*content.state.ignored, accepted)[-MAX_IGNORED:],
            "sections": {**content.state.sections, **sections},
        }
    )
    texts = dict(content.texts)
    for key in failing:
        texts[key] = notices.with_acceptance(texts.get(key, ""), accepted.by, accepted.reason)
    return Content(state, texts)


def _content(desk: Desk, facts: Facts) -> Content:
    sticky = desk.sticky(facts, "update")
    return (sticky.read() if sticky else None) or Content(State(), {})
