"""Operations of the REST API, with the limits that GitHub sets."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.github.client import AFTER, BEFORE, Client, taken
from tests.github.fake import FakeGitHub


def test_a_comment_is_written_read_edited_and_deleted(client: Client, fake: FakeGitHub) -> None:
    made = client.send("POST", "/issues/7/comments", {"body": "one"}).json()
    client.send("PATCH", f"/issues/comments/{made['id']}", {"body": "two"})
    assert client.send("GET", f"/issues/comments/{made['id']}").json()["body"] == "two"
    assert [comment["login"] for comment in fake.comments(7)] == ["github-actions[bot]"]
    assert client.send("DELETE", f"/issues/comments/{made['id']}").status_code == 204
    assert fake.comments(7) == []


def test_pages_are_linked_to_by_the_repositorys_number(client: Client, fake: FakeGitHub) -> None:
    for number in range(5):
        fake.comment(7, f"comment {number}")
    seen, page = [], client.send("GET", "/issues/7/comments", per_page=2)
    while True:
        seen += [comment["body"] for comment in page.json()]
        if "next" not in page.links:
            break
        assert f"/repositories/{fake.repository_id}/issues/7/comments" in page.links["next"]["url"]
        page = client.send("GET", page.links["next"]["url"])
    assert seen == [f"comment {number}" for number in range(5)]


def test_a_comment_of_65_537_characters_is_refused(client: Client) -> None:
    assert client.send("POST", "/issues/7/comments", {"body": "x" * 65_536}).status_code == 201
    assert client.send("POST", "/issues/7/comments", {"body": "x" * 65_537}).status_code == 422


def test_a_comment_of_another_account_is_not_edited(client: Client, fake: FakeGitHub) -> None:
    theirs = fake.comment(7, "mine", login="octocat")
    assert client.send("PATCH", f"/issues/comments/{theirs}", {"body": "yours"}).status_code == 403
    assert fake.comments(7)[0]["body"] == "mine"


def test_a_reaction_is_created_once(client: Client, fake: FakeGitHub) -> None:
    comment = fake.comment(7, "hello")
    path = f"/issues/comments/{comment}/reactions"
    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(
            threads.map(lambda _: Client(fake).send("POST", path, {"content": "eyes"}).status_code, range(8))
        )
    assert statuses == [200] * 7 + [201]
    reaction = fake.reactions(comment)[0]["id"]
    assert client.send("DELETE", f"{path}/{reaction}").status_code == 204


@pytest.mark.parametrize(
    ("name", "text", "status", "kept", "known"),
    [
        ("summary", "x" * 65_535, 201, 65_535, False),
        ("summary", "x" * 65_536, 422, 0, True),
        ("summary", "é" * 32_767, 201, 32_767, False),
        ("summary", "é" * 32_768, 422, 0, False),
        ("text", "x" * 65_535, 201, 65_535, False),
        ("text", "x" * 65_536, 422, 0, True),
        ("text", "é" * 65_535, 201, 32_767, False),
        ("text", "😀" * 32_767, 201, 16_383, False),
        ("text", "😀" * 32_768, 422, 0, False),
    ],
)
def test_a_check_runs_texts_are_limited(
    client: Client, fake: FakeGitHub, name: str, text: str, status: int, kept: int, known: bool
) -> None:
    output = {"title": "t", "summary": "s", name: text}
    answer = client.send("POST", "/check-runs", {"name": "n", "head_sha": fake.branches["edit"], "output": output})
    assert (answer.status_code, len(answer.json().get("output", {}).get(name, ""))) == (status, kept)
    assert ("is too long" in taken(fake)) == known  # GitHub's description counts characters alone


def test_an_update_replaces_a_check_runs_whole_output(client: Client, fake: FakeGitHub) -> None:
    first = {"title": "t", "summary": "s", "text": "long"}
    run = client.send("POST", "/check-runs", {"name": "n", "head_sha": fake.branches["edit"], "output": first}).json()
    changed = client.send("PATCH", f"/check-runs/{run['id']}", {"output": {"title": "t", "summary": "other"}}).json()
    assert (changed["output"]["summary"], changed["output"]["text"]) == ("other", None)


def test_annotations_come_in_fifties_and_add_up(client: Client, fake: FakeGitHub) -> None:
    note = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}
    head = fake.branches["edit"]
    run = client.send("POST", "/check-runs", {"name": "apo-ci", "head_sha": head}).json()
    output = {"title": "t", "summary": "s", "annotations": [note] * 50}
    for _ in range(2):
        answer = client.send("PATCH", f"/check-runs/{run['id']}", {"output": output})
    assert answer.json()["output"]["annotations_count"] == 100
    output["annotations"] = [note] * 51
    assert client.send("PATCH", f"/check-runs/{run['id']}", {"output": output}).status_code == 422
    assert "output/annotations" in taken(fake)
    assert len(fake.check_runs(head)[0]["annotations"]) == 100


def test_a_completed_check_run_needs_a_conclusion(client: Client, fake: FakeGitHub) -> None:
    head = fake.branches["edit"]
    body = {"name": "apo-ci", "head_sha": head, "status": "completed"}
    assert client.send("POST", "/check-runs", body).status_code == 422
    made = client.send("POST", "/check-runs", {"name": "apo-ci", "head_sha": head, "conclusion": "neutral"})
    assert made.json()["status"] == "completed"
    assert client.send("GET", "/commits/edit/check-runs").json()["total_count"] == 1


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ({"line": 20, "side": "RIGHT"}, 200),
        ({"line": 23, "side": "RIGHT", "start_line": 17, "start_side": "RIGHT"}, 200),
        ({"line": 24, "side": "RIGHT"}, 422),
        ({"line": 23, "side": "RIGHT", "start_line": 16, "start_side": "RIGHT"}, 422),
        ({"line": 20, "side": "RIGHT", "start_line": 20, "start_side": "RIGHT"}, 422),
    ],
)
def test_review_comments_lie_on_lines_of_the_diff(
    client: Client, fake: FakeGitHub, place: dict[str, Any], status: int
) -> None:
    comment = {"path": "prompts/a.txt", "body": "```suggestion\nline 20\n```", **place}
    body = {"event": "COMMENT", "body": "b", "commit_id": fake.branches["edit"], "comments": [comment]}
    assert client.send("POST", "/pulls/7/reviews", body).status_code == status
    assert len(fake.reviews(7)) == (status == 200)
    assert len(client.send("GET", "/pulls/7/reviews").json()) == (status == 200)


def test_pull_requests_are_found_by_head_and_opened_once(client: Client, fake: FakeGitHub) -> None:
    fake.branch("apo-ci/better", {"prompts/a.txt": "better"}, parent="main")
    wanted = {"title": "t", "head": "apo-ci/better", "base": "main", "body": "b"}
    made = client.send("POST", "/pulls", wanted)
    assert (made.status_code, client.send("POST", "/pulls", wanted).status_code) == (201, 422)
    found = client.send("GET", "/pulls", head="octo:apo-ci/better", state="open").json()
    assert [pull["number"] for pull in found] == [made.json()["number"]] == [8]
    assert client.send("PATCH", "/pulls/8", {"title": "new", "state": "closed"}).json()["state"] == "closed"


def test_a_pull_requests_facts_files_and_commits_are_told(client: Client, fake: FakeGitHub) -> None:
    pull = client.send("GET", "/pulls/7").json()
    assert (pull["head"]["sha"], pull["base"]["sha"]) == (fake.branches["edit"], fake.branches["main"])
    file = client.send("GET", "/pulls/7/files").json()[0]
    assert (file["filename"], file["additions"], file["deletions"]) == ("prompts/a.txt", 1, 1)
    assert file["patch"].startswith("@@ -17,7 +17,7 @@")
    assert [commit["sha"] for commit in client.send("GET", "/pulls/7/commits").json()] == [fake.branches["edit"]]


def test_maintain_is_write_in_permission_and_maintain_in_role_name(client: Client, fake: FakeGitHub) -> None:
    fake.collaborator("hubot", "maintain")
    answer = client.send("GET", "/collaborators/hubot/permission").json()
    assert (answer["permission"], answer["role_name"]) == ("write", "maintain")


def test_contents_come_as_json_raw_or_a_list(client: Client, fake: FakeGitHub) -> None:
    for path in ("prompts/a.txt", "prompts%2Fa.txt"):
        answer = client.send("GET", f"/contents/{path}", ref="edit")
        assert base64.b64decode(answer.json()["content"]).decode() == AFTER
    client.session.headers["Accept"] = "application/vnd.github.raw+json"
    assert client.send("GET", "/contents/prompts/a.txt").text == BEFORE
    assert [entry["name"] for entry in client.send("GET", "/contents/prompts").json()] == ["a.txt"]
    assert client.send("GET", "/contents/nothing").status_code == 404


def test_an_orphan_branch_is_made_of_tree_commit_and_reference(client: Client, fake: FakeGitHub) -> None:
    entry = {"path": "baseline/root.json", "mode": "100644", "type": "blob", "content": "{}"}
    tree = client.send("POST", "/git/trees", {"tree": [entry]}).json()
    commit = client.send("POST", "/git/commits", {"message": "m", "tree": tree["sha"], "parents": []}).json()
    reference = {"ref": "refs/heads/apo-ci-data", "sha": commit["sha"]}
    assert client.send("POST", "/git/refs", reference).status_code == 201
    again = client.send("POST", "/git/refs", reference)
    assert (again.status_code, again.json()["message"]) == (422, "Reference already exists")
    assert client.send("GET", "/git/ref/heads%2Fapo-ci-data").json()["object"]["sha"] == commit["sha"]
    assert fake.file("apo-ci-data", "baseline/root.json") == b"{}"
