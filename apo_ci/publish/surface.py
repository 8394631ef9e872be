"""One job's place on a pull request: its section of the comment, its check run, its review."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from apo_ci.config import PublishSettings
from apo_ci.errors import GitHubError
from apo_ci.publish.annotations import Annotation
from apo_ci.publish.check import CheckRun, Conclusion
from apo_ci.publish.comment import StickyComment
from apo_ci.publish.facts import Facts
from apo_ci.publish.github import GitHub
from apo_ci.publish.review import ReviewPlan, post_review
from apo_ci.publish.state import Content, SectionState, Spent, State, place
from apo_ci.report.notices import cancelled, in_progress, result_in

CHECK_NAME = "apo-ci"
REVIEW_MARKER = "<!-- apo-ci:review -->"
Result = TypeVar("Result")


def check_name(section: str) -> str:
    """The name of a job's check run."""
    return f"{CHECK_NAME} ({section})" if section else CHECK_NAME


@dataclass(frozen=True)
class Place:
    """Where a job publishes: the pull request, the commit, and what tells the job from others.

    `is_hearsay` tells that the job only passes on what a fork's own run says. It has a check run of its own: a commit
    has one of each name, and nobody is to replace a measured one by what he wrote himself.
    """

    facts: Facts
    head: str
    section: str
    run: int
    attempt: int
    run_url: str
    is_hearsay: bool = False

    @property
    def run_key(self) -> str:
        """What a reservation of this job goes by."""
        return f"{self.run}-{self.attempt}-{self.section}"

    @property
    def check_name(self) -> str:
        """The check run's name."""
        return check_name(self.section) + (" as the fork reports" if self.is_hearsay else "")


class Surface:
    """Writes to the pull request at `place`. What the token may not do is told to `warn`, and does not end the run."""

    def __init__(
        self,
        github: GitHub,
        place: Place,
        settings: PublishSettings,
        sticky: StickyComment | None,
        warn: Callable[[str], None],
    ) -> None:
        """`sticky` is `None` when no comment is wanted."""
        self._github = github
        self.place = place
        self.settings = settings
        self._sticky = sticky
        self._warn = warn
        self._check: CheckRun | None = None
        self.has_section = False
        self.is_read = False
        self.spent = Spent()

    def content(self) -> Content:
        """The comment as it is, or an empty one; `is_read` tells whether GitHub said so."""
        sticky, empty = self._sticky, Content(State(), {})
        if sticky is None:
            return empty
        found = self._attempt("The comment was not read", lambda: sticky.read() or empty)
        self.is_read = found is not None
        found = found or empty
        self.has_section = self.place.section in found.state.sections
        return found

    def announce(
        self, reserved: Spent, *, silently: bool = False, room: Callable[[State], bool] = lambda _: True
    ) -> bool:
        """Say that the run is under way, and set `reserved` aside from what the pull request may still spend.

        `silently` leaves the comment alone, and so does an account that has no `room`; whether it was written.
        """
        if self.settings.check:
            self._attempt("The check run was not begun", self._new_check().start)
        if silently:
            return False
        self.has_section = True
        key = self.place.section

        def change(content: Content) -> Content | None:
            if not room(content.state):
                return None
            text = in_progress(self.place.head, self.place.run_url, result_in(content.texts.get(key, "")))
            under_way = self._under_way(content.state.sections.get(key))
            placed = place(content, key, under_way, text, current_head=self._current_head()) or content
            waiting = {**content.state.reserved, self.place.run_key: reserved}
            return replace(placed, state=placed.state.model_copy(update={"reserved": waiting}))

        return self._write(change) is not None

    def publish(self, section: SectionState, text: str) -> str | None:
        """Put the job's section into the comment, and what was `spent` on its account; the comment's address."""

        def change(content: Content) -> Content | None:
            placed = place(content, self.place.section, section, text, current_head=self._current_head())
            settled = self._settled(content.state)
            if placed is None and settled == content.state:
                return None
            placed = placed or content
            account = {"reserved": settled.reserved, "spent": settled.spent}
            return replace(placed, state=placed.state.model_copy(update=account))

        return self._write(change)

    def withdraw(self) -> None:
        """The run ends without a result: it waits no more, and what was `spent` is on the account."""
        key = self.place.section

        def change(content: Content) -> Content | None:
            section = content.state.sections.get(key)
            if section is None or (section.run, section.attempt) != (self.place.run, self.place.attempt):
                return replace(content, state=self._settled(content.state))
            text = cancelled(self.place.head, self.place.run_url, result_in(content.texts.get(key, "")))
            return Content(self._settled(content.state), {**content.texts, key: text})

        self._write(change)
        if self.settings.check and self._check is not None:
            run = self._check
            self._attempt(
                "The check run was not ended",
                lambda: run.finish("neutral", "Cancelled", "The run was cancelled.", "", ()),
            )

    def _settled(self, state: State) -> State:
        """The account after the run: its reservation is gone, its payments are there."""
        waiting = {key: value for key, value in state.reserved.items() if key != self.place.run_key}
        return state.model_copy(update={"reserved": waiting, "spent": state.spent + self.spent})

    def conclude(self, conclusion: Conclusion, title: str, summary: str, annotations: Sequence[Annotation]) -> bool:
        """Complete the check run; whether GitHub has it."""
        if not self.settings.check:
            return False
        check = self._check or self._new_check()
        return (
            self._attempt(
                "The check run was not written", lambda: check.finish(conclusion, title, summary, "", annotations)
            )
            is not None
        )

    def review(self, plan: ReviewPlan) -> bool:
        """Offer the suggestion on the lines of the diff; whether GitHub took it."""
        if not plan.comments:
            return False
        return (
            self._attempt(
                "The suggestion was not offered as a review",
                lambda: post_review(
                    self._github, self.place.facts.number, self.place.head, plan, body_marker=REVIEW_MARKER
                ),
            )
            is not None
        )

    def _new_check(self) -> CheckRun:
        self._check = CheckRun(
            self._github,
            self.place.check_name,
            self.place.head,
            details_url=self.place.run_url,
            external_id=self.place.run_key,
        )
        return self._check

    def _under_way(self, section: SectionState | None) -> SectionState:
        place = self.place
        return SectionState(
            head=place.head,
            run=place.run,
            attempt=place.attempt,
            verdict="inconclusive",
            blocks=False,
            in_progress=True,
            run_url=place.run_url,
            verdicts=section.verdicts if section else {},
            suggestions=(),
            reviewed=section.reviewed if section else "",
        )

    def _current_head(self) -> str:
        found = self._github.get(self._github.path("pulls", self.place.facts.number))
        return str(found["head"]["sha"])

    def _write(self, change: Callable[[Content], Content | None]) -> str | None:
        if self._sticky is None:
            return None
        sticky = self._sticky
        return self._attempt("The comment was not written", lambda: sticky.write(change))

    def _attempt(self, what: str, act: Callable[[], Result]) -> Result | None:
        try:
            return act()
        except GitHubError as error:
            self._warn(f"{what}: {error}")
            return None
