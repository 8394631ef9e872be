"""The number scorer."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apo_ci.errors import InputError
from apo_ci.evaluation.numbers import Number, read_number
from apo_ci.inputs.datasets import Case


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("42", 42),
        ("It is 42.", 42),
        ("-3.5e2 degrees", -350),
        ("−7", -7),
        (".5", 0.5),
        ("$1,234.50", 1234.5),
        ("5kg", 5),
        ("12%", 12),
        ("3 + 4 makes 7", 7),
        ("The answer is 42, which is 6 times 7", 42),
        ("x = 5, I am 90 percent sure", 5),
        ("#### 18", 18),
        ("\\boxed{12} for 3 apples", 12),
        ("version 1.2.3 of gpt4 says 9", 9),
        ("٤٢", 42),
        ("none", None),
        ("gpt4", None),
        ("", None),
        ("inf nan", None),
    ],
)
def test_the_number_that_a_reply_gives(text: str, number: float | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("scorer", "target", "reply", "value"),
    [
        (Number(), 42, "42.0", 1.0),
        (Number(), 42, "41.99", 0.0),
        (Number(absolute=0.1), 0.3, "0.4", 1.0),
        (Number(absolute=0.1), 0.3, "0.41", 0.0),
        (Number(relative=0.05), 200, "210", 1.0),
        (Number(relative=0.05), -200, "-211", 0.0),
        (Number(absolute=1, relative=0.5), 1, "2", 1.0),
        (Number(), "1,000", "1000", 1.0),
        (Number(relative=0.5), 1, "1e999", 0.0),
    ],
)
def test_tolerances(scorer: Number, target: object, reply: str, value: float) -> None:
    assert scorer.score(Case("one", {}, target), reply).value == value


def test_reasons_tell_too_low_from_too_high() -> None:
    reasons = [Number().score(Case("one", {}, 5), reply).reason for reply in ("4", "6", "five")]
    assert reasons == ["the number is too low", "the number is too high", "no number in the reply"]


@pytest.mark.parametrize("target", ["five", True, None])
def test_a_target_without_a_number_is_an_error_of_the_eval_set(target: object) -> None:
    with pytest.raises(InputError, match="is not a number"):
        Number().score(Case("one", {}, target), "5")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_reads_as_itself(number: float) -> None:
    assert read_number(f"The answer is {number!r}") == number


@pytest.mark.parametrize(
    "text", ["1," * 100_000, "9" * 200_000, "= " * 100_000, "1.1" * 60_000], ids=lambda text: text[:4]
)
def test_long_replies_are_read_in_no_time(text: str) -> None:
    began = time.process_time()
    read_number(text)
    assert time.process_time() - began < 1
