"""Tests of the benchmark's intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from benchmarks.search.estimates import mean, share


def test_the_interval_of_a_mean_is_that_of_students_t_test() -> None:
    values = [1.0, 4.0, 2.5, 7.0, -1.0]

    found = mean(values)

    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.error == pytest.approx(np.std(values, ddof=1) / np.sqrt(5))


def test_one_value_has_a_mean_and_no_error() -> None:
    found = mean([3.0])

    assert found is not None
    assert (found.n, found.mean, found.error, found.low, found.high) == (1, 3.0, None, None, None)


def test_no_value_has_no_mean_and_no_trial_no_share() -> None:
    assert mean([]) is None
    assert share(0, 0) is None


def test_none_of_thirty_is_a_share_of_up_to_eleven_and_a_half_percent() -> None:
    found = share(0, 30)

    assert found is not None
    assert (found.rate, found.low) == (0, 0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 30))  # the rule behind "3 of n", two-sided
