"""One comment a pull request: every job's section is in it once, whoever else writes and whatever fails."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apo_ci.errors import GitHubError, NotFoundError, PermissionMissingError
from apo_ci.publish.comment import Change, Mode, StickyComment
from apo_ci.publish.github import GitHub
from apo_ci.publish.sections import parse_body, write_body
from apo_ci.publish.state import Content, SectionState, Spent, State, place
from apo_ci.report.comment import MARKER
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults, Script
from tests.unit.publish.race import BOT, NUMBER, Cancelled, Job, Race, StoppingGitHub, Time, opened, schedules
from tests.unit.publish.states import section

READ_ONLY = {"metadata": "read", "issues": "read", "pull_requests": "read"}
MODES: tuple[Mode, ...] = ("update", "new", "hide-and-new")
EVERY = 1_000  # switches: more than there are requests
Join = Callable[..., StickyComment]


@pytest.fixture
def join(fake: FakeGitHub, clock: Time) -> Iterator[Join]:
    """Makes one job's `StickyComment`, with a client of its own."""
    clients: list[GitHub] = []

    def join(mode: Mode = "update", stop: Callable[[], None] = lambda: None) -> StickyComment:
        github = StoppingGitHub(fake, clock, stop, generator=random.Random(len(clients)))
        clients.append(github)
        return sticky(github, clock, mode, len(clients))

    yield join
    for client in clients:
        client.close()


def sticky(github: GitHub, clock: Time, mode: Mode, seed: int) -> StickyComment:
    return StickyComment(
        github, NUMBER, BOT, mode=mode, sleep=clock.sleep, generator=random.Random(seed), clock=clock.now
    )


def put(key: str, text: str, *, calls: int = 0, **changes: Any) -> Change:
    """Puts a section in, and adds to what was spent."""
    one: SectionState = section(**changes)

    def change(content: Content) -> Content | None:
        placed = place(content, key, one, text, current_head=None)
        if placed is None:
            return None
        spent = placed.state.spent + Spent(calls=calls)
        return Content(placed.state.model_copy(update={"spent": spent}), placed.texts)

    return change


def own(fake: FakeGitHub) -> list[Content]:
    """Our comments, as they are."""
    bodies = [one["body"] for one in fake.comments(NUMBER) if one["login"] == BOT]
    return [content for content in map(parse_body, bodies) if content is not None]


def only(fake: FakeGitHub) -> Content:
    """The one comment of ours; nobody is left holding its lock."""
    (content,) = own(fake)
    assert not any(fake.reactions(one["id"]) for one in fake.comments(NUMBER))
    return content


def requests(fake: FakeGitHub, since: int = 0) -> list[str]:
    return [f"{call.method} {call.path.split('/', 4)[-1]}" for call in fake.log[since:]]


# what a job says


def test_the_first_comment_takes_three_requests(fake: FakeGitHub, join: Join) -> None:
    url = join().write(put("app", "### ✅ Pass"))
    assert requests(fake) == [f"{verb} issues/7/comments" for verb in ("GET", "POST", "GET")]
    assert only(fake).texts == {"app": "### ✅ Pass"}
    (comment,) = fake.comments(NUMBER)
    assert url is not None
    assert url.endswith(f"/7#issuecomment-{comment['id']}")
    assert comment["body"].startswith(MARKER)


def test_an_update_takes_five_requests_and_stays_at_its_place(fake: FakeGitHub, join: Join) -> None:
    first = join().write(put("app", "one"))
    identity = fake.comments(NUMBER)[0]["id"]
    since = len(fake.log)
    second = join().write(put("app", "two", run=2))
    assert first == second
    assert [call.split("/reactions/")[0] for call in requests(fake, since)] == [
        "GET issues/7/comments",
        f"POST issues/comments/{identity}/reactions",
        f"GET issues/comments/{identity}",
        f"PATCH issues/comments/{identity}",
        f"DELETE issues/comments/{identity}",
    ]
    assert only(fake).texts == {"app": "two"}


def test_a_change_that_gives_nothing_writes_nothing(fake: FakeGitHub, join: Join) -> None:
    assert join().write(lambda content: None) is None
    assert fake.comments(NUMBER) == []
    join().write(put("app", "new", run=2))
    assert join().write(put("app", "old", run=1)) is None
    assert only(fake).texts == {"app": "new"}
    assert not fake.calls("PATCH")


