"""Every situation of a pull request that people can meet, made by the code that publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from apo_ci.config import GateSettings
from apo_ci.errors import ConfigError, InputError, PermissionMissingError, RefusedError
from apo_ci.gate import unseen
from apo_ci.pipeline.account import NOTHING_LEFT
from apo_ci.pipeline.checking import FORK
from apo_ci.publish import replies
from apo_ci.publish.commands import HELP, Asked, Command, parse_command
from apo_ci.publish.commit import Commit
from apo_ci.publish.commit_message import Fix
from apo_ci.publish.hunks import file_patch
from apo_ci.publish.review import PromptSuggestion, apply_command, plan_review
from apo_ci.publish.sections import write_body
from apo_ci.publish.state import Content, Ignored, SectionState, State
from apo_ci.publish.texts import check_summary, check_title, forks_section, section_text, without_headline
from apo_ci.report import gains, notices
from apo_ci.report.comment import MAX_BYTES
from apo_ci.report.model import Report
from apo_ci.report.proposal import render_proposal
from apo_ci.report.redact import Redactor
from apo_ci.report.summary import render_summary
from tests.surface.page import Piece
from tests.surface.reports import (
    FAIL,
    FEW_CASES,
    FULL,
    LONG,
    NOTHING_SPENT,
    SEVERAL,
    WITHOUT_SUGGESTION,
    known_to_the_queue,
    proposed,
    without_model,
)
from tests.unit.report import samples
from tests.unit.report.samples import BETTER, HOSTILE, NOISE, PATH, SITUATIONS, report, sentiment

HEAD = "9d8c7b6a5f4e3d2c1b0a99887766554433221100"
COMMIT = "5e1f0c2d3b4a59687766554433221100ffeeddcc"
SITE = "https://github.com/octo/prompts"
RUN = 17_025_551
RUN_URL = f"{SITE}/actions/runs/{RUN}"
COMMIT_URL = f"{SITE}/commit/{COMMIT}"
APPLY = apply_command(RUN, "octo/prompts", "apo-ci")
REDACTOR = Redactor()
BASE_TEXT = samples.HEAD_TEXT.replace("Be brief.", "Answer only Yes or No.")

ACCEPTED = Ignored(by="octocat", reason="The label set changes next week; see the plan.", digests=("d",))
HOSTILE_ERROR = ConfigError(HOSTILE, cure=HOSTILE, path=HOSTILE, line=3)


def state(value: Report, **changes: object) -> SectionState:
    """A section's memory of `value`."""
    found = SectionState(
        head=HEAD,
        run=RUN,
        attempt=1,
        verdict=value.verdict,
        blocks=value.blocks,
        run_url=RUN_URL,
        verdicts={"d": "fail"},
    )
    return found.model_copy(update=changes)


def body(value: Report, text: str, key: str = "", **changes: object) -> str:
    """The comment with one section."""
    return write_body(Content(State(sections={key: state(value, **changes)}), {key: text}))


def told(value: Report, taking: str = "", account: str = "", accepted: tuple[Ignored, ...] = ()) -> str:
    """The comment on one report."""
    return body(value, section_text(value, REDACTOR, taking=taking, account=account, accepted=accepted))


def how(*, reviewed: bool, number: int = 1) -> str:
    """How to apply."""
    return notices.how_to_apply(APPLY, number=number, reviewed=reviewed)


def matrix() -> str:
    """Three jobs of a matrix: one failed, one passed, one is under way."""
    worse = report(WITHOUT_SUGGESTION, verdict="fail", directory="apps/search")
    same = SITUATIONS["pass_unchanged"].model_copy(update={"directory": "apps/support"})
    running = state(same, in_progress=True, verdict="inconclusive")
    sections = {"apps/search": state(worse), "apps/support": state(same), "": running}
    texts = {
        "apps/search": section_text(worse, REDACTOR),
        "apps/support": section_text(same, REDACTOR),
        "": notices.in_progress(HEAD, RUN_URL),
    }
    return write_body(Content(State(sections=sections), texts))


def too_long() -> str:
    """Three sections that fit alone and not together."""
    texts = {key: section_text(LONG, REDACTOR, taking=how(reviewed=False, number=9)) for key in ("one", "two", "three")}
    assert sum(len(text.encode()) for text in texts.values()) > MAX_BYTES
    return write_body(Content(State(sections=dict.fromkeys(texts, state(LONG))), texts))


def accepted_in_place() -> str:
    """A comment after `/apo ignore`, before the next run."""
    text = notices.with_acceptance(
        section_text(FAIL, REDACTOR, taking=how(reviewed=True)), ACCEPTED.by, ACCEPTED.reason
    )
    return body(FAIL, text, blocks=False)


