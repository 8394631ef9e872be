"""Pauses: never negative, never shorter than asked, never past patience."""

from __future__ import annotations

import random
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.publish.exchange import Answer, Request
from apo_ci.publish.rate_limits import Kind, Patience, Setback, http_date, pause_asked, setback_in

NOW = 1_760_000_000.0
GET = Request("GET", "https://api.github.com/user")
WAITS = st.none() | st.floats(0, 1e9)
SETBACKS = st.builds(Setback, st.sampled_from([Kind.UNSENT, Kind.LIMITED, Kind.BROKEN]), st.just("x"), WAITS)


@given(st.lists(st.tuples(SETBACKS, st.floats(0, 100)), max_size=60), st.floats(-5, 1e6), st.integers())
def test_pauses_are_never_negative_never_too_short_and_never_past_patience(
    setbacks: list[tuple[Setback, float]], seconds: float, seed: int
) -> None:
    patience = Patience(seconds, random.Random(seed))
    total = 0.0
    for setback, spent in setbacks:
        patience.spend(spent)
        pause = patience.take(patience.due(setback))
        if pause is None:
            break
        assert pause >= (setback.wait or 0)
        assert pause > 0
        total += pause
    assert total <= max(seconds, 0) + 1e-6
    assert patience.left >= 0


@given(st.sampled_from([None, 0.0, 0.001]), st.sampled_from([Kind.UNSENT, Kind.BROKEN]), st.integers())
def test_patience_ends_whatever_the_server_asks_for(wait: float | None, kind: Kind, seed: int) -> None:
    patience = Patience(120, random.Random(seed))
    while patience.take(patience.due(Setback(kind, "x", wait))) is not None:
        assert patience.tries < 20


def test_pauses_grow_and_are_capped() -> None:
    patience = Patience(1e9, random.Random(1))
    pauses = [patience.take(patience.due(Setback(Kind.BROKEN, "x"))) or 0 for _ in range(12)]
    assert pauses[0] <= 1
    assert all(later > earlier for earlier, later in zip(pauses, pauses[2:6], strict=False))
    assert max(pauses) <= 31


def test_a_limit_without_a_time_is_waited_for_longer_each_time() -> None:
    patience = Patience(1e9, random.Random(1))
    pauses = [patience.take(patience.due(Setback(Kind.LIMITED, "x"))) or 0 for _ in range(3)]
    assert [round(pause, -1) for pause in pauses] == [80, 150, 300]


def test_clients_that_were_refused_together_do_not_come_back_together() -> None:
    setback = Setback(Kind.LIMITED, "x", 30.0)
    pauses = {Patience(120, random.Random(seed)).take(30.0 if setback.wait else 0) for seed in range(20)}
    assert len(pauses) == 20


@given(
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "date"]), st.text())
)
def test_headers_of_any_form_ask_for_no_negative_pause(headers: dict[str, str]) -> None:
    asked = pause_asked(headers, NOW)
    assert asked is None or asked >= 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": formatdate(NOW - 60, usegmt=True)}, 0),
        ({"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}, 7),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}, 91),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) - 90)}, 1),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "never"}, None),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": str(int(NOW) + 90)}, None),
    ],
)
def test_headers_say_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert pause_asked(headers, NOW) == seconds


@given(st.text())
def test_a_date_that_is_none_is_none(text: str) -> None:
    found = http_date(text)
    assert found is None or isinstance(found, float)


@pytest.mark.parametrize(
    "said", ["Repository was archived so is read-only.", "Resource not accessible by integration", ""]
)
def test_other_refusals_are_no_rate_limits(said: str) -> None:
    body = b'{"message": "%s"}' % said.encode()
    assert setback_in(Answer(403, {}, body), GET, NOW) is None


def test_what_a_successful_answer_says_is_no_rate_limit() -> None:
    body = b'{"message": "secondary rate limit", "errors": [{"type": "RATE_LIMITED"}]}'
    assert setback_in(Answer(200, {}, body), GET, NOW) is None
