"""Whose round is next: where the last ones gained most, with some hope for the others."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.search.allocation import Prospect, Turn, credible_gain, likeliest, promise

GAINED = Prospect((Turn(100, 0.15),), best=0.7)
STUCK = Prospect((Turn(100, 0.0),), best=0.6)


def gains(*gains: float, best: float = 0.6, requests: int = 100) -> Prospect:
    """A search whose rounds brought `gains`."""
    return Prospect(tuple(Turn(requests, gain) for gain in gains), best)


def test_the_search_that_gained_most_a_request_goes_on() -> None:
    assert likeliest([STUCK, GAINED, STUCK]) == 1
    assert likeliest([gains(0.1, requests=400), gains(0.1, requests=50)]) == 1


def test_a_search_without_a_round_comes_first_unless_it_is_perfect() -> None:
    assert likeliest([GAINED, Prospect((), best=0.5)]) == 1
    assert likeliest([GAINED, Prospect((), best=1.0)]) == 0


def test_equals_are_taken_in_order() -> None:
    assert likeliest([STUCK, STUCK, STUCK]) == 0


def test_a_gain_of_long_ago_counts_for_less_than_a_fresh_one() -> None:
    assert likeliest([gains(0.2, 0.0, 0.0), gains(0.0, 0.0, 0.2)]) == 1


def test_a_search_that_has_stopped_gaining_lets_the_others_have_another_try() -> None:
    stuck, chosen = [0.0], [0.15]
    turns = []
    for _ in range(4):
        turns.append(likeliest([gains(*stuck), gains(*chosen, best=0.75)]))
        (stuck, chosen)[turns[-1]].append(0.0)
    assert turns[0] == 1
    assert 0 in turns


def test_one_that_goes_on_gaining_keeps_its_turn() -> None:
    chosen = [0.1]
    for _ in range(3):
        others = [gains(0.0), gains(0.01)]
        assert likeliest([*others, gains(*chosen, best=0.5 + sum(chosen))]) == 2
        chosen.append(0.08)


def test_nothing_is_hoped_for_where_nothing_is_left_to_gain() -> None:
    assert promise(gains(0.3, best=1.0), 5) == 0
    assert likeliest([gains(0.3, best=0.99), gains(0.0, best=0.6)]) == 1


def test_without_a_search_there_is_no_choice() -> None:
    with pytest.raises(ValueError, match="empty"):
        likeliest([])


def test_a_gain_within_a_standard_error_is_no_gain() -> None:
    start = {str(case): 0.0 for case in range(40)}
    lucky = {**start, "1": 1.0}
    assert credible_gain(lucky, start) == 0
    assert credible_gain(dict.fromkeys(start, 1.0), start) == pytest.approx((40 - math.sqrt(40)) / 40)


def test_only_cases_that_both_have_met_count() -> None:
    assert credible_gain({"a": 1.0, "b": 1.0}, {"c": 0.0}) == 0
    assert credible_gain({}, {}) == 0


prospects = st.builds(
    Prospect,
    st.lists(st.builds(Turn, st.integers(0, 5000), st.floats(-1, 1)), max_size=6).map(tuple),
    st.floats(0, 1),
)


@given(prospect=prospects, rounds=st.integers(0, 50))
def test_a_promise_is_never_negative_and_finite_once_there_was_a_round(prospect: Prospect, rounds: int) -> None:
    value = promise(prospect, rounds)
    assert value >= 0
    assert math.isfinite(value) or not prospect.turns


@given(prospect=prospects.filter(lambda prospect: bool(prospect.turns)), extra=st.floats(0, 0.5))
def test_a_larger_gain_never_promises_less(prospect: Prospect, extra: float) -> None:
    *before, last = prospect.turns
    more = Prospect((*before, Turn(last.requests, last.gain + extra)), prospect.best)
    assert promise(more, 7) >= promise(prospect, 7)
