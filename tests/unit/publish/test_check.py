"""The check run concludes what the gate says, and holds every annotation once."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import SecretStr

from apo_ci.errors import PermissionMissingError
from apo_ci.publish.annotations import Annotation
from apo_ci.publish.check import CheckRun, Conclusion, conclusion
from apo_ci.publish.github import GitHub
from apo_ci.publish.limits import CUT, MAX_CHECK_TEXT
from apo_ci.report.model import Outcome
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults

DETAILS = "https://github.com/octo/prompts/actions/runs/7"


def noted(number: int) -> list[Annotation]:
    return [
        Annotation("p.md", line, line + 1, "warning", f"title {line}", f"message {line}")
        for line in range(1, number + 1)
    ]


def client(fake: FakeGitHub) -> GitHub:
    return GitHub(
        SecretStr(fake.token), fake.repository, api_url=fake.url, sleep=lambda _: None, generator=random.Random(3)
    )


def check_on(fake: FakeGitHub) -> tuple[CheckRun, str]:
    head = fake.branch("main", {"p.md": "text\n" * 200})
    return CheckRun(client(fake), "apo-ci", head, details_url=DETAILS, external_id="7-1-"), head


def sent(fake: FakeGitHub) -> list[tuple[str, int, str, str | None]]:
    """Method, number of annotations, status and conclusion of every write."""
    calls: list[dict[str, Any]] = [{"method": call.method, **(call.body or {})} for call in fake.log]
    return [
        (call["method"], len(call.get("output", {}).get("annotations", [])), call["status"], call.get("conclusion"))
        for call in calls
        if call["method"] != "GET"
    ]


@pytest.mark.parametrize(
    ("verdict", "blocks", "inconclusive", "concluded"),
    [
        ("pass", False, "neutral", "success"),
        ("fail", True, "neutral", "failure"),
        ("error", True, "neutral", "failure"),
        ("inconclusive", False, "neutral", "neutral"),
        ("inconclusive", False, "success", "success"),
        ("inconclusive", False, "failure", "failure"),
        ("inconclusive", True, "success", "failure"),
        ("fail", False, "failure", "neutral"),
        ("error", False, "success", "neutral"),
    ],
)
def test_the_conclusion_follows_the_verdict_and_what_blocks(
    verdict: Outcome, blocks: bool, inconclusive: Conclusion, concluded: str
) -> None:
    assert conclusion(verdict, blocks, inconclusive=inconclusive) == concluded


@pytest.mark.parametrize(("number", "batches"), [(0, [0]), (1, [1]), (50, [50]), (51, [50, 1]), (120, [50, 50, 20])])
def test_annotations_go_in_batches_and_the_conclusion_with_the_last(number: int, batches: list[int]) -> None:
    with FakeGitHub() as fake:
        check, head = check_on(fake)
        check.start()
        address = check.finish("failure", "title", "summary", "text", noted(number))
        statuses = [*(["in_progress"] * (len(batches) - 1)), "completed"]
        conclusions = [*([None] * (len(batches) - 1)), "failure"]
        assert sent(fake) == [
            ("POST", 0, "in_progress", None),
            *zip(["PATCH"] * len(batches), batches, statuses, conclusions, strict=True),
        ]
        (run,) = fake.check_runs(head)
        assert (run["status"], run["conclusion"]) == ("completed", "failure")
        assert address.endswith(f"/{run['id']}")
        assert [each["start_line"] for each in run["annotations"]] == list(range(1, number + 1))
        assert (run["name"], run["details_url"], run["external_id"]) == ("apo-ci", DETAILS, "7-1-")


def test_a_check_that_was_not_begun_is_made_complete() -> None:
    with FakeGitHub() as fake:
        check, _ = check_on(fake)
        check.finish("success", "title", "summary", "", noted(51))
        assert sent(fake) == [("POST", 50, "in_progress", None), ("PATCH", 1, "completed", "success")]


def test_what_is_too_long_is_cut_and_says_so() -> None:
    with FakeGitHub() as fake:
        check, head = check_on(fake)
        check.finish("success", "t\n" * 900, "話" * 60_000, "x" * 70_000, [])
        output = fake.check_runs(head)[0]["output"]
        assert "\n" not in output["title"]
        assert output["title"].endswith("…")
        for text in (output["summary"], output["text"]):
            assert text.startswith(f"*{CUT}*")
            assert len(text.encode()) <= MAX_CHECK_TEXT


def test_an_annotation_arrives_as_it_is() -> None:
    with FakeGitHub() as fake:
        check, _ = check_on(fake)
        check.finish("success", "title", "summary", "", noted(1))
        body = fake.log[-1].body
        assert isinstance(body, dict)
        assert body["output"]["annotations"] == [
            {
                "path": "p.md",
                "start_line": 1,
                "end_line": 2,
                "annotation_level": "warning",
                "title": "title 1",
                "message": "message 1",
            }
        ]


def test_a_missing_permission_is_said() -> None:
    with FakeGitHub() as fake:
        fake.permissions = {"contents": "read"}
        check, _ = check_on(fake)
        with pytest.raises(PermissionMissingError, match="checks: write"):
            check.start()


@pytest.mark.parametrize("seed", range(12))
def test_a_failing_github_gets_one_check_run_with_every_annotation_once(seed: int) -> None:
    with FakeGitHub() as fake:
        check, head = check_on(fake)
        fake.faults = Faults(0.5, random.Random(seed))
        check.start()
        check.finish("failure", "title", "summary", "text", noted(120))
        fake.faults = None
        (run,) = fake.check_runs(head)
        assert (run["status"], run["conclusion"]) == ("completed", "failure")
        assert [each["start_line"] for each in run["annotations"]] == list(range(1, 121))
