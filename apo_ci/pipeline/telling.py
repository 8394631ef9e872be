"""A finished check, told: review, commit, comment, check run, summary, outputs, exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from apo_ci.errors import ApoError
from apo_ci.pipeline.account import has_account, spent
from apo_ci.pipeline.checked import Checked
from apo_ci.pipeline.desk import Desk
from apo_ci.pipeline.fixes import Offer, diff_of, offers_of
from apo_ci.pipeline.offering import how_to_take, offer
from apo_ci.publish.annotations import Annotation, annotations_of
from apo_ci.publish.check import conclusion
from apo_ci.publish.hunks import locate
from apo_ci.publish.review import suggestion_patch
from apo_ci.publish.state import Ignored, SectionState
from apo_ci.publish.surface import Surface
from apo_ci.publish.texts import check_summary, check_title, section_text, without_headline
from apo_ci.report import notices, sentences
from apo_ci.report.model import Report
from apo_ci.report.summary import render_summary
from apo_ci.report.terminal import print_report

GATE_FAILED = 1
INFRASTRUCTURE = 3
PATCH = "suggestion.patch"


def tell(desk: Desk, surface: Surface | None, checked: Checked) -> int:
    """Tell everybody; the exit code."""
    report, redactor = checked.report, checked.finished.redactor
    print_report(report, redactor, desk.stdout)
    offers = offers_of(checked.finished, checked.pull_request, desk.job.run)
    patch = _write_patch(desk, offers)
    url = ""
    if surface is not None:
        url = _publish(desk, surface, checked, offers)
    else:
        desk.files.annotate(_annotations(checked))
    desk.files.add_summary(render_summary(report, redactor))
    desk.files.set_outputs(outputs(desk, report, patch, url))
    return exit_code(desk, report)


def exit_code(desk: Desk, report: Report) -> int:
    """The job's exit code, by `fail-on`."""
    inputs = desk.inputs
    if report.verdict == "error" and report.blocks:
        return INFRASTRUCTURE if inputs.fails_on("error") else 0
    if "never" in inputs.fail_on:
        return 0
    red = report.blocks or (report.verdict == "inconclusive" and inputs.fails_on("inconclusive"))
    return GATE_FAILED if red and (report.verdict != "fail" or inputs.fails_on("fail")) else 0


def outputs(desk: Desk, report: Report, patch: str, url: str) -> dict[str, str]:
    """What later steps can read."""
    found = [prompt.suggestion.status for prompt in report.prompts if prompt.suggestion]
    ledger = report.ledger.model_dump(include={"calls", "prompt_tokens", "completion_tokens", "usd", "cache_hits"})
    deltas = {prompt.path: prompt.comparison.delta for prompt in report.prompts if prompt.comparison}
    return {
        "verdict": report.verdict,
        "blocks": "true" if report.blocks else "false",
        "deltas": desk.redactor(json.dumps(deltas, sort_keys=True)),
        "suggestion": next((status for status in ("better", "cheaper", "inconclusive") if status in found), "none"),
        "patch": patch,
        "report": desk.named(desk.out / "report.json"),
        "comment-url": url,
        "ledger": json.dumps(ledger),
    }


def could_not(desk: Desk, surface: Surface | None, error: ApoError) -> None:
    """Tell that the check could not be made."""
    where = list(_where(desk, error))
    desk.files.set_outputs({"verdict": "error", "blocks": "true"})
    if surface is None:
        desk.files.annotate(where)
        return
    place = surface.place
    notice = notices.could_not_run(error, place.head, place.run_url, desk.redactor)
    section = SectionState(
        head=place.head, run=place.run, attempt=place.attempt, verdict="error", blocks=True, run_url=place.run_url
    )
    surface.conclude("failure", "⚠️ The prompts could not be checked", without_headline(notice), where)
    surface.publish(section, notice)


def _where(desk: Desk, error: ApoError) -> Iterator[Annotation]:
    """An annotation where `error` is, if it is in a file; the files view names files from the repository's root."""
    if error.path is None or Path(error.path).is_absolute():
        return
    path = error.path if not desk.inputs.directory else f"{desk.inputs.directory}/{error.path}"
    text, line = desk.redactor(str(error)), error.line or 1
    yield Annotation(path, line, line, "failure", "apo-ci could not run", text)


def _write_patch(desk: Desk, offers: list[Offer]) -> str:
    if not offers:
        return ""
    file = desk.out / PATCH
    file.write_bytes(suggestion_patch([offer.suggestion for offer in offers]).encode())
    return desk.named(file)


def _publish(desk: Desk, surface: Surface, checked: Checked, offers: list[Offer]) -> str:
    report, before = checked.report, checked.before
    earlier = before.state.sections.get(surface.place.section)
    offered = offer(desk, surface, checked, offers)
    section = SectionState(
        head=surface.place.head,
        run=surface.place.run,
        attempt=surface.place.attempt,
        verdict=report.verdict,
        blocks=report.blocks,
        run_url=surface.place.run_url,
        verdicts={prompt.digest: prompt.verdict for prompt in report.prompts},
        suggestions=tuple(offer.stored for offer in offers),
        reviewed=offered.reviewed or (earlier.reviewed if earlier else ""),
    )
    url = ""
    if surface.has_section or _is_worth_a_comment(checked):
        text = _section_text(checked, how_to_take(desk, checked, offers, offered))
        url = surface.publish(section, text) or ""
    _conclude(desk, surface, checked)
    return url


def _is_worth_a_comment(checked: Checked) -> bool:
    """Whether the pull request gets a comment that it does not have yet."""
    report = checked.report
    if not report.prompts:
        return report.verdict != "pass" or bool(report.unevaluated or report.deleted)
    if checked.settings.unchanged == "comment" or has_account(checked.pull_request.config):
        return True
    return not all(map(sentences.is_unchanged, report.prompts))


def _section_text(checked: Checked, taking: str) -> str:
    report, state = checked.report, checked.before.state
    accepted = [one for one in state.ignored if not report.blocks and _concerns(one, report)]
    caps, paid = checked.pull_request.config.pull_request_budget, state.spent + spent(checked.finished.paid)
    account = notices.spent(paid.calls, paid.usd, caps.calls, caps.usd)
    return section_text(report, checked.finished.redactor, taking=taking, account=account, accepted=accepted)


def _concerns(ignored: Ignored, report: Report) -> bool:
    return any(prompt.digest in ignored.digests for prompt in report.prompts)


def _conclude(desk: Desk, surface: Surface, checked: Checked) -> None:
    report = checked.report
    accepted = checked.finished.report.blocks and not report.blocks
    found = _annotations(checked)
    told = surface.conclude(
        "neutral"
        if accepted
        else conclusion(report.verdict, report.blocks, inconclusive=checked.settings.inconclusive),
        check_title(report),
        check_summary(report, checked.finished.redactor),
        found,
    )
    if not told:
        desk.files.annotate(found)


def _annotations(checked: Checked) -> tuple[Annotation, ...]:
    pull_request = checked.pull_request

    def lines(path: str) -> tuple[int, int]:
        return locate(diff_of(pull_request, path))

    return annotations_of(checked.report, lines)