def test_what_was_written_can_be_read(fake: FakeGitHub, join: Join) -> None:
    assert join().read() is None
    join().write(put("app", "text", calls=3))
    found = join().read()
    assert found is not None
    assert found.texts == {"app": "text"}
    assert found.state.spent == Spent(calls=3)


def test_a_change_sees_what_others_wrote_before_its_turn(fake: FakeGitHub, join: Join) -> None:
    join().write(put("app", "app's", calls=1))
    seen: list[Content] = []
    join().write(seen.append)
    assert [content.texts for content in seen] == [{"app": "app's"}]


def test_an_error_of_the_change_is_the_callers_and_the_lock_is_given_back(fake: FakeGitHub, join: Join) -> None:
    join().write(put("app", "text"))

    def fail(content: Content) -> Content:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        join().write(fail)
    assert only(fake).texts == {"app": "text"}


def test_the_longest_texts_are_taken_by_github(fake: FakeGitHub, join: Join) -> None:
    for key in ("a", "b", "c"):
        join().write(put(key, "### ❌ Fail\n\n" + "話" * 30_000, verdict="fail"))
    assert only(fake).state.sections.keys() == {"a", "b", "c"}


# who else is there


@pytest.mark.parametrize("position", [0, 150, 300])
def test_the_comment_is_found_among_300_others_on_four_pages(fake: FakeGitHub, join: Join, position: int) -> None:
    for number in range(301):
        if number == position:
            join().write(put("app", "one"))
        fake.comment(NUMBER, f"comment {number}")
    join().write(put("web", "two"))
    assert only(fake).texts == {"app": "one", "web": "two"}
    assert len(fake.comments(NUMBER)) == 302


def test_a_strangers_comment_with_our_marker_and_state_is_neither_read_nor_changed(
    fake: FakeGitHub, join: Join
) -> None:
    forged = write_body(Content(State(sections={"app": section(run=99)}, spent=Spent(usd=99)), {"app": "forged"}))
    stranger = fake.comment(NUMBER, forged, login="mallory")
    assert join().read() is None
    join().write(put("app", "ours"))
    join().write(put("app", "ours, too", run=2))
    fake.comment(NUMBER, forged, login="mallory")
    join("hide-and-new").write(put("app", "ours again", run=3))
    kept = [one for one in fake.comments(NUMBER) if one["login"] == "mallory"]
    assert [one["body"] for one in kept] == [forged, forged]
    assert not any(one["minimized"] for one in kept)
    assert not any(str(stranger) in call.path for call in fake.log if call.method != "GET")
    assert [content.state.spent for content in own(fake)] == [Spent(), Spent()]


def test_another_comment_of_the_same_bot_is_left_alone(fake: FakeGitHub, join: Join) -> None:
    quoting = f"> {MARKER}\nanother workflow's comment"
    fake.comment(NUMBER, quoting, login=BOT)
    join().write(put("app", "ours"))
    join().write(put("app", "ours", run=2))
    assert fake.comments(NUMBER)[0]["body"] == quoting
    assert len(fake.comments(NUMBER)) == 2


def edited(body: str) -> dict[str, str]:
    """What people do to a comment of ours on the website, by what they did."""
    lines = body.split("\n")
    return {
        "crlf": body.replace("\n", "\r\n"),
        "a line more": body.replace("app's", "app's, and so what?"),
        "no state": "\n".join(line for line in lines if "apo-ci:state" not in line),
        "a broken state": body.replace('"version":1', '"version":one'),
        "a forged section": body.replace("app's", '<!-- apo-ci:section "app" -->\nforged'),
        "only the marker": MARKER,
        "sections without ends": "\n".join(line for line in lines if "/apo-ci:section" not in line),
    }


@pytest.mark.parametrize("how", list(edited("")))
def test_an_edit_by_hand_does_not_keep_the_next_results_from_being_right(
    fake: FakeGitHub, join: Join, how: str
) -> None:
    join().write(put("app", "app's"))
    (comment,) = fake.all_comments.values()
    comment.body = edited(comment.body)[how]
    join().write(put("app", "new", run=2))
    join().write(put("web", "web's"))
    assert only(fake).texts == {"app": "new", "web": "web's"}


