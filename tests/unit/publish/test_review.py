"""Suggestions are offered once, in one review, or as a patch that applies."""

from __future__ import annotations

import random
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from apo_ci.errors import PermissionMissingError
from apo_ci.publish.github import GitHub
from apo_ci.publish.hunks import file_patch
from apo_ci.publish.review import (
    PromptSuggestion,
    apply_command,
    digest_of,
    plan_review,
    post_review,
    suggestion_patch,
)
from apo_ci.report.comment import MARKER
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults
from tests.unit.report.github import Page

HIDDEN = "<!-- apo-ci:review -->"
BASE = "".join(f"Rule {number}.\n" for number in range(30))
HEAD = BASE.replace("Rule 3.", "Be brief.").replace("Rule 20.", "Be nice.")
AFTER = HEAD.replace("Be brief.", "Answer Yes or No.")
BOTH = AFTER.replace("Be nice.", "Be exact.")
PATH = "prompts/a.prompt.md"
GAIN = "**+22.2 points** (95% CI +13.0 to +31.4) on 60 cases"
COMMAND = "echo apply"


def suggestion(
    after: str = AFTER, *, path: str = PATH, head: str = HEAD, base: str = BASE, summary: str = GAIN
) -> PromptSuggestion:
    return PromptSuggestion(path, head, after, file_patch(path, base, head), summary)


def test_one_change_is_one_comment_on_its_lines() -> None:
    plan = plan_review([suggestion()])
    (comment,) = plan.comments
    assert (comment.path, comment.start_line, comment.line) == (PATH, 4, 4)
    assert comment.body == "```suggestion\nAnswer Yes or No.\n```"
    assert (plan.patch, plan.reasons) == ("", {})


def test_several_comments_say_that_they_belong_together() -> None:
    plan = plan_review([suggestion(BOTH)])
    assert [comment.line for comment in plan.comments] == [4, 21]
    for number, comment in enumerate(plan.comments, start=1):
        assert comment.body.startswith(
            f"Part {number} of 2: add all parts to one batch; a part alone was never measured."
        )
    assert "add the 2 suggestions below to one batch" in plan.body


def test_the_body_states_the_gain_in_a_line_how_to_apply_it_and_what_was_not_measured() -> None:
    body = plan_review([suggestion(summary=f"{GAIN}\n and more")], command=COMMAND).body
    assert f"- `{PATH}`: {GAIN} and more" in body.splitlines()
    assert "commit the suggestion below" in body
    assert "a part of it was never measured" in body
    assert f"```sh\n{COMMAND}\n```" in body


def test_a_change_outside_of_the_diff_goes_to_the_patch_with_its_reason() -> None:
    outside = suggestion(HEAD.replace("Rule 12.", "Rule twelve."), path="prompts/b.md")
    plan = plan_review([suggestion(), outside], command=COMMAND)
    assert [comment.path for comment in plan.comments] == [PATH]
    assert plan.patch == file_patch("prompts/b.md", outside.before, outside.after)
    assert plan.reasons == {"prompts/b.md": "the pull request's diff does not show all lines that change"}
    assert "- `prompts/b.md` is not offered on its lines: the pull request's diff does not" in plan.body


def test_of_two_suggestions_for_one_file_the_first_counts() -> None:
    first, second = suggestion(), suggestion(BOTH)
    assert plan_review([first, second]) == plan_review([first])
    assert suggestion_patch([first, second]) == suggestion_patch([first])
    assert digest_of([first, second]) == digest_of([first])


def test_a_suggestion_that_changes_nothing_is_none() -> None:
    assert plan_review([suggestion(), suggestion(HEAD, path="b.md")]) == plan_review([suggestion()])


def test_a_review_is_never_too_long() -> None:
    many = [suggestion(BOTH, path=f"prompts/{'long' * 40}{number}.md", summary="x" * 900) for number in range(120)]
    plan = plan_review(many, command=COMMAND)
    assert len(plan.comments) == 50
    assert len(plan.reasons) == 95
    assert len(plan.body.encode()) <= 60_000
    assert plan.patch.count("diff --git") == 95


@given(st.text(max_size=30), st.text(max_size=60))
def test_a_path_and_a_command_stay_text(path: str, command: str) -> None:
    plan = plan_review([suggestion(path=f"p/{path}", summary="+1 point")], command=command)
    page = Page(plan.body)
    assert page.live == []
    assert set(page.tags) <= {"p", "strong", "ul", "li", "code", "em", "pre"}


def test_neither_the_body_nor_a_comment_begins_as_the_sticky_comment_does() -> None:
    plan = plan_review([suggestion(HEAD.replace("Be brief.", MARKER), path=MARKER)], command=MARKER)
    assert not plan.body.startswith(MARKER)
    assert Page(plan.body).comments == []
    assert all(not comment.body.startswith(MARKER) for comment in plan.comments)


