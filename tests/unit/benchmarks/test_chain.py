"""Tests of the measure of a search's chain of dependent calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.search.chain import Span, bound, phases

times = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))


def longest(spans: list[Span], after: float = -1) -> int:
    """The longest chain by trying all."""
    return max((1 + longest(spans, span.answered) for span in spans if span.asked >= after), default=0)


def test_requests_that_are_asked_together_are_one_phase() -> None:
    assert phases([Span(0, 2), Span(0.1, 2.1), Span(0.2, 2.5)]) == [3]


def test_each_batch_that_waits_for_the_one_before_is_a_link() -> None:
    assert phases([Span(0, 1), Span(1.1, 2), Span(1.1, 2.2), Span(2.3, 3)]) == [1, 2, 1]


def test_a_slow_request_does_not_hide_the_chain_beside_it() -> None:
    assert phases([Span(0, 10), Span(0, 1), Span(1, 2), Span(2, 3)]) == [2, 1, 1]


def test_no_requests_make_no_chain() -> None:
    assert phases([]) == []


@given(st.lists(times, max_size=7))
def test_the_number_of_phases_is_the_length_of_the_longest_chain_and_every_request_is_in_one(spans: list[Span]) -> None:
    found = phases(spans)

    assert len(found) == longest(spans)
    assert sum(found) == len(spans)


def test_a_phase_takes_as_many_latencies_as_it_fills_slots() -> None:
    assert bound([1, 32, 33, 96], 32) == 1 + 1 + 2 + 3
