"""The client against a real server on loopback: what it sends, what it sends again, and what it refuses."""

from __future__ import annotations

import gzip
import itertools
import logging
import random
import re
import threading
import time
import traceback
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from apo_ci.errors import (
    ConflictError,
    GitHubError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    UnknownOutcomeError,
)
from apo_ci.publish import github as module
from apo_ci.publish.github import GitHub
from tests.unit.publish.scripted import NOW, TOKEN, Reply, Scripted, Waiting, client, nobody

OK = Reply(body={"ok": True})
FORBIDDEN = {"message": "Resource not accessible by integration"}
SECONDARY = {"message": "You have exceeded a secondary rate limit and have been temporarily blocked"}
MUTATION = "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"
Call = Callable[[GitHub], Any]

REPEATABLE: dict[str, Call] = {
    "get": lambda github: github.get("/user"),
    "raw": lambda github: github.raw("/user"),
    "pages": lambda github: list(github.pages("/user", key="items")),
    "patch": lambda github: github.patch("/user", {}),
    "delete": lambda github: github.delete("/user"),
    "post": lambda github: github.post("/user", {}, repeatable=True),
    "graphql": lambda github: github.graphql("{ viewer { login } }"),
}
ONCE: dict[str, Call] = {
    "post": lambda github: github.post("/user", {}),
    "created": lambda github: github.created("/user", {}),
    "patch": lambda github: github.patch("/user", {}, repeatable=False),
    "graphql": lambda github: github.graphql(MUTATION, repeatable=False),
}
DONE = Reply(body={"data": {}, "items": []})


def failure(server: Scripted, call: Call, **options: Any) -> GitHubError:
    """What `call` raises."""
    with pytest.raises(GitHubError) as caught:
        call(client(server, **options))
    return caught.value


