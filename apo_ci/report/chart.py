"""The search's path as a mermaid flowchart: who was made from whom, how, and what it scored on dev."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set

from apo_ci.report import words
from apo_ci.report.escape import mermaid
from apo_ci.report.model import Suggestion, TrialReport

MAX_LABEL = 40


def search_chart(suggestion: Suggestion, max_nodes: int) -> str | None:
    """A flowchart of the candidates that were tried, the suggested one and its ancestors first; `None` for none."""
    trials = {trial.id: trial for trial in suggestion.trials}
    path = [step.id for step in suggestion.lineage if step.id in trials]
    chosen = _chosen(trials, path, max_nodes)
    if not chosen or max_nodes < 1:
        return None
    numbers = {identity: f"c{position}" for position, identity in enumerate(chosen)}
    lines = ["flowchart LR"]
    lines += [f'  {numbers[identity]}["{_label(trials[identity])}"]' for identity in chosen]
    for identity in chosen:
        parent = trials[identity].parent
        if parent in numbers and parent != identity:
            lines.append(f"  {numbers[parent]} {'==>' if identity in path else '-->'} {numbers[identity]}")
    lines.append("  classDef path stroke-width:3px")
    if path:
        lines.append(f"  class {','.join(numbers[identity] for identity in path if identity in numbers)} path")
    return "\n".join(lines)


def _chosen(trials: Mapping[int, TrialReport], path: Sequence[int], limit: int) -> list[int]:
    """At most `limit` candidates, with their ancestors, in the order of their numbers."""
    tried = sorted(
        (trial for trial in trials.values() if trial.dev_n > 0),
        key=lambda trial: (-trial.dev_n, -(trial.dev_score or 0.0), trial.id),
    )
    chosen: set[int] = set(path[:limit])
    for trial in tried:
        wanted = _with_ancestors(trial.id, trials, chosen, limit)
        if len(chosen) + len(wanted) <= limit:
            chosen |= wanted
    return sorted(chosen)


def _with_ancestors(identity: int, trials: Mapping[int, TrialReport], chosen: Set[int], limit: int) -> set[int]:
    """`identity` and its ancestors up to a `chosen` one; not many more than `limit`, where they are of no use."""
    found: set[int] = set()
    current: int | None = identity
    while current is not None and current in trials and len(found) <= limit:
        if current in found or current in chosen:
            break
        found.add(current)
        current = trials[current].parent
    return found


def _label(trial: TrialReport) -> str:
    name = f"{mermaid(trial.operator, MAX_LABEL)} {trial.id}"
    if trial.dev_score is None or trial.dev_n == 0:
        return name
    return f"{name}<br/>{words.percent(trial.dev_score)} on {trial.dev_n}"


def fates(suggestion: Suggestion) -> list[tuple[str, int]]:
    """How many candidates met which fate, without its particulars, the most frequent first."""
    counted = Counter(trial.fate.partition(":")[0] for trial in suggestion.trials)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
