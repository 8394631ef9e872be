"""Power: the formulas, and simulations of what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from apo_ci.evaluation.intervals import tango
from apo_ci.evaluation.power import cases_needed, detectable_drop, detectable_mean_drop, mcnemar_power
from apo_ci.evaluation.significance import mcnemar


def _seen(n: int, discordance: float, drop: float, runs: int = 20_000) -> float:
    """The share of simulated comparisons that show a drop."""
    chances = [(discordance + drop) / 2, max(0.0, (discordance - drop) / 2), 1 - discordance]
    drawn, counts = np.unique(np.random.default_rng(5).multinomial(n, chances, size=runs), axis=0, return_counts=True)
    shown = [broken > fixed and mcnemar(broken, fixed) < 0.05 for broken, fixed, _ in drawn.tolist()]
    return float(counts @ np.array(shown)) / runs


@pytest.mark.parametrize(
    ("n", "discordance", "drop"), [(20, 0.5, 0.4), (50, 0.2, 0.15), (180, 0.1, 0.1), (400, 0.3, 0.08)]
)
def test_the_power_of_mcnemars_test_is_what_simulation_gives(n: int, discordance: float, drop: float) -> None:
    assert mcnemar_power(n, discordance, drop, 0.95) == pytest.approx(_seen(n, discordance, drop), abs=0.012)


@pytest.mark.parametrize(("n", "discordance"), [(20, 0.1), (60, 0.02), (180, 0.2), (1_000, 0.1)])
def test_the_detectable_drop_is_seen_four_times_out_of_five(n: int, discordance: float) -> None:
    drop = detectable_drop(n, discordance, 0.95)
    assert _seen(n, max(discordance, drop), drop) == pytest.approx(0.8, abs=0.012)


def test_more_cases_see_smaller_drops() -> None:
    drops = [detectable_drop(n, 0.1, 0.95) for n in (10, 40, 160, 640, 2_560)]
    assert drops == sorted(drops, reverse=True)
    assert drops[-1] < 0.02


@pytest.mark.parametrize("n", [0, 1, 3, 5])
def test_too_few_cases_see_no_drop_at_all(n: int) -> None:
    assert detectable_drop(n, 0.5, 0.95) == 1.0
    assert detectable_mean_drop(0, 0.5, 0.95) == 1.0


def test_the_detectable_drop_of_a_mean_is_seen_four_times_out_of_five() -> None:
    n, deviation = 80, 0.2
    drop = detectable_mean_drop(n, deviation, 0.95)
    means = np.random.default_rng(2).normal(-drop, deviation / np.sqrt(n), 20_000)
    assert np.mean(means < -1.96 * deviation / np.sqrt(n)) == pytest.approx(0.8, abs=0.01)


def test_the_cases_needed_settle_it_four_times_out_of_five() -> None:
    discordance, allowed = 0.1, 0.03
    n = cases_needed(0.0, np.sqrt(discordance), allowed, 0.95)
    assert n is not None
    drawn, counts = np.unique(
        np.random.default_rng(4).multinomial(n, [0.05, 0.05, 0.9], size=3_000), axis=0, return_counts=True
    )
    shown = [tango(broken, fixed, n, 0.95)[0] >= -allowed for broken, fixed, _ in drawn.tolist()]
    assert float(counts @ np.array(shown)) / 3_000 == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("delta", "max_drop"), [(0.0, 0.0), (-0.02, 0.02), (-0.0200001, 0.02)])
def test_a_difference_at_the_threshold_is_never_settled(delta: float, max_drop: float) -> None:
    assert cases_needed(delta, 0.3, max_drop, 0.95) is None