class TestRequests:
    def test_headers_say_who_asks_and_for_which_version(self) -> None:
        with Scripted(OK) as server:
            client(server).get("/user")
        headers = server.seen[0].headers
        assert headers["accept"] == "application/vnd.github+json"
        assert headers["x-github-api-version"] == "2022-11-28"
        assert re.fullmatch(r"apo-ci/\d+\.\d+\S*", headers["user-agent"])
        assert headers["authorization"] == f"Bearer {TOKEN}"

    def test_without_a_token_none_is_sent_not_even_one_from_netrc(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login someone password something\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        with Scripted(OK) as server:
            github = client(server, token=None)
            github._session.trust_env = True
            github.get("/user")
        assert "authorization" not in server.seen[0].headers

    def test_netrc_does_not_replace_the_token(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login someone password something\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        with Scripted(OK) as server:
            github = client(server)
            github._session.trust_env = True
            github.get("/user")
        assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"

    def test_this_machine_is_not_asked_through_a_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with Scripted(OK) as server:
            assert client(server).get("/user") == {"ok": True}

    def test_white_space_around_the_token_is_not_sent(self) -> None:
        with Scripted(OK) as server:
            client(server, token=SecretStr(f" {TOKEN}\n")).get("/user")
        assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"

    def test_query_and_body_arrive_as_they_were_given(self) -> None:
        with Scripted(OK) as server:
            github = client(server)
            github.get("/commits", path="a b/c&d", page=2)
            github.patch("/user", {"body": "ä\u2028\0 ‹"})
        assert server.seen[0].path == "/commits?path=a+b%2Fc%26d&page=2"
        assert server.seen[1].json() == {"body": "ä\u2028\0 ‹"}
        assert server.seen[1].headers["content-type"] == "application/json"

    def test_slashes_and_percent_signs_of_a_segment_arrive_quoted(self) -> None:
        with Scripted(OK) as server:
            github = client(server)
            github.get(github.path("git", "ref", "heads/feature/ä", 7))
            github.get(github.path("contents", "a%2F..%2Fb?#"))
        assert server.seen[0].path == "/repos/octo/prompts/git/ref/heads%2Ffeature%2F%C3%A4/7"
        assert server.seen[1].path == "/repos/octo/prompts/contents/a%252F..%252Fb%3F%23"

    @pytest.mark.parametrize("status", [200, 201])
    def test_created_says_whether_something_new_was_made(self, status: int) -> None:
        with Scripted(Reply(status, {"id": 1})) as server:
            assert client(server).created("/reactions", {}) == ({"id": 1}, status == 201)

    def test_an_answer_without_content_is_none(self) -> None:
        with Scripted(Reply(204)) as server:
            assert client(server).patch("/user", {}) is None

    def test_deleting_what_is_gone_succeeds(self) -> None:
        with Scripted(Reply(404, {"message": "Not Found"})) as server:
            client(server).delete("/user")
        assert len(server.seen) == 1

    def test_requests_counts_every_attempt(self) -> None:
        with Scripted(Reply(502), Reply(502), OK) as server:
            github = client(server)
            github.get("/user")
        assert github.requests == len(server.seen) == 3

    def test_the_connection_is_kept_for_the_next_request(self) -> None:
        with Scripted(OK) as server:
            github = client(server)
            github.get("/user")
            github.get("/user")
            assert not server.closed.is_set()

    def test_a_connection_closed_while_idle_costs_a_write_nothing(self) -> None:
        with Scripted(Reply(body={}, close=True)) as server:
            github = client(server)
            github.get("/user")
            assert server.closed.wait(5)
            time.sleep(0.05)  # the packet is on its way
            github.post("/user", {})
        assert github.requests == 2

    def test_compressed_answers_are_read(self) -> None:
        body = gzip.compress(b'{"ok": true}')
        with Scripted(Reply(body=body, headers={"Content-Encoding": "gzip"})) as server:
            assert client(server).get("/user") == {"ok": True}

    def test_the_time_is_that_of_the_server(self) -> None:
        with Scripted(Reply(body={}, headers={"Date": formatdate(NOW + 500, usegmt=True)})) as server:
            github = client(server)
            assert github.now() == NOW
            github.get("/user")
            assert github.now() == NOW + 500


class TestRetries:
    @pytest.mark.parametrize("name", REPEATABLE)
    @pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
    def test_repeatable_requests_outlast_a_failing_server(self, name: str, status: int) -> None:
        with Scripted(Reply(status), DONE) as server:
            REPEATABLE[name](client(server))
        assert len(server.seen) == 2
        assert server.seen[0].body == server.seen[1].body

    @pytest.mark.parametrize("name", REPEATABLE)
    @pytest.mark.parametrize(
        "fault", [Reply(reset=True), Reply(body={"data": {"a": 1}}, cut=True)], ids=["reset", "cut"]
    )
    def test_repeatable_requests_outlast_a_broken_connection(self, name: str, fault: Reply) -> None:
        with Scripted(fault, fault, DONE) as server:
            REPEATABLE[name](client(server))
        assert len(server.seen) == 3

    @pytest.mark.parametrize("name", ONCE)
    @pytest.mark.parametrize(
        "fault",
        [Reply(500), Reply(502), Reply(503), Reply(504), Reply(reset=True), Reply(201, {"id": 1}, cut=True)],
        ids=["500", "502", "503", "504", "reset", "cut"],
    )
    def test_what_must_not_happen_twice_is_not_repeated_when_it_may_have_happened(
        self, name: str, fault: Reply
    ) -> None:
        with Scripted(fault, DONE) as server:
            error = failure(server, ONCE[name])
        assert type(error) is UnknownOutcomeError
        assert len(server.seen) == 1
        assert "may have taken effect" in str(error)

    @pytest.mark.parametrize("name", ONCE)
    @pytest.mark.parametrize(
        "fault",
        [
            Reply(429),
            Reply(403, {"message": "API rate limit exceeded for installation"}, {"X-RateLimit-Remaining": "0"}),
            Reply(403, SECONDARY),
            Reply(403, {}, {"Retry-After": "1"}),
            Reply(422, {"message": "Validation Failed", "errors": [{"message": "was submitted too quickly"}]}),
        ],
        ids=["429", "primary", "secondary", "retry-after", "too-quickly"],
    )
    def test_what_a_rate_limit_refused_did_not_happen_and_is_repeated(self, name: str, fault: Reply) -> None:
        with Scripted(fault, DONE) as server:
            ONCE[name](client(server))
        assert len(server.seen) == 2

    def test_a_refused_connection_is_tried_again_for_writes_too(self) -> None:
        waiting = Waiting()
        with nobody() as url:
            github = GitHub(None, "a/b", api_url=url, sleep=waiting.sleep, clock=waiting.clock, patience_seconds=5)
            with pytest.raises(GitHubError, match="no connection could be made") as caught:
                github.post("/user", {})
        assert type(caught.value) is GitHubError
        assert github.requests == len(waiting.pauses) + 1 > 2

    def test_a_server_that_falls_silent_is_asked_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "READ_SECONDS", 0.1)
        with Scripted(Reply(hang=True), OK) as server:
            assert client(server).get("/user") == {"ok": True}

    def test_a_write_to_a_server_that_falls_silent_has_an_unknown_outcome(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "READ_SECONDS", 0.1)
        with Scripted(Reply(hang=True)) as server:
            error = failure(server, ONCE["post"])
        assert type(error) is UnknownOutcomeError
        assert "no answer came" in str(error)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 501])
    def test_a_refusal_for_good_is_not_repeated(self, status: int) -> None:
        with Scripted(Reply(status, {"message": "No"})) as server:
            error = failure(server, REPEATABLE["get"])
        assert error.status == status
        assert len(server.seen) == 1


