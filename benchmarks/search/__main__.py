"""Search with every method in the same worlds, at equal cost, and sum up.

python -m benchmarks.search --suite simulated --methods all --seeds 0:30 --budget 500,1000,1500,3000 --out results.json

A run that is in OUT.jsonl is not repeated, so that an interrupted benchmark goes on where it was. Delete that file
after a change of the code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from rich.console import Console

from benchmarks.search import real, simulated
from benchmarks.search.dispatch import Interpreters, carry_out, obstacle
from benchmarks.search.methods import METHODS, Method, named
from benchmarks.search.results import Journal, Plan, Run, write_runs
from benchmarks.search.summary import summarize
from benchmarks.search.table import terminal


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.search", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--suite", choices=(simulated.SUITE, real.SUITE), default=simulated.SUITE)
    add("--methods", default="apo,protegi", help=f"names and groups: {', '.join(METHODS)}; all, own, baselines, …")
    add("--seeds", default="0:30", help="first:last+1, or a list: 1,5,9")
    add("--budget", default="1500", help="caps on calls: 500,1000,1500,3000")
    add("--null", action="store_true", help="worlds in which nothing helps")
    add("--veiled", action="store_true", help="worlds whose cases share no word with the rules")
    add("--latency", type=float, default=0.0, help="seconds before each answer of the simulated server")
    add("--concurrency", type=int, default=32)
    add("--jobs", type=int, default=2, help="worker processes")
    add("--out", type=Path, default=Path("results.json"))
    add("--peer-python", default=sys.executable, help="the interpreter that has the peers' packages")
    add("--tasks", help="of the real suite (default: all)")
    add("--data", help="a folder with the paper's tasks; without one: this repository's own tasks")
    add("--base-url", help="the real suite's endpoint")
    add("--model", help="the model there")
    add("--optimizer-model", help="the model that writes prompts, where it is another")
    add("--api-key-env", default="OPENAI_API_KEY")
    return parser


def numbers(text: str) -> list[int]:
    """`first:last+1`, or numbers with commas between them."""
    if ":" in text:
        first, last = text.split(":")
        return list(range(int(first), int(last)))
    return [int(number) for number in text.split(",")]


def plans_of(arguments: argparse.Namespace, methods: Sequence[Method], options: real.Options) -> Iterator[Plan]:
    """Every plan that the command line asks for, method by method."""
    for method, budget, seed in product(methods, numbers(arguments.budget), numbers(arguments.seeds)):
        plan = Plan(arguments.suite, method.name, str(seed), seed, budget, concurrency=arguments.concurrency)
        if arguments.suite == simulated.SUITE:
            yield replace(plan, null=arguments.null, veiled=arguments.veiled, latency=arguments.latency)
        else:
            names = arguments.tasks.split(",") if arguments.tasks else real.tasks(options)
            yield from (replace(plan, problem=name) for name in names)


def options_of(arguments: argparse.Namespace) -> real.Options:
    """Where tasks and models of the real suite come from."""
    return real.Options(
        data=arguments.data,
        base_url=arguments.base_url,
        model=arguments.model,
        optimizer_model=arguments.optimizer_model,
        api_key_env=arguments.api_key_env,
        concurrency=arguments.concurrency,
    )


def usable(methods: Sequence[Method], suite: str, interpreters: Interpreters, console: Console) -> list[Method]:
    """Those that can run; the others are named, with the reason."""
    found = []
    for method in methods:
        peerless = suite == real.SUITE and method.package is not None
        reason = "peers run in simulated worlds only" if peerless else obstacle(method, interpreters)
        if reason is None:
            found.append(method)
        else:
            console.print(f"Skipped {method.name}: {reason}", markup=False)
    return found


def told(run: Run) -> str:
    """One line about a run."""
    plan = run.plan
    kind = "".join(f" ({name})" for name, is_it in (("null", plan.null), ("veiled", plan.veiled)) if is_it)
    head = f"{plan.method} on {plan.problem}{kind} within {plan.budget}"
    if run.error is not None:
        return f"{head}: failed: {run.error}"
    end = f"{run.status}, {run.gain:+.1f} ({run.winner_gain:+.1f}) from {run.start_score:.1f}"
    return f"{head}: {end}, {run.calls} calls, {run.seconds:.1f} s, {run.finish_reason}"


def main() -> None:
    """Run what is missing, write all, print the tables."""
    arguments = parser().parse_args()
    console, options = Console(stderr=True, width=160), options_of(arguments)
    interpreters = Interpreters(sys.executable, arguments.peer_python)
    try:
        methods = usable(named(arguments.methods), arguments.suite, interpreters, console)
        plans = list(plans_of(arguments, methods, options))
    except ValueError as problem:
        parser().error(str(problem))
    journal = Journal(Path(f"{arguments.out}.jsonl"))
    open_plans = journal.open_plans(plans)
    console.print(f"{len(plans)} runs, {len(plans) - len(open_plans)} of them finished before")
    for number, run in enumerate(carry_out(open_plans, options, interpreters, arguments.jobs), start=1):
        journal.add(run)
        console.print(f"{number}/{len(open_plans)} {told(run)}", markup=False, highlight=False)
    runs = journal.runs(plans)
    write_runs(arguments.out, runs)
    rows = summarize(runs)
    for null, veiled in sorted({(row.null, row.veiled) for row in rows}):
        Console(width=170).print(terminal(rows, null=null, veiled=veiled))


if __name__ == "__main__":
    main()