def test_a_comment_that_lost_its_marker_is_no_longer_ours(fake: FakeGitHub, join: Join) -> None:
    join().write(put("app", "one"))
    (comment,) = fake.all_comments.values()
    comment.body = "I do not like bots."
    join().write(put("app", "two"))
    assert only(fake).texts == {"app": "two"}
    assert fake.comments(NUMBER)[0]["body"] == "I do not like bots."


@pytest.mark.parametrize("request_number", range(1, 6))
def test_a_comment_that_is_deleted_while_we_work_is_made_anew(
    fake: FakeGitHub, join: Join, request_number: int
) -> None:
    join().write(put("app", "one"))
    since = len(fake.log)

    def delete() -> None:
        if len(fake.log) == since + request_number - 1:
            fake.all_comments.clear()

    url = join("update", delete).write(put("app", "two", run=2))
    assert url is not None
    if request_number < 5:
        assert only(fake).texts == {"app": "two"}
    else:
        assert own(fake) == []  # written, then deleted: somebody does not want it


def test_a_pull_request_that_is_not_there_is_the_callers_to_know(clock: Time) -> None:
    with FakeGitHub(clock=clock.now) as fake, StoppingGitHub(fake, clock) as github, pytest.raises(NotFoundError):
        sticky(github, clock, "update", 1).write(put("app", "text"))


def test_a_turn_that_took_too_long_is_given_up_and_taken_again(fake: FakeGitHub, join: Join, clock: Time) -> None:
    join().write(put("app", "one"))
    times: list[float] = []

    def slow(content: Content) -> Content | None:
        times.append(clock.now())
        clock.sleep(20 if len(times) == 1 else 0)
        return put("app", "two", run=2)(content)

    join().write(slow)
    assert len(times) == 2
    assert len(fake.calls("PATCH")) == 1
    assert only(fake).texts == {"app": "two"}


# what the token may


def test_without_any_permission_to_write_the_caller_hears_of_it(fake: FakeGitHub, join: Join) -> None:
    fake.permissions = READ_ONLY
    with pytest.raises(PermissionMissingError, match="pull-requests: write"):
        join().write(put("app", "text"))
    fake.permissions = {**READ_ONLY, "pull_requests": "write"}
    join().write(put("app", "text"))
    fake.permissions = READ_ONLY
    with pytest.raises(PermissionMissingError, match="pull-requests: write"):
        join().write(put("app", "text", run=2))
    found = join().read()
    assert found is not None
    assert found.texts == {"app": "text"}


def no_reactions(fake: FakeGitHub) -> None:
    full = fake.permissions

    def permit(method: str, path: str) -> None:
        fake.permissions = READ_ONLY if path.endswith("/reactions") else full

    fake.on_request = permit


def test_without_the_permission_to_react_it_writes_looks_again_and_asks_no_more(fake: FakeGitHub, join: Join) -> None:
    no_reactions(fake)
    comment = join()
    for run in (1, 2, 3):
        comment.write(put("app", f"run {run}", run=run))
    assert only(fake).texts == {"app": "run 3"}
    assert len(fake.calls("POST", "/reactions")) == 1


def test_what_was_lost_without_a_lock_is_written_again(fake: FakeGitHub, join: Join, clock: Time) -> None:
    join().write(put("app", "app's"))
    no_reactions(fake)
    before = fake.comments(NUMBER)[0]["body"]
    patches: list[int] = []

    def overwrite() -> None:
        """Somebody who read the comment earlier writes it later."""
        if len(fake.calls("PATCH")) == 1 and not patches:
            patches.append(1)
            next(iter(fake.all_comments.values())).body = before

    join("update", overwrite).write(put("web", "web's", calls=1))
    assert patches
    assert only(fake).texts == {"app": "app's", "web": "web's"}
    assert only(fake).state.spent == Spent(calls=1)


# the other modes


def test_a_new_comment_for_every_run_takes_everything_along(fake: FakeGitHub, join: Join) -> None:
    join("new").write(put("app", "one", calls=1))
    join("new").write(put("web", "two", calls=2, run=2))
    join("new").write(put("app", "three", calls=4, run=3))
    assert [content.texts for content in own(fake)] == [
        {"app": "one"},
        {"app": "one", "web": "two"},
        {"app": "three", "web": "two"},
    ]
    assert own(fake)[-1].state.spent == Spent(calls=7)
    assert join("new").read() == own(fake)[-1]
    assert not any(one["minimized"] for one in fake.comments(NUMBER))
    assert fake.all_reactions == {}


