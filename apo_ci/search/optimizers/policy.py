"""A softmax policy over a few actions, learned by REINFORCE (Williams 1992) with a running baseline."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

# By how much log-odds move for a reward of 1 above the baseline. Rewards are differences of a score: ten points more
# than usual make an action about twice as likely to be taken again (exp(0.8) = 2.2), so that a few rounds can tell.
LEARNING_RATE = 8.0

Action = tuple[str, str]  # an operation, and the kind of place where it is done


@dataclass(frozen=True, slots=True)
class Decision:
    """An action that was drawn, and the probabilities of all actions that were possible then."""

    action: Action
    probabilities: tuple[tuple[Action, float], ...]


class Policy:
    """Log-odds of actions, all equal at first."""

    def __init__(self) -> None:
        self._preferences: dict[Action, float] = {}
        self._rewards = 0
        self._baseline = 0.0  # that a successor does as well as its parent, until there is experience

    def probabilities(self, possible: Sequence[Action]) -> dict[Action, float]:
        """How likely each of the possible actions is to be drawn."""
        preferences = [self._preferences.get(action, 0.0) for action in possible]
        highest = max(preferences, default=0.0)
        weights = [math.exp(preference - highest) for preference in preferences]
        return {action: weight / sum(weights) for action, weight in zip(possible, weights, strict=True)}

    def draw(self, possible: Sequence[Action], rng: random.Random) -> Decision:
        """One of the possible actions, of which there must be one."""
        chances = self.probabilities(possible)
        (action,) = rng.choices(list(chances), list(chances.values()))
        return Decision(action, tuple(chances.items()))

    def learn(self, experiences: Sequence[tuple[Decision, float]]) -> None:
        """One step along the policy's gradient for decisions of one batch and their rewards."""
        steps: dict[Action, float] = {}
        for decision, reward in experiences:
            advantage = LEARNING_RATE * (reward - self._baseline)
            for action, chance in decision.probabilities:
                steps[action] = steps.get(action, 0.0) + advantage * ((action == decision.action) - chance)
        for action, step in steps.items():
            self._preferences[action] = self._preferences.get(action, 0.0) + step
        self._rewards += len(experiences)
        gained = sum(reward - self._baseline for _, reward in experiences)
        self._baseline += gained / max(1, self._rewards)