class TestPauses:
    def pause(self, *replies: Reply, **options: Any) -> float:
        waiting = Waiting()
        with Scripted(*replies, OK) as server:
            client(server, waiting, **options).get("/user")
        assert len(waiting.pauses) == 1
        return waiting.pauses[0]

    @pytest.mark.parametrize("status", [403, 429, 503])
    def test_retry_after_in_seconds_is_waited_for(self, status: int) -> None:
        assert 17 <= self.pause(Reply(status, {}, {"Retry-After": "17"})) <= 18

    def test_retry_after_as_a_date_is_read_by_the_servers_clock(self) -> None:
        ahead = {"Date": formatdate(NOW + 5000, usegmt=True), "Retry-After": formatdate(NOW + 5023, usegmt=True)}
        assert 23 <= self.pause(Reply(429, {}, ahead)) <= 24

    def test_retry_after_as_a_date_is_read_by_our_clock_without_a_servers(self) -> None:
        assert 23 <= self.pause(Reply(429, {}, {"Retry-After": formatdate(NOW + 23, usegmt=True)})) <= 24

    @pytest.mark.parametrize("status", [403, 429])
    def test_a_spent_allowance_is_waited_for_until_it_is_renewed(self, status: int) -> None:
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 40)}
        assert 40 <= self.pause(Reply(status, {}, headers)) <= 42

    @pytest.mark.parametrize("wait", ["", "soon", "-5", "1e9", "9" * 5000, "٣"])
    def test_a_limit_without_a_time_that_can_be_read_gets_more_than_a_minute(self, wait: str) -> None:
        headers = {"Retry-After": wait.encode().decode("latin-1")}
        assert 60 < self.pause(Reply(429, SECONDARY, headers)) <= 90

    def test_the_renewal_of_the_primary_allowance_says_nothing_about_a_secondary_limit(self) -> None:
        headers = {"X-RateLimit-Remaining": "4771", "X-RateLimit-Reset": str(int(NOW) + 3)}
        assert self.pause(Reply(403, SECONDARY, headers)) > 60

    def test_a_failing_server_is_asked_again_soon(self) -> None:
        assert 0 < self.pause(Reply(502)) <= 1

    def test_retry_after_zero_is_no_licence_to_hammer(self) -> None:
        waiting = Waiting()
        with Scripted(Reply(429, {}, {"Retry-After": "0"})) as server:
            error = failure(server, REPEATABLE["get"], waiting=waiting)
        assert type(error) is RateLimitedError
        assert len(server.seen) < 12

    def test_graphql_limits_are_waited_for(self) -> None:
        limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 40)}
        waiting = Waiting()
        with Scripted(Reply(200, limited, headers), DONE) as server:
            client(server, waiting).graphql("{ viewer { login } }", repeatable=False)
        assert 40 <= sum(waiting.pauses) <= 42


