"""REINFORCE moves probability to what pays."""

from __future__ import annotations

import random

import pytest

from apo_ci.search.optimizers.policy import Action, Policy

ACTIONS: list[Action] = [("add", "opening"), ("delete", "opening"), ("swap", "closing")]


def test_at_first_all_actions_are_equally_likely() -> None:
    assert list(Policy().probabilities(ACTIONS).values()) == pytest.approx([1 / 3] * 3)


def test_impossible_actions_get_nothing() -> None:
    policy, rng = Policy(), random.Random(0)
    assert {policy.draw(ACTIONS[:2], rng).action for _ in range(50)} == set(ACTIONS[:2])


def test_the_action_that_pays_is_taken_more_and_more() -> None:
    policy, rng = Policy(), random.Random(0)
    shares = []
    for _ in range(5):
        decisions = [policy.draw(ACTIONS, rng) for _ in range(16)]
        policy.learn([(each, 0.1 if each.action == ACTIONS[1] else -0.1) for each in decisions])
        shares.append(policy.probabilities(ACTIONS)[ACTIONS[1]])
    assert shares == sorted(shares)
    assert shares[-1] > 0.9


def test_rewards_without_difference_teach_nothing_once_they_are_expected() -> None:
    policy, rng = Policy(), random.Random(0)
    policy.learn([(policy.draw(ACTIONS, rng), 0.3)])
    before = policy.probabilities(ACTIONS)
    policy.learn([(policy.draw(ACTIONS, rng), 0.3) for _ in range(20)])
    assert policy.probabilities(ACTIONS) == pytest.approx(before)


def test_a_step_is_the_gradient_of_the_log_probability_times_the_advantage() -> None:
    policy = Policy()
    decision = policy.draw(ACTIONS[:2], random.Random(0))
    policy.learn([(decision, 0.1)])
    taken = policy.probabilities(ACTIONS[:2])[decision.action]
    # log-odds: 8 * 0.1 * (1 - 1/2) for what was taken, the same against the other
    assert taken == pytest.approx(1 / (1 + 2.718281828 ** -(2 * 8 * 0.1 * 0.5)))


def test_experience_of_nothing_changes_nothing() -> None:
    policy = Policy()
    policy.learn([])
    assert list(policy.probabilities(ACTIONS).values()) == pytest.approx([1 / 3] * 3)
