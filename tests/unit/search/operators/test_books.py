"""The bandit over operators."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.search.operators.books import FLOOR, Books, deal_evenly

KINDS = ("edit", "demonstrations", "merge")
ALIKE = dict.fromkeys(KINDS, 1.0)  # prices


def test_what_pays_gets_more_slots() -> None:
    books = Books({"edit": 0.05, "demonstrations": 0.05})
    for _ in range(6):
        books.enter("demonstrations", 0.1, 20)
        books.enter("edit", 0.0, 20)
    shares = books.shares(["edit", "demonstrations"])
    assert shares["demonstrations"] > 4 * shares["edit"]


def test_a_dear_operator_gets_less_than_a_cheap_one_with_the_same_gains() -> None:
    books = Books({"edit": 0.05, "demonstrations": 0.05})
    books.enter("edit", 0.1, 100)
    books.enter("demonstrations", 0.1, 20)
    assert books.payoff("demonstrations") > books.payoff("edit")


def test_nobody_falls_below_the_floor_however_bad_the_luck() -> None:
    books = Books(dict.fromkeys(KINDS, 0.05))
    books.enter("edit", 10.0, 10)
    for kind in KINDS:
        books.enter(kind, 0.0, 1000)
    dealt = dict.fromkeys(KINDS, 0)
    for _ in range(60):
        for kind, slots in books.deal(4, ALIKE).items():
            dealt[kind] += slots
    assert min(dealt.values()) >= FLOOR / 3 * 240 - 1


def test_a_loss_counts_as_no_gain() -> None:
    books = Books({"edit": 0.05})
    books.enter("edit", -1.0, 0)
    assert books.payoff("edit") == pytest.approx(0.05)


def test_without_any_belief_all_are_alike() -> None:
    assert Books({}).shares(["edit", "merge"]) == {"edit": 0.5, "merge": 0.5}


@given(numbers=st.lists(st.integers(0, 12), max_size=12), gains=st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_all_slots_are_dealt_and_shares_are_made_up_for_over_the_rounds(numbers: list[int], gains: list[float]) -> None:
    books = Books(dict.fromkeys(KINDS, 0.05))
    for kind, gain in zip(KINDS, gains, strict=True):
        books.enter(kind, gain, 10)
    dealt = dict.fromkeys(KINDS, 0)
    for number in numbers:
        slots = books.deal(number, ALIKE)
        assert sum(slots.values()) == number
        for kind in KINDS:
            dealt[kind] += slots[kind]
    for kind, share in books.shares(KINDS).items():
        assert abs(dealt[kind] - share * sum(numbers)) < len(KINDS)


@given(
    rounds=st.lists(st.integers(0, 400), max_size=12),
    prices=st.lists(st.floats(1, 90), min_size=3, max_size=3),
    gains=st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_drafts_cost_at_most_the_round_and_a_round_that_can_pay_for_one_has_one(
    rounds: list[int], prices: list[float], gains: list[float]
) -> None:
    books = Books(dict.fromkeys(KINDS, 0.05))
    for kind, gain in zip(KINDS, gains, strict=True):
        books.enter(kind, gain, 10)
    by_kind = dict(zip(KINDS, prices, strict=True))
    for requests in rounds:
        drafts = books.deal(requests, by_kind)
        assert sum(by_kind[kind] * number for kind, number in drafts.items()) <= requests + 1e-6
        assert any(drafts.values()) == (requests >= min(prices))


def test_shares_are_of_requests_so_that_dear_drafts_are_fewer() -> None:
    books, prices = Books(dict.fromkeys(KINDS, 0.05)), {"edit": 40.0, "demonstrations": 20.0, "merge": 10.0}
    dealt = dict.fromkeys(KINDS, 0)
    for _ in range(60):
        for kind, number in books.deal(100, prices).items():
            dealt[kind] += number
    requests = [dealt[kind] * price for kind, price in prices.items()]
    assert max(requests) - min(requests) <= 2 * max(prices.values())


def test_without_operators_nothing_is_dealt() -> None:
    assert Books({}).deal(4, {}) == {}


def test_cards_are_dealt_evenly() -> None:
    assert deal_evenly(7, 3) == [3, 2, 2]