class TestPatience:
    @pytest.mark.parametrize("fault", [Reply(502), Reply(reset=True), Reply(429, {}, {"Retry-After": "9"})])
    def test_all_pauses_of_a_request_stay_within_patience(self, fault: Reply) -> None:
        waiting = Waiting()
        with Scripted(fault) as server:
            failure(server, REPEATABLE["get"], waiting=waiting, patience_seconds=30)
        assert 0 < sum(waiting.pauses) <= 30

    def test_a_pause_longer_than_patience_is_not_begun_and_the_error_says_when_to_come_back(self) -> None:
        waiting = Waiting()
        with Scripted(Reply(429, {}, {"Retry-After": "3600"})) as server:
            error = failure(server, REPEATABLE["get"], waiting=waiting)
        assert waiting.pauses == []
        assert type(error) is RateLimitedError
        assert error.status == 429
        assert time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(NOW + 3600)) in str(error)

    def test_time_that_failed_attempts_take_counts(self) -> None:
        ticks = itertools.count(NOW, 5)
        with Scripted(Reply(502)) as server:
            failure(server, REPEATABLE["get"], clock=lambda: next(ticks), patience_seconds=30)
        assert len(server.seen) <= 4

    def test_an_outage_costs_its_patience_once(self) -> None:
        with Scripted(Reply(502)) as server:
            github = client(server)
            with pytest.raises(GitHubError, match="it answered 502"):
                github.get("/user")
            before = github.requests
            with pytest.raises(GitHubError, match="1 attempt"):
                github.get("/user")
            assert github.requests == before + 1

    def test_a_request_with_a_patience_of_its_own_uses_up_no_other(self) -> None:
        waiting = Waiting()
        with Scripted(Reply(502)) as server:
            github = client(server, waiting)
            with pytest.raises(GitHubError, match="it answered 502"):
                github.patch("/user", {}, patience_seconds=3)
            assert 0 < sum(waiting.pauses) <= 3
            server.replies = [Reply(502), OK]
            assert github.get("/user") == {"ok": True}

    def test_a_success_restores_patience(self) -> None:
        with Scripted(Reply(502)) as server:
            github = client(server)
            with pytest.raises(GitHubError):
                github.get("/user")
            server.replies = [OK, Reply(502), OK]
            github.get("/user")
            assert github.get("/user") == {"ok": True}

    def test_the_same_generator_gives_the_same_pauses(self) -> None:
        runs = []
        for _ in range(2):
            waiting = Waiting()
            with Scripted(Reply(502), Reply(reset=True), Reply(503), OK) as server:
                client(server, waiting, generator=random.Random(3)).get("/user")
            runs.append(waiting.pauses)
        assert runs[0] == runs[1]


