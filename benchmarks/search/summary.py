"""What many runs say together: one row for each method and budget."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.search.estimates import Mean, Share, mean, share
from benchmarks.search.methods import METHODS, OWN, REFERENCE
from benchmarks.search.results import Run

REACH = 0.9  # of the reference's final gain

Group = tuple[str, bool, bool, str, int]  # suite, null, veiled, method, budget


@dataclass(frozen=True, slots=True)
class Row:
    """A method at a budget, over its worlds.

    `behind` is how far it is behind this search on the same worlds (this search's gain less its own, in points), `lost`
    how far its gain in veiled worlds is behind its own in the plain worlds of the same seeds.
    `better` counts how often it suggested something: in null worlds that is a false alarm. `target` is 90% of the
    reference's mean gain at its end, `reached` the calls after which the mean gain of the best so far is there, and
    `reached_share` is that as a share of the calls that the reference spent.
    """

    suite: str
    null: bool
    veiled: bool
    method: str
    budget: int
    gain: Mean
    winner_gain: Mean
    behind: Mean | None
    lost: Mean | None
    harm: Share
    better: Share
    overshoot: int
    calls: float
    target: float | None
    reached: int | None
    reached_share: float | None
    seconds: float
    failed: int


def summarize(runs: Iterable[Run]) -> list[Row]:
    """The rows, in the order of suites, budgets and methods."""
    groups: dict[Group, list[Run]] = defaultdict(list)
    for run in runs:
        plan = run.plan
        groups[plan.suite, plan.null, plan.veiled, plan.method, plan.budget].append(run)
    order = list(METHODS)
    keys = sorted(groups, key=lambda key: (*key[:3], key[4], order.index(key[3])))
    return [row for key in keys if (row := _row(key, groups)) is not None]


def _row(key: Group, groups: Mapping[Group, Sequence[Run]]) -> Row | None:
    suite, null, veiled, method, budget = key
    runs = [run for run in groups[key] if run.error is None]
    gain, winner_gain = mean([run.gain for run in runs]), mean([run.winner_gain for run in runs])
    harm, better = share(sum(run.harmed for run in runs), len(runs)), share(sum(_claims(runs)), len(runs))
    if gain is None or winner_gain is None or harm is None or better is None:
        return None
    own = _finished(groups, (suite, null, veiled, OWN, budget))
    plain = _finished(groups, (suite, null, False, method, budget))
    reference = _finished(groups, (suite, null, veiled, REFERENCE, budget))
    target = REACH * final_gain(reference) if reference else None
    reached = None if target is None else calls_to_reach(runs, target)
    spent = float(np.mean([run.calls for run in reference])) if reference else 0.0
    return Row(
        suite=suite,
        null=null,
        veiled=veiled,
        method=method,
        budget=budget,
        gain=gain,
        winner_gain=winner_gain,
        behind=None if method == OWN else mean(differences(own, runs)),
        lost=mean(differences(plain, runs)) if veiled else None,
        harm=harm,
        better=better,
        overshoot=max(run.overshoot for run in runs),
        calls=float(np.mean([run.calls for run in runs])),
        target=target,
        reached=reached,
        reached_share=None if reached is None or not spent else reached / spent,
        seconds=float(np.mean([run.seconds for run in runs])),
        failed=len(groups[key]) - len(runs),
    )


def _finished(groups: Mapping[Group, Sequence[Run]], key: Group) -> list[Run]:
    return [run for run in groups.get(key, ()) if run.error is None]


def _claims(runs: Sequence[Run]) -> list[bool]:
    return [run.suggested for run in runs]


def differences(runs: Iterable[Run], others: Iterable[Run]) -> list[float]:
    """The gain of `runs` less that of `others`, on each problem that both were run on."""
    gains = {(run.plan.problem, run.plan.seed): run.gain for run in others}
    paired = [(run, (run.plan.problem, run.plan.seed)) for run in runs]
    return [run.gain - gains[key] for run, key in paired if key in gains]


def gain_at(run: Run, calls: int) -> float:
    """The gain of the best that `run` had found after so many calls: 0 before its first report."""
    position = bisect_right([point[0] for point in run.trace], calls)
    return run.trace[position - 1][1] if position else 0.0


def curve(runs: Sequence[Run]) -> list[tuple[int, float, float]]:
    """Calls, the mean gain of the best so far, and its standard error, wherever one of `runs` reported."""
    marks = sorted({calls for run in runs for calls, _ in run.trace})
    values = np.array([[gain_at(run, calls) for run in runs] for calls in marks]).reshape(len(marks), len(runs))
    errors = values.std(axis=1, ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else np.zeros(len(marks))
    means = values.mean(axis=1) if len(runs) else np.zeros(len(marks))
    return [(calls, float(m), float(e)) for calls, m, e in zip(marks, means, errors, strict=True)]


def final_gain(runs: Sequence[Run]) -> float:
    """The mean gain of the best at the end of the search, whether it was suggested or not."""
    return float(np.mean([run.trace[-1][1] if run.trace else 0.0 for run in runs])) if runs else 0.0


def calls_to_reach(runs: Sequence[Run], gain: float) -> int | None:
    """The fewest calls after which the mean curve of `runs` is at `gain` or above; `None` when it never is."""
    return next((calls for calls, height, _ in curve(runs) if height >= gain), None)
