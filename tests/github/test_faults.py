"""Faults do what they say."""

from __future__ import annotations

import random

import pytest
import requests

from tests.github.client import Client
from tests.github.fake import FakeGitHub
from tests.github.faults import Faults, Kind, Script


@pytest.mark.parametrize(
    ("kind", "status", "written"),
    [
        ("500", 500, 0),
        ("502", 502, 0),
        ("html", 502, 0),
        ("429", 429, 0),
        ("secondary", 403, 0),
        ("exhausted", 403, 0),
        ("502_after", 502, 1),
    ],
)
def test_a_fault_answers_its_status(client: Client, fake: FakeGitHub, kind: Kind, status: int, written: int) -> None:
    fake.faults = Script(kind, retry_after="7")
    answer = client.send("POST", "/issues/7/comments", {"body": "x"})
    assert (answer.status_code, len(fake.comments(7))) == (status, written)
    assert answer.headers.get("Retry-After") == ("7" if kind in ("429", "secondary") else None)
    assert client.send("POST", "/issues/7/comments", {"body": "y"}).status_code == 201


@pytest.mark.parametrize(("kind", "written"), [("reset", 0), ("reset_after", 1)])
def test_a_reset_is_a_real_one(client: Client, fake: FakeGitHub, kind: Kind, written: int) -> None:
    fake.faults = Script(kind)
    with pytest.raises(requests.ConnectionError, match="Connection reset by peer"):
        client.send("POST", "/issues/7/comments", {"body": "x"})
    assert len(fake.comments(7)) == written
    assert fake.log[0].status == 0


@pytest.mark.parametrize("kind", ["closed_after", "truncated_after"])
def test_an_answer_can_be_lost(client: Client, fake: FakeGitHub, kind: Kind) -> None:
    fake.faults = Script(kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.send("POST", "/issues/7/comments", {"body": "x"})
    assert len(fake.comments(7)) == 1


def test_a_share_of_the_chosen_requests_fails(client: Client, fake: FakeGitHub) -> None:
    fake.faults = Faults(0.5, random.Random(1), kinds=("500",), only=lambda method, path: method == "GET")
    statuses = [client.send("GET", "/issues/7/comments").status_code for _ in range(60)]
    assert 15 < statuses.count(500) < 45
    assert client.send("POST", "/issues/7/comments", {"body": "x"}).status_code == 201


def test_graphql_is_limited_by_an_error_of_its_own(client: Client, fake: FakeGitHub) -> None:
    fake.faults = Script("graphql_limited", only=lambda method, path: path == "/graphql")
    assert client.graphql("{ viewer { login } }")["errors"][0]["type"] == "RATE_LIMITED"
    assert client.graphql("{ viewer { login } }")["data"]["viewer"]