class TestPages:
    def link(self, url: str) -> dict[str, str]:
        return {"Link": f'<{url}&first>; rel="first", <{url}>; rel="next", <{url}&last>; rel="last"'}

    def test_every_page_is_read(self) -> None:
        with Scripted(Reply(body=[])) as server:
            server.replies = [
                Reply(body=[{"id": 1}, {"id": 2}], headers=self.link(f"{server.url}/repositories/7/comments?page=2")),
                Reply(body=[{"id": 3}], headers=self.link(f"{server.url}/repositories/7/comments?page=3&a=%2F")),
                Reply(body=[{"id": 4}]),
            ]
            items = list(client(server).pages("/comments", state="open"))
        assert [item["id"] for item in items] == [1, 2, 3, 4]
        assert [seen.path for seen in server.seen] == [
            "/comments?per_page=100&state=open",
            "/repositories/7/comments?page=2",
            "/repositories/7/comments?page=3&a=%2F",
        ]

    def test_wrapped_items_are_found_by_their_key(self) -> None:
        with Scripted(Reply(body={"total_count": 1, "check_runs": [{"id": 1}]})) as server:
            assert list(client(server).pages("/check-runs", key="check_runs")) == [{"id": 1}]

    def test_pages_are_asked_for_as_they_are_needed(self) -> None:
        with Scripted(Reply(body=[])) as server:
            server.replies = [Reply(body=[{"id": 1}], headers=self.link(f"{server.url}/c?page=2"))]
            assert next(client(server).pages("/c")) == {"id": 1}
        assert len(server.seen) == 1

    @pytest.mark.parametrize(
        "next_url",
        [
            "https://evil.example/c?page=2",
            "http://127.0.0.1:1/c?page=2",
            "//evil.example/c",
            "http://127.0.0.1@evil.example/c",
            "http://evil.example\\@127.0.0.1/c",
            "{url}@evil.example/c",
            "{url}\\@evil.example/c",
            "file:///etc/passwd",
            "https://[::1/c",
            "http://127.0.0.1:99999/c",
        ],
    )
    def test_a_next_page_on_another_host_never_sees_the_token(self, next_url: str) -> None:
        with Scripted(Reply(body=[])) as server, Scripted(Reply(body=[])) as other:
            target = next_url.replace("{url}", server.url).replace(":1/", f":{other._server.server_port}/")
            server.replies = [Reply(body=[{"id": 1}], headers=self.link(target))]
            error = failure(server, lambda github: list(github.pages("/c")))
            assert "leads to another host" in str(error)
            assert len(server.seen) == 1
            assert other.seen == []

    def test_pages_without_end_are_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_PAGES", 3)
        with Scripted(Reply(body=[])) as server:
            server.replies = [Reply(body=[], headers=self.link(f"{server.url}/c?page=1"))]
            error = failure(server, lambda github: list(github.pages("/c")))
        assert "more than 3 pages" in str(error)

    @pytest.mark.parametrize("body", [{"message": "x"}, None, [1], "text"])
    def test_what_is_no_list_of_items_is_an_error(self, body: Any) -> None:
        with Scripted(Reply(body=body)) as server:
            assert "no list" in str(failure(server, lambda github: list(github.pages("/c"))))


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    @pytest.mark.parametrize("absolute", [True, False])
    def test_a_redirect_on_the_same_host_is_followed_verbatim(self, status: int, absolute: bool) -> None:
        with Scripted(OK) as server:
            where = (server.url if absolute else "") + "/repositories/7"
            server.replies = [Reply(status, {}, {"Location": where}), OK]
            client(server).post("/repos/octo/old", {"a": 1})
        assert [(seen.method, seen.path, seen.json()) for seen in server.seen] == [
            ("POST", "/repos/octo/old", {"a": 1}),
            ("POST", "/repositories/7", {"a": 1}),
        ]

    @pytest.mark.parametrize("call", [REPEATABLE["get"], REPEATABLE["raw"], ONCE["post"], REPEATABLE["graphql"]])
    def test_a_redirect_to_another_host_is_not_followed(self, call: Call) -> None:
        with Scripted(OK) as server, Scripted(OK) as other:
            server.replies = [Reply(302, {}, {"Location": f"{other.url}/steal"})]
            error = failure(server, call)
            assert "leads to another host" in str(error)
            assert other.seen == []

    def test_redirects_in_a_circle_end(self) -> None:
        with Scripted(Reply(302, {}, {"Location": "/user"})) as server:
            assert "more than 5 times" in str(failure(server, REPEATABLE["get"]))
        assert len(server.seen) == 6

    @pytest.mark.parametrize("headers", [{}, {"Location": "/elsewhere"}])
    def test_other_redirects_are_errors(self, headers: dict[str, str]) -> None:
        with Scripted(Reply(303, {}, headers)) as server:
            assert failure(server, REPEATABLE["get"]).status == 303