def suggestion(path: str = PATH, after: str = samples.BETTER_TEXT, base: str = BASE_TEXT) -> PromptSuggestion:
    """What a review offers."""
    diff = file_patch(path, base, samples.HEAD_TEXT)
    return PromptSuggestion(path, samples.HEAD_TEXT, after, diff, f"{gains.confirmed_gain(BETTER)}.")


def reviewed(*suggestions: PromptSuggestion, command: str = "") -> tuple[Piece, ...]:
    """A review: its body, then its comments."""
    plan = plan_review(suggestions, command=command)
    return (Piece(plan.body), *(Piece(comment.body) for comment in plan.comments))


def two_parts() -> PromptSuggestion:
    """A prompt with a long middle that stays."""
    middle = "".join(f"Rule {number}: keep it short.\n" for number in range(12))
    before = f"system:\nYou label reviews.\n{middle}user:\n{{{{ review }}}}\nLabel:\n"
    base = before.replace("You label reviews.", "You label.").replace("Label:", "Answer:")
    after = before.replace("You label reviews.", "You label product reviews.").replace("Label:", "Label, Yes or No:")
    return PromptSuggestion(PATH, before, after, file_patch(PATH, base, before), f"{gains.confirmed_gain(BETTER)}.")


def asked(command: Command) -> Asked:
    """A command of a maintainer."""
    return Asked(7, 1, "octocat", 42, "User", "MEMBER", command)


def misunderstood(text: str) -> str:
    """The reply to a comment that is no command."""
    found = parse_command(text)
    assert found is not None
    assert not isinstance(found, Command)
    return replies.misunderstood(found)


def fix(path: str, delta: float) -> Fix:
    """A suggestion that was committed."""
    return Fix(path, "", "", "", delta, 0.02, 0.3, 60, str(RUN), 412, "gpt-4.1-mini")


def hostile() -> tuple[Piece, ...]:
    """Hostile text wherever a stranger can put it."""
    value = samples.hostile()
    taking = notices.not_committed(RefusedError(HOSTILE, cure=HOSTILE), REDACTOR) + "\n\n" + how(reviewed=True)
    text = section_text(value, REDACTOR, taking=taking, accepted=(Ignored(by=HOSTILE, reason=HOSTILE, digests=()),))
    keys = {HOSTILE[:120]: text, "web": notices.could_not_run(HOSTILE_ERROR, HEAD, RUN_URL, REDACTOR)}
    sections = {key: state(value) for key in keys}
    plan = reviewed(
        suggestion(HOSTILE), suggestion(after=samples.HEAD_TEXT.replace("Be brief.", HOSTILE.replace("\n", " ")))
    )
    return (
        Piece(write_body(Content(State(sections=sections), keys))),
        *plan,
        Piece(replies.refused(asked(Command("apply")), HOSTILE_ERROR, REDACTOR)),
        Piece(misunderstood(f"/apo {HOSTILE}")),
        Piece(replies.accepted(Ignored(by=HOSTILE, reason=HOSTILE, digests=("d",)))),
        Piece(replies.applied(Commit(COMMIT, COMMIT_URL), [fix(HOSTILE, 0.2)], "octocat")),
        Piece(render_proposal(value, REDACTOR, run_url=RUN_URL, limit=60_000)),
        Piece(check_title(value), is_title=True),
        Piece(check_summary(value, REDACTOR)),
    )