def test_the_digest_tells_other_texts_and_files_apart_but_not_their_order_or_figures() -> None:
    first, other = suggestion(), suggestion(BOTH, path="b.md")
    assert digest_of([first, other]) == digest_of([other, first])
    assert digest_of([first]) == digest_of([suggestion(summary="+1")])
    told = [[first], [other], [], [suggestion(BOTH)], [suggestion(path="c.md")], [suggestion(head=BASE, base="")]]
    assert len({digest_of(each) for each in told}) == len(told)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.text("ab\n\ré", max_size=9), st.text("ab\n\ré", max_size=9)), max_size=4))
def test_git_applies_the_patch_of_all_suggestions(
    tmp_path_factory: pytest.TempPathFactory, versions: list[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("patch")
    names = ["plain.md", "with space.md", 'quo"te\\.md', "sub/naïve 日本.md"]
    offered = []
    for name, (before, after) in zip(names, versions, strict=False):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(before.encode())
        offered.append(PromptSuggestion(name, before, after, "", ""))
    patch = suggestion_patch(offered)
    if patch:
        subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=root,
            input=patch.encode(),
            check=True,
            capture_output=True,
        )
    for each in offered:
        assert (root / each.path).read_bytes() == each.after.encode()


def test_the_command_applies_the_downloaded_patch_from_any_folder(tmp_path: Path) -> None:
    checkout, tools = tmp_path / "check out", tmp_path / "bin"
    (checkout / "prompts").mkdir(parents=True)
    (checkout / PATH).write_text(HEAD, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    (tmp_path / "suggestion.patch").write_text(suggestion_patch([suggestion()]), encoding="utf-8")
    tools.mkdir()
    # A `gh` that notes what it was asked and "downloads" the patch into the folder after --dir.
    gh = f'#!/bin/sh\necho "$@" > {shlex.quote(str(tmp_path))}/asked\nfor last; do :; done\n'
    (tools / "gh").write_text(f'{gh}cp {shlex.quote(str(tmp_path))}/suggestion.patch "$last"\n', encoding="utf-8")
    (tools / "gh").chmod(0o755)
    command = apply_command(12, "octo/prompts", "apo-ci; rm -rf x")
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    subprocess.run(["sh", "-c", command], cwd=checkout / "prompts", env=environment, check=True, capture_output=True)
    assert (checkout / PATH).read_text(encoding="utf-8") == AFTER
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert asked.startswith("run download 12 --repo octo/prompts --name apo-ci; rm -rf x --dir ")
    assert "\n" not in command


class Pull:
    """A fake GitHub with one pull request that changes the prompt, and a client for it."""

    def __init__(self, fake: FakeGitHub) -> None:
        self.fake = fake
        base = fake.branch("main", {PATH: BASE})
        self.head = fake.branch("edit", {PATH: HEAD}, parent=base)
        fake.pull_request(1, head="edit", base="main")
        self.client = GitHub(
            SecretStr(fake.token), fake.repository, api_url=fake.url, sleep=lambda _: None, generator=random.Random(1)
        )

    def post(self, after: str = AFTER, **more: str) -> str | None:
        plan = plan_review([suggestion(after, **more)])
        return post_review(self.client, 1, self.head, plan, body_marker=HIDDEN)


def test_one_review_holds_all_comments() -> None:
    with FakeGitHub() as fake:
        pull = Pull(fake)
        address = pull.post(BOTH)
        (review,) = fake.reviews(1)
        assert address is not None
        assert address.endswith(str(review["id"]))
        assert review["body"].startswith(HIDDEN)
        assert review["commit_id"] == pull.head
        (call,) = [call for call in fake.log if call.method == "POST"]
        assert isinstance(call.body, dict)
        assert call.body["event"] == "COMMENT"
        assert [comment["line"] for comment in call.body["comments"]] == [4, 21]


def test_a_block_of_several_lines_names_its_first_and_last() -> None:
    with FakeGitHub() as fake:
        Pull(fake).post(HEAD.replace("Be brief.\nRule 4.\n", "One.\nTwo.\nThree.\n"))
        (call,) = [call for call in fake.log if call.method == "POST"]
        assert isinstance(call.body, dict)
        (comment,) = call.body["comments"]
        assert (comment["start_line"], comment["line"], comment["start_side"], comment["side"]) == (
            4,
            5,
            "RIGHT",
            "RIGHT",
        )


def test_a_line_that_github_does_not_show_leaves_the_patch() -> None:
    with FakeGitHub() as fake:
        assert Pull(fake).post(HEAD.replace("Rule 12.", "Rule twelve."), base="") is None
        assert fake.reviews(1) == []


def test_nothing_to_comment_on_needs_no_request() -> None:
    with FakeGitHub() as fake:
        assert Pull(fake).post("", base="") is None
        assert fake.log == []


def test_a_missing_permission_is_said() -> None:
    with FakeGitHub() as fake:
        fake.permissions = {"pull_requests": "read", "contents": "read"}
        with pytest.raises(PermissionMissingError, match="pull-requests: write"):
            Pull(fake).post()


@pytest.mark.parametrize("seed", range(12))
def test_a_failing_github_gets_the_review_exactly_once(seed: int) -> None:
    with FakeGitHub() as fake:
        pull = Pull(fake)
        fake.faults = Faults(0.5, random.Random(seed))
        pull.post(BOTH)
        fake.faults = None
        assert len(fake.reviews(1)) == 1