class TestRefusals:
    def test_a_missing_permission_is_named_with_the_line_to_add(self) -> None:
        headers = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
        with Scripted(Reply(403, FORBIDDEN, headers)) as server:
            error = failure(server, ONCE["post"])
        assert type(error) is PermissionMissingError
        assert "permissions: {pull-requests: write}" in str(error)
        assert "Resource not accessible by integration" in str(error)
        assert "fork" in str(error)

    def test_without_githubs_header_the_path_tells_the_permission(self) -> None:
        with Scripted(Reply(403, FORBIDDEN)) as server:
            error = failure(server, lambda github: github.post(github.path("check-runs"), {}))
        assert "permissions: {checks: write}" in str(error)

    def test_a_missing_permission_is_no_rate_limit_though_the_allowance_ran_out_with_it(self) -> None:
        with Scripted(Reply(403, FORBIDDEN, {"X-RateLimit-Remaining": "0"})) as server:
            assert type(failure(server, REPEATABLE["get"])) is PermissionMissingError

    def test_a_token_that_is_not_valid_is_said_to_be(self) -> None:
        with Scripted(Reply(401, {"message": "Bad credentials"})) as server:
            error = failure(server, REPEATABLE["get"])
            missing = failure(server, REPEATABLE["get"], token=None)
        assert "does not accept the token" in str(error)
        assert "none was given" in str(missing)
        assert error.status == missing.status == 401

    @pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (410, NotFoundError), (409, ConflictError)])
    def test_statuses_have_their_exceptions(self, status: int, kind: type[GitHubError]) -> None:
        with Scripted(Reply(status, {"message": "No"})) as server:
            assert type(failure(server, REPEATABLE["get"])) is kind

    def test_validation_errors_say_what_was_wrong(self) -> None:
        body = {
            "message": "Validation Failed",
            "errors": [
                {"resource": "PullRequest", "field": "head", "code": "invalid"},
                {"message": "Body is too long"},
            ],
        }
        with Scripted(Reply(422, body)) as server:
            error = failure(server, ONCE["post"])
        assert type(error) is ConflictError
        assert "Validation Failed; PullRequest.head invalid; Body is too long" in str(error)

    def test_a_servers_words_are_shortened_and_obey_no_runner(self) -> None:
        said = "::error::x\n\x1b[31m\u202e" + "y" * 10_000
        with Scripted(Reply(400, {"message": said})) as server:
            text = str(failure(server, REPEATABLE["get"]))
        assert "::error" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text) < 500