COMMENTS: dict[str, str] = {
    "nothing_affected": told(SITUATIONS["pass_nothing_affected"]),
    "pass_unchanged": told(SITUATIONS["pass_unchanged"]),
    "pass_improved": told(
        report(
            sentiment(
                verdict="pass",
                blocks=False,
                reasons=(samples.WHY_IMPROVED,),
                comparison=samples.IMPROVED.model_copy(update={"fixed": samples.IMPROVED.fixed[:2]}),
                suggestion=samples.UNCONFIRMED,
            )
        )
    ),
    "fail_offered_in_a_review": told(FULL, how(reviewed=True)),
    "fail_offered_here": told(FAIL, how(reviewed=False)),
    "fail_committed": told(FAIL, notices.committed(COMMIT, COMMIT_URL)),
    "fail_not_committed": told(
        FAIL,
        notices.not_committed(
            PermissionMissingError(
                "The token may not write contents.", cure="Add `permissions: {contents: write}` to the job.", status=403
            ),
            REDACTOR,
        )
        + "\n\n"
        + how(reviewed=False),
    ),
    "fail_without_better": told(report(sentiment(comparison=FEW_CASES, suggestion=samples.NO_BETTER), verdict="fail")),
    "fail_revert": told(
        report(sentiment(comparison=FEW_CASES, suggestion=samples.REVERT), verdict="fail"), how(reviewed=True)
    ),
    "cheaper": told(SITUATIONS["cheaper"], how(reviewed=True)),
    "fail_several_prompts": told(SEVERAL, how(reviewed=True)),
    "inconclusive": told(SITUATIONS["inconclusive"]),
    "error": told(SITUATIONS["error_infrastructure"]),
    "new_prompt": told(SITUATIONS["new_prompt"]),
    "could_not_run": body(
        report(verdict="error", blocks=True),
        notices.could_not_run(
            InputError("`max_drops` is no key of `gate`.", cure="Did you mean `max_drop`?", path="apo-ci.yaml", line=7),
            HEAD,
            RUN_URL,
            REDACTOR,
        ),
    ),
    "in_progress_first": body(FAIL, notices.in_progress(HEAD, RUN_URL), in_progress=True),
    "in_progress_again": body(
        FAIL,
        notices.in_progress(COMMIT, RUN_URL, section_text(FAIL, REDACTOR, taking=how(reviewed=True))),
        in_progress=True,
    ),
    "cancelled": body(FAIL, notices.cancelled(COMMIT, RUN_URL, section_text(FAIL, REDACTOR)), in_progress=True),
    "matrix": matrix(),
    "too_long": too_long(),
    "long": told(LONG, how(reviewed=False, number=9)),
    "fork": body(without_model(FORK), forks_section(without_model(FORK), REDACTOR)),
    "fork_with_figures": body(
        report(WITHOUT_SUGGESTION, verdict="fail", without_model=FORK),
        forks_section(report(WITHOUT_SUGGESTION, verdict="fail", without_model=FORK), REDACTOR),
    ),
    "budget_spent": told(without_model(NOTHING_LEFT), account=notices.spent(2_000, 1.9, 2_000, 5.0)),
    "budget_line": told(FAIL, how(reviewed=True), account=notices.spent(1_112, 0.206, 2_000, 5.0)),
    "budget_line_unchanged": told(SITUATIONS["pass_unchanged"], account=notices.spent(72, 0.01, 2_000, None)),
    "accepted_in_place": accepted_in_place(),
    "accepted_by_the_next_run": told(
        FAIL.model_copy(update={"blocks": False}), how(reviewed=True), accepted=(ACCEPTED,)
    ),
    "deleted": told(SITUATIONS["deleted"]),
    "deleted_and_unevaluated": told(
        report(
            deleted=("prompts/old.prompt.md",),
            unevaluated=("prompts/draft.prompt.md",),
            ledger=NOTHING_SPENT,
            verdict="inconclusive",
            reasons=unseen(GateSettings()).reasons,
        )
    ),
    "eval_tampering": told(
        report(sentiment(comparison=FEW_CASES, head_verdict=samples.OTHER_EVAL, suggestion=None), verdict="fail")
    ),
    "project_in_a_folder": told(
        report(sentiment(comparison=FEW_CASES, suggestion=None), verdict="fail", directory="services/web")
    ),
    "noise": told(report(sentiment(comparison=FEW_CASES, suggestion=None, noise=NOISE), verdict="fail")),
}
REPLIES: dict[str, str] = {
    "reply_help": HELP,
    "reply_refused": replies.refused(
        asked(Command("apply")),
        RefusedError(
            "The head moved since the suggestion was measured.",
            cure="Wait for the check of the new head, then ask again.",
        ),
        REDACTOR,
    ),
    "reply_misunderstood": misunderstood("/apo optimise calls=many"),
    "reply_applied": replies.applied(
        Commit(COMMIT, COMMIT_URL), [fix(PATH, 0.222), fix("prompts/routing.prompt.md", 0.08)], "github-actions[bot]"
    ),
    "reply_applied_cheaper": replies.applied(
        Commit(COMMIT, COMMIT_URL), [replace(fix(PATH, 0.0), saving=0.42)], "octocat"
    ),
    "reply_accepted": replies.accepted(ACCEPTED),
}
ALL: Mapping[str, tuple[Piece, ...]] = {
    **{name: (Piece(text),) for name, text in {**COMMENTS, **REPLIES}.items()},
    "review_one_block": reviewed(suggestion()),
    "review_several_blocks": reviewed(two_parts(), suggestion("prompts/routing.prompt.md", base=samples.HEAD_TEXT)),
    "review_without_a_comment": reviewed(suggestion(), command=APPLY),
    "scheduled_pull_request": (Piece(render_proposal(proposed(), REDACTOR, run_url=RUN_URL, limit=60_000)),),
    "check_run": (Piece(check_title(FAIL), is_title=True), Piece(check_summary(FAIL, REDACTOR))),
    "check_run_could_not": (
        Piece("⚠️ The prompts could not be checked", is_title=True),
        Piece(without_headline(COMMENTS["could_not_run"].partition('<!-- apo-ci:section "" -->\n')[2])),
    ),
    "check_run_of_a_fork": (Piece(check_title(without_model(FORK)), is_title=True), Piece(notices.from_a_fork())),
    "step_summary": (Piece(render_summary(FAIL, REDACTOR)),),
    "step_summary_of_a_queue": (Piece(render_summary(known_to_the_queue(), REDACTOR)),),
    "hostile": hostile(),
}