def test_one_run_writes_one_new_comment_however_often_and_from_however_many_jobs(fake: FakeGitHub, join: Join) -> None:
    join("new").write(put("app", "before"))
    one = join("new")
    one.write(put("app", "under way", run=2, in_progress=True))
    one.write(put("app", "done", run=2))
    join("new").write(put("web", "done", run=2))
    join("new").write(lambda content: content)
    assert [content.texts for content in own(fake)] == [{"app": "before"}, {"app": "done", "web": "done"}]


def test_earlier_comments_are_hidden_as_outdated(fake: FakeGitHub, join: Join) -> None:
    for run in (1, 2, 3):
        join("hide-and-new").write(put("app", f"run {run}", run=run))
    assert [one["minimized"] for one in fake.comments(NUMBER)] == ["outdated", "outdated", None]


def test_earlier_comments_are_hidden_though_the_new_one_was_made_unheard(fake: FakeGitHub, join: Join) -> None:
    join("hide-and-new").write(put("app", "one"))
    fake.faults = Script("reset_after", only=lambda method, path: method == "POST" and "reactions" not in path)
    join("hide-and-new").write(put("app", "two", run=2))
    assert [content.texts for content in own(fake)] == [{"app": "one"}, {"app": "two"}]
    assert [one["minimized"] for one in fake.comments(NUMBER)] == ["outdated", None]


def test_an_earlier_comment_that_cannot_be_hidden_is_no_error(fake: FakeGitHub, join: Join) -> None:
    join("hide-and-new").write(put("app", "one"))
    fake.on_request = lambda method, path: setattr(
        fake, "permissions", READ_ONLY if path == "/graphql" else {**READ_ONLY, "pull_requests": "write"}
    )
    assert join("hide-and-new").write(put("app", "two", run=2)) is not None
    assert [one["minimized"] for one in fake.comments(NUMBER)] == [None, None]


def test_after_a_change_of_mode_the_newest_comment_is_kept_and_none_is_deleted(fake: FakeGitHub, join: Join) -> None:
    for run in (1, 2):
        join("new").write(put("app", f"run {run}", run=run))
    join("update").write(put("app", "run 3", run=3))
    assert [content.texts for content in own(fake)] == [{"app": "run 1"}, {"app": "run 3"}]


# at the same time


def test_twenty_jobs_at_once_make_one_comment_with_twenty_sections() -> None:
    with FakeGitHub(validate=False) as fake:
        opened(fake)
        together = threading.Barrier(20)

        def job(number: int) -> str | None:
            with StoppingGitHub(
                fake, Time(), sleep=hurried, clock=time.time, generator=random.Random(number)
            ) as github:
                comment = StickyComment(
                    github, NUMBER, BOT, sleep=hurried, generator=random.Random(number), clock=time.time
                )
                together.wait()
                return comment.write(put(f"app-{number}", f"text {number}", calls=1))

        with ThreadPoolExecutor(20) as pool:
            urls = set(pool.map(job, range(20)))
        assert only(fake).texts == {f"app-{number}": f"text {number}" for number in range(20)}
        assert only(fake).state.spent == Spent(calls=20)
        assert len(urls) == 1


def hurried(seconds: float) -> None:
    """Twenty threads have to wait in truth, but not for long."""
    time.sleep(seconds / 50)


def two_runs(fake: FakeGitHub) -> dict[str, Job]:
    """A run, and another that a push starts while the first is at work. Each adds its number to what was spent."""

    def run(number: int, head: str, comment: StickyComment, github: GitHub) -> None:
        def change(content: Content) -> Content | None:
            now = str(github.get(github.path("pulls", NUMBER))["head"]["sha"])
            placed = place(content, "app", section(run=number, head=head), f"of run {number}", current_head=now)
            spent = content.state.spent + Spent(calls=number)
            base = placed or content
            return Content(base.state.model_copy(update={"spent": spent}), base.texts)

        comment.write(change)

    def new(comment: StickyComment, github: GitHub) -> None:
        github.get(github.path("pulls", NUMBER))
        run(2, fake.push("edit", {"a.txt": "newer"}), comment, github)

    before = fake.branches["edit"]
    return {"old": lambda comment, github: run(1, before, comment, github), "new": new}