class TestUnusableAnswers:
    @pytest.mark.parametrize("body", [b"<html>welcome to the wifi</html>", b'{"a": ', b"\xff\xfe", b"[" * 100_000])
    def test_what_is_no_json_is_an_error(self, body: bytes) -> None:
        with Scripted(Reply(body=body)) as server:
            assert "is no JSON" in str(failure(server, REPEATABLE["get"]))

    def test_a_write_whose_answer_is_no_json_may_have_taken_effect(self) -> None:
        with Scripted(Reply(201, b"<html>")) as server:
            assert type(failure(server, ONCE["post"])) is UnknownOutcomeError

    def test_an_error_page_is_an_error_all_the_same(self) -> None:
        with Scripted(Reply(400, b"<html>Whoa there!</html>")) as server:
            assert "answered 400 to GET /user" in str(failure(server, REPEATABLE["get"]))

    def test_a_file_arrives_byte_by_byte(self) -> None:
        content = bytes(range(256)) * 3000
        with Scripted(Reply(body=content)) as server:
            assert client(server).raw("/contents") == content
        assert server.seen[0].headers["accept"] == "application/vnd.github.raw+json"

    @pytest.mark.parametrize("compressed", [True, False])
    def test_a_file_that_is_too_large_is_refused_also_when_it_comes_small(
        self, compressed: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_RAW_BYTES", 1_000_000)
        content = bytes(1_000_001)
        headers = {"Content-Encoding": "gzip"} if compressed else {}
        with Scripted(Reply(body=gzip.compress(content) if compressed else content, headers=headers)) as server:
            assert "longer than 1 MB" in str(failure(server, REPEATABLE["raw"]))
        assert len(server.seen) == 1

    def test_a_body_that_claims_compression_and_is_none_is_no_endless_retry(self) -> None:
        with Scripted(Reply(body=b"plain", headers={"Content-Encoding": "gzip"})) as server:
            failure(server, REPEATABLE["get"])
        assert len(server.seen) < 15

    def test_an_answer_in_drops_is_left_in_time(self) -> None:
        ticks = itertools.count(NOW, 70)
        with Scripted(Reply(body={"a": "b" * 300_000})) as server:
            error = failure(server, REPEATABLE["get"], clock=lambda: next(ticks), patience_seconds=10)
        assert "took longer than 60 seconds" in str(error)


class TestGraphQL:
    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            ("FORBIDDEN", PermissionMissingError),
            ("INSUFFICIENT_SCOPES", PermissionMissingError),
            ("NOT_FOUND", NotFoundError),
            ("STALE_DATA", ConflictError),
            ("UNPROCESSABLE", ConflictError),
            ("SOMETHING_NEW", GitHubError),
        ],
    )
    def test_types_of_errors_have_their_exceptions(self, kind: str, error: type[GitHubError]) -> None:
        body = {"data": {"createCommitOnBranch": None}, "errors": [{"type": kind, "message": "It is so."}]}
        with Scripted(Reply(body=body)) as server:
            caught = failure(server, lambda github: github.graphql(MUTATION, input={}))
        assert type(caught) is error
        assert "GitHub refused createCommitOnBranch (GraphQL): It is so." in str(caught)

    def test_a_forbidden_mutation_names_the_permission(self) -> None:
        with Scripted(Reply(body={"errors": [{"type": "FORBIDDEN", "message": "No"}]})) as server:
            error = failure(server, lambda github: github.graphql(MUTATION, input={}))
        assert "permissions: {contents: write}" in str(error)

    def test_document_and_variables_are_sent(self) -> None:
        with Scripted(Reply(body={"data": {"viewer": {"login": "octocat"}}})) as server:
            assert client(server).graphql("{ viewer { login } }", number=7) == {"viewer": {"login": "octocat"}}
        assert server.seen[0].path == "/graphql"
        assert server.seen[0].json() == {"query": "{ viewer { login } }", "variables": {"number": 7}}

    def test_partial_data_is_no_data(self) -> None:
        body = {"data": {"viewer": {"login": "octocat"}}, "errors": [{"message": "half"}]}
        with Scripted(Reply(body=body)) as server:
            assert "half" in str(failure(server, REPEATABLE["graphql"]))

    @pytest.mark.parametrize("body", [{"data": None}, {}, [], None, {"errors": []}])
    def test_an_answer_without_data_is_an_error(self, body: Any) -> None:
        with Scripted(Reply(body=body)) as server:
            assert "holds no data" in str(failure(server, REPEATABLE["graphql"]))

    @pytest.mark.parametrize(
        "body", [{"errors": "no"}, {"errors": [None]}, {"errors": [{"type": ["x"]}]}, {"errors": 1}]
    )
    def test_errors_of_another_form_are_errors(self, body: Any) -> None:
        with Scripted(Reply(body=body)) as server:
            assert type(failure(server, REPEATABLE["graphql"])) is GitHubError

    def test_a_query_that_timed_out_is_repeated_and_a_mutation_is_not(self) -> None:
        body = {"errors": [{"message": "Something went wrong while executing your query. This may be a timeout"}]}
        with Scripted(Reply(body=body), DONE) as server:
            client(server).graphql("{ viewer { login } }")
        with Scripted(Reply(body=body), DONE) as server:
            assert type(failure(server, ONCE["graphql"])) is UnknownOutcomeError

    def test_a_mutation_submitted_too_quickly_is_repeated(self) -> None:
        body = {"errors": [{"type": "UNPROCESSABLE", "message": "was submitted too quickly"}]}
        with Scripted(Reply(body=body), DONE) as server:
            ONCE["graphql"](client(server))
        assert len(server.seen) == 2


