"""What is too little to begin a search with."""

from __future__ import annotations

import pytest

from apo_ci.evaluation.significance import mcnemar
from apo_ci.search.refusals import fewest_to_confirm


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99, 0.999])
def test_with_one_test_case_fewer_no_gain_is_ever_confirmed(confidence: float) -> None:
    fewest = fewest_to_confirm(confidence)
    assert mcnemar(0, fewest) < 1 - confidence <= mcnemar(0, fewest - 1)


def test_at_95_percent_it_takes_six() -> None:
    assert fewest_to_confirm(0.95) == 6