@pytest.mark.parametrize("exists", [False, True], ids=["no comment yet", "a comment"])
@pytest.mark.parametrize(
    ("mode", "most_switches", "orders"), [("update", EVERY, 100), ("new", 2, 30), ("hide-and-new", 2, 30)]
)
def test_two_runs_leave_one_comment_of_the_newer_head_in_whatever_order_their_requests_come(
    exists: bool, mode: Mode, most_switches: int, orders: int
) -> None:
    clock = Time()
    with FakeGitHub(clock=clock.now, validate=False) as fake:
        opened(fake)
        first = write_body(Content(State(sections={"web": section(run=1)}, writes=("0",)), {"web": "stays"}))

        def run(choose: Callable[[list[str]], str]) -> Race:
            fake.all_comments.clear()
            fake.all_reactions.clear()
            fake.log.clear()
            if exists:
                fake.comment(NUMBER, first, login=BOT)
            race = Race(fake, clock)
            race.run(two_runs(fake), choose, mode=mode)
            last = own(fake)[-1]
            assert last.texts["app"] == "of run 2", race.order
            assert not exists or last.texts["web"] == "stays"
            assert last.state.spent == Spent(calls=3), race.order
            assert mode != "update" or len(own(fake)) == 1
            assert fake.all_reactions == {}
            return race

        assert schedules(most_switches, run) >= orders


def each_its_own(keys: str, *, runs: bool = False) -> dict[str, Job]:
    """Jobs that write a section each, of a run each or all of one."""

    def job(key: str, run: int) -> Job:
        return lambda comment, github: comment.write(put(key, f"{key}'s", calls=1, run=run))

    return {key: job(key, number if runs else 1) for number, key in enumerate(keys, 1)}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("mode", ["update", "new"])
@pytest.mark.parametrize("may_react", [True, False])
def test_three_jobs_at_once_lose_nothing_whether_they_can_lock_or_not(seed: int, mode: Mode, may_react: bool) -> None:
    clock = Time()
    with FakeGitHub(clock=clock.now, validate=False) as fake:
        opened(fake)
        fake.comment(NUMBER, write_body(Content(State(writes=("0",), spent=Spent(calls=1)), {})), login=BOT)
        if not may_react:
            no_reactions(fake)
        Race(fake, clock).run(each_its_own("abc", runs=True), random.Random(seed).choice, mode=mode)
        assert own(fake)[-1].texts == {"a": "a's", "b": "b's", "c": "c's"}
        assert own(fake)[-1].state.spent == Spent(calls=4)
        assert mode == "new" or len(own(fake)) == 1


def test_a_copy_that_a_cancelled_job_left_is_put_into_the_comment_and_deleted(fake: FakeGitHub, join: Join) -> None:
    for key in "ab":
        state = State(sections={key: section()}, spent=Spent(calls=1), writes=(key,))
        fake.comment(NUMBER, write_body(Content(state, {key: f"{key}'s"})), login=BOT)
    found = join().read()
    assert found is not None
    assert found.texts == {"a": "a's"}
    join().write(put("c", "c's", calls=1))
    assert only(fake).texts == {"a": "a's", "b": "b's", "c": "c's"}
    assert only(fake).state.spent == Spent(calls=3)


def test_a_copy_of_another_job_is_not_deleted_before_it_is_put_into_the_comment(fake: FakeGitHub, join: Join) -> None:
    others = Content(State(sections={"b": section()}, spent=Spent(calls=1), writes=("b",)), {"b": "b's"})

    def post_too() -> None:
        if len(fake.comments(NUMBER)) == 1:
            fake.comment(NUMBER, write_body(others), login=BOT)

    join("update", post_too).write(put("a", "a's", calls=1))
    assert [content.texts for content in own(fake)] == [{"a": "a's"}, {"b": "b's"}]
    join().write(put("c", "c's", calls=1))
    assert only(fake).texts == {"a": "a's", "b": "b's", "c": "c's"}
    assert only(fake).state.spent == Spent(calls=3)


def test_a_copy_is_put_away_though_the_writer_has_nothing_to_write(fake: FakeGitHub, join: Join) -> None:
    for key in "ab":
        state = State(sections={key: section()}, writes=(key,))
        fake.comment(NUMBER, write_body(Content(state, {key: f"{key}'s"})), login=BOT)
    assert join().write(lambda content: None) is None
    assert only(fake).texts == {"a": "a's", "b": "b's"}


