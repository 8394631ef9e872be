"""A world on the terminal: what is hidden in it, where a search starts, and how far it can get."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from benchmarks.search.hidden import Rule, Trap
from benchmarks.search.reach import best_reachable
from benchmarks.search.world import World


def show(world: World, console: Console) -> None:
    """Print the hidden truth of `world`, its start prompt and its best."""
    hidden = world.hidden
    kind = " ".join(("A", *(["veiled"] if world.veiled else []), *(["null"] if world.null else []), "world"))
    console.print(f"{kind}, seed {world.seed}: {hidden.theme.plural}, labels {', '.join(world.labels)}\n")
    tables = [_rules(world), _traps(world), *([_names(world)] if world.veiled else []), _effects(world)]
    console.print(*tables, sep="\n")
    _show_prompt(world, console, "Start", world.start)
    if not world.null:
        _show_prompt(world, console, "Best found by a greedy climb on the true accuracy of test", _best(world))


def _best(world: World) -> str:
    return best_reachable(world, world.splits.test)


def _rules(world: World) -> Table:
    hidden = world.hidden
    table = Table(
        "feature",
        "answer",
        "cases",
        "rank",
        "right if not stated",
        "helps only with",
        "clashes with",
        title="True rules",
    )
    for rule in hidden.rules:
        other = next(iter(set(hidden.clash) - {rule.feature})) if rule.feature in hidden.clash else ""
        row = (rule.feature, rule.label, _share(world, rule), str(rule.rank), f"{rule.floor:.0%}")
        table.add_row(*row, hidden.needs.get(rule.feature, ""), other)
    return table


def _traps(world: World) -> Table:
    table = Table("feature", "false answer", "cases", "right if stated", title="Harmful rules")
    for trap in world.hidden.traps:
        table.add_row(trap.feature, trap.label, _share(world, trap), f"{trap.floor:.0%}")
    return table


def _names(world: World) -> Table:
    table = Table("feature", "in the cases", title="Names")
    for feature, names in world.veil.items():
        table.add_row(feature, ", ".join(names))
    return table


def _effects(world: World) -> Table:
    hidden = world.hidden
    table = Table("effect on all cases", "points", title="Small effects")
    for name, effect in _named(hidden.advice.items(), hidden.structure.items()):
        table.add_row(name, f"{100 * effect:+.1f}")
    table.add_row("worked examples (three or more)", f"{100 * hidden.demonstrations:+.1f}")
    table.add_row("right where no rule is needed", f"{hidden.ability:.0%}")
    return table


def _named(advice: Iterable[tuple[str, float]], structure: Iterable[tuple[str, float]]) -> Iterable[tuple[str, float]]:
    yield from ((f"advice: {name}", effect) for name, effect in advice)
    yield from ((f"structure: {name.replace('_', ' ')}", effect) for name, effect in structure)


def _share(world: World, hidden: Rule | Trap) -> str:
    number = sum(hidden in (*truth.rules, *truth.traps) for truth in world.truths.values())
    return f"{number} ({number / len(world.truths):.0%})"


def _show_prompt(world: World, console: Console, title: str, text: str) -> None:
    parts = {"train": world.splits.train, "dev": world.splits.dev, "test": world.splits.test}
    figures = ", ".join(f"{name} {world.accuracy(text, cases):.1%}" for name, cases in parts.items())
    console.print(f"\n[bold]{title}[/bold] (true accuracy: {figures})")
    console.print(text, markup=False)
