"""The algorithms as their papers have them: one arm after the other, fresh draws, and no end of the cases."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.special import stdtrit

Indices = np.ndarray[tuple[int], np.dtype[np.float64]]


class Draws:
    """Fresh Bernoulli draws of arms with known means."""

    def __init__(self, means: Sequence[float], seed: int):
        self._means = means
        self._rng = np.random.default_rng(seed)
        self.right = [np.empty(0) for _ in means]

    def __len__(self) -> int:
        return len(self._means)

    def pull(self, arm: int, times: int = 1) -> None:
        """Draw `arm` so many times more."""
        drawn = self._rng.random(times) < self._means[arm]
        self.right[arm] = np.concatenate([self.right[arm], drawn])

    def forget(self) -> None:
        """Begin anew."""
        self.right = [np.empty(0) for _ in self._means]

    def lots(self) -> Indices:
        """A number in [0, 1) for each arm, for ties to fall by."""
        return self._rng.random(len(self._means))

    def ranked(self, arms: Sequence[int]) -> list[int]:
        """Arms by their mean, best first; ties by lot."""
        return sorted(arms, key=lambda arm: (-self.right[arm].mean(), self._rng.random()))


def uniform(draws: Draws, budget: int) -> int:
    """The same number of pulls for each."""
    for arm in range(len(draws)):
        draws.pull(arm, budget // len(draws))
    return draws.ranked(range(len(draws)))[0]


def successive_halving(draws: Draws, budget: int) -> int:
    """Karnin, Koren & Somekh 2013, algorithm 1: an even share of the budget for each round, and fresh draws in it."""
    arms: Sequence[int] = range(len(draws))
    rounds = math.ceil(math.log2(len(draws)))
    for _ in range(rounds):
        draws.forget()
        for arm in arms:
            draws.pull(arm, budget // (len(arms) * rounds))
        arms = draws.ranked(arms)[: math.ceil(len(arms) / 2)]
    return arms[0]


def successive_rejects(draws: Draws, budget: int) -> int:
    """Audibert, Bubeck & Munos 2010, figure 3."""
    arms, number = list(range(len(draws))), len(draws)
    log = 0.5 + sum(1 / i for i in range(2, number + 1))
    for phase in range(1, number):
        length = math.ceil((budget - number) / (log * (number + 1 - phase)))
        for arm in arms:
            draws.pull(arm, length - len(draws.right[arm]))
        arms.remove(draws.ranked(arms)[-1])
    return arms[0]


def ucb(draws: Draws, budget: int) -> int:
    """Auer, Cesa-Bianchi & Fischer 2002, with the constant of arXiv 2305.03495."""
    return _highest_index(draws, budget, lambda time, counts: np.sqrt(math.log(time) / counts))


def ucb_e(draws: Draws, budget: int) -> int:
    """Audibert, Bubeck & Munos 2010, figure 1, for gaps of 0.15."""
    scale = 25 / 36 * (budget - len(draws)) / (len(draws) / 0.15**2)
    return _highest_index(draws, budget, lambda time, counts: np.sqrt(scale / counts))


def racing(draws: Draws, budget: int) -> int:
    """arXiv 2504.16005, algorithm 2: blocks, and a paired t-test at 0.2; the best one when the budget is at its end."""
    arms, block = list(range(len(draws))), 16
    while len(arms) > 1 and budget >= block * len(arms):
        budget -= block * len(arms)
        for arm in arms:
            draws.pull(arm, block)
        arms = [arm for arm in arms if not any(_is_beaten(draws.right[arm], draws.right[other]) for other in arms)]
    return draws.ranked(arms)[0]


def _is_beaten(mine: Indices, theirs: Indices) -> bool:
    ahead = theirs - mine
    error = ahead.std(ddof=1) / math.sqrt(len(ahead))
    return bool(ahead.mean() > error * stdtrit(len(ahead) - 1, 0.8)) if error else False


def _highest_index(draws: Draws, budget: int, bonus: Callable[[int, Indices], Indices]) -> int:
    for arm in range(len(draws)):
        draws.pull(arm)
    counts, totals = np.ones(len(draws)), np.array([right.sum() for right in draws.right])
    for time in range(len(draws), budget):
        index = totals / counts + bonus(time, counts) + draws.lots() * 1e-9
        arm = int(index.argmax())
        draws.pull(arm)
        counts[arm] += 1
        totals[arm] += draws.right[arm][-1]
    return draws.ranked(range(len(draws)))[0]


ALGORITHMS: Mapping[str, Callable[[Draws, int], int]] = {
    algorithm.__name__: algorithm for algorithm in (uniform, successive_halving, successive_rejects, ucb, ucb_e, racing)
}