def test_what_somebody_edited_by_hand_is_never_taken_for_a_copy(fake: FakeGitHub, join: Join) -> None:
    join().write(put("app", "one"))
    fake.comment(NUMBER, f"{MARKER}\nkept for the record", login=BOT)
    join().write(put("app", "two", run=2))
    assert fake.comments(NUMBER)[1]["body"] == f"{MARKER}\nkept for the record"
    assert own(fake)[0].texts == {"app": "two"}


@pytest.mark.parametrize("exists", [False, True], ids=["no comment yet", "a comment"])
def test_a_job_that_is_cancelled_anywhere_leaves_nothing_that_the_next_does_not_put_right(
    fake: FakeGitHub, join: Join, clock: Time, exists: bool
) -> None:
    for reached in range(1, 6):
        fake.all_comments.clear()
        fake.all_reactions.clear()
        if exists:
            join().write(put("web", "web's"))
        left = reached

        def cancel() -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                raise Cancelled

        began = clock.now()
        with contextlib.suppress(Cancelled):
            join("update", cancel).write(put("app", "of the cancelled run", run=1))
        join().write(put("app", "of the next run", run=2))
        assert only(fake).texts == {"app": "of the next run"} | ({"web": "web's"} if exists else {})
        assert clock.now() - began < 40


# when GitHub fails


@pytest.mark.parametrize("seed", range(40))
def test_with_half_of_all_requests_failing_the_comment_ends_up_right_and_once(seed: int) -> None:
    clock = Time()
    generator = random.Random(seed)
    mode = MODES[seed % 3]
    with FakeGitHub(clock=clock.now, validate=False) as fake:
        opened(fake)
        fake.faults = Faults(0.5, generator)
        for run, key in ((1, "app"), (1, "web"), (2, "app")):
            with StoppingGitHub(fake, clock, generator=generator) as github:
                comment = sticky(github, clock, mode, seed * 10 + len(fake.log))
                url = comment.write(put(key, f"{key} of run {run}", run=run, calls=1))
                assert url is not None
        last = own(fake)[-1]
        assert last.texts == {"app": "app of run 2", "web": "web of run 1"}
        assert last.state.spent == Spent(calls=3)
        if mode == "update":
            assert len(own(fake)) == 1


@pytest.mark.parametrize("seed", range(10))
def test_with_a_third_of_all_requests_failing_three_jobs_at_once_lose_nothing(seed: int) -> None:
    clock = Time()
    generator = random.Random(seed)
    with FakeGitHub(clock=clock.now, validate=False) as fake:
        opened(fake)
        fake.faults = Faults(0.33, generator)
        Race(fake, clock).run(each_its_own("abc"), generator.choice, mode="update")
        fake.faults = None
        with StoppingGitHub(fake, clock) as github:
            sticky(github, clock, "update", seed).write(put("d", "d's", calls=1))
        assert only(fake).texts == {key: f"{key}'s" for key in "abcd"}
        assert only(fake).state.spent == Spent(calls=4)


@pytest.mark.parametrize("kind", ["reset_after", "502_after", "closed_after", "truncated_after"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_what_took_effect_unheard_is_not_done_twice(fake: FakeGitHub, join: Join, kind: Any, method: str) -> None:
    fake.faults = Script(kind, only=lambda asked, path: asked == method)
    join().write(put("app", "one", calls=1))
    join().write(put("app", "two", calls=1, run=2))
    assert only(fake).texts == {"app": "two"}
    assert only(fake).state.spent == Spent(calls=2)


def test_when_github_is_down_the_caller_hears_of_it_within_minutes(fake: FakeGitHub, join: Join, clock: Time) -> None:
    fake.faults = Faults(1, random.Random(1), kinds=("502",))
    began = clock.now()
    with pytest.raises(GitHubError, match="could not be asked"):
        join().write(put("app", "text"))
    assert clock.now() - began < 15 * 60


def test_a_rate_limit_that_outlasts_the_turn_is_waited_for_outside_of_it(
    fake: FakeGitHub, join: Join, clock: Time
) -> None:
    join().write(put("app", "one"))
    fake.faults = Script("429", only=lambda method, path: method == "PATCH", retry_after="60")
    Race(fake, clock).run(each_its_own("ab"), lambda ready: ready[0], mode="update")
    assert only(fake).texts == {"app": "one", "a": "a's", "b": "b's"}