class TestAddresses:
    @pytest.mark.parametrize(
        ("api", "graphql"),
        [("", "/graphql"), ("/", "/graphql"), ("/api/v3", "/api/graphql"), ("/api/v3/", "/api/graphql")],
    )
    def test_graphql_stands_beside_the_rest_api(self, api: str, graphql: str) -> None:
        with Scripted(DONE) as server:
            client(server, api_url=server.url + api).graphql("{ viewer { login } }")
        assert server.seen[0].path == graphql

    def test_a_graphql_address_of_its_own_is_used(self) -> None:
        with Scripted(DONE) as server:
            client(server, graphql_url=f"{server.url}/other/graphql").graphql("{ viewer { login } }")
        assert server.seen[0].path == "/other/graphql"

    def test_rest_paths_stand_below_the_address_of_the_api(self) -> None:
        with Scripted(OK) as server:
            github = client(server, api_url=f"{server.url}/api/v3")
            github.get(github.path("pulls", 7))
        assert server.seen[0].path == "/api/v3/repos/octo/prompts/pulls/7"

    def test_a_graphql_address_elsewhere_is_refused(self) -> None:
        with pytest.raises(GitHubError, match="not one server"):
            GitHub(None, "a/b", graphql_url="https://evil.example/graphql")


class TestTheToken:
    ECHOES = (
        Reply(418, {"message": f"I saw Bearer {TOKEN} and " + "x" * 250 + TOKEN}),
        Reply(401, {"message": TOKEN}),
        Reply(302, {}, {"Location": f"https://evil.example/{TOKEN}"}),
        Reply(200, TOKEN.encode()),
        Reply(200, {"errors": [{"message": f"{TOKEN} is bad"}]}),
    )
    FAULTS = (Reply(401), Reply(403, FORBIDDEN), Reply(429, SECONDARY), Reply(502), Reply(reset=True), Reply(200, b"<"))

    @pytest.mark.parametrize("fault", ECHOES, ids=["teapot", "refused", "redirect", "body", "graphql"])
    def test_it_is_in_no_error_though_the_server_repeats_it(self, fault: Reply) -> None:
        with Scripted(fault) as server:
            for call in (REPEATABLE["pages"], REPEATABLE["graphql"], ONCE["graphql"]):
                error = failure(server, call)
                shown = "".join(traceback.format_exception(error))
                assert TOKEN not in str(error) + repr(error) + shown

    @pytest.mark.parametrize("fault", FAULTS, ids=["401", "403", "429", "502", "reset", "no-json"])
    @pytest.mark.parametrize("name", ONCE)
    def test_it_is_in_no_traceback_that_shows_local_values_and_in_no_log(
        self, fault: Reply, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with Scripted(fault) as server:
            github = client(server)
            with pytest.raises(GitHubError) as caught:
                ONCE[name](github)
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
        assert "_wait" in shown or "_answer" in shown or "decoded" in shown
        assert TOKEN not in shown + repr(github) + repr(vars(github)) + caplog.text
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    def test_it_is_not_shown_when_it_cannot_be_used(self) -> None:
        for token in ("geheim\nX-Evil: 1", "gehéim-geheim", "geheim geheim"):
            with pytest.raises(GitHubError, match="characters that no token has") as caught:
                GitHub(SecretStr(token), "a/b")
            assert "geheim" not in str(caught.value)

    def test_an_empty_token_is_none(self) -> None:
        with Scripted(OK) as server:
            client(server, token=SecretStr("")).get("/user")
        assert "authorization" not in server.seen[0].headers


class TestThreads:
    def test_a_client_serves_many_threads_one_request_after_the_other(self) -> None:
        with Scripted(Reply(body={}, seconds=0.01)) as server:
            github = client(server)
            threads = [threading.Thread(target=github.get, args=("/user",)) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert github.requests == len(server.seen) == 20
        assert server.most_in_flight == 1

    def test_one_threads_pause_holds_up_no_other(self) -> None:
        asleep, woken = threading.Event(), threading.Event()

        def sleep(_: float) -> None:
            asleep.set()
            assert woken.wait(10)

        with Scripted(Reply(502), OK) as server:
            github = client(server, sleep=sleep)
            thread = threading.Thread(target=github.get, args=("/slow",))
            thread.start()
            assert asleep.wait(10)
            assert github.get("/quick") == {"ok": True}
            woken.set()
            thread.join()
        assert [seen.path for seen in server.seen] == ["/slow", "/quick", "/slow"]
