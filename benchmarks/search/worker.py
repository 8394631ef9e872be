"""A process that carries out plans: options and plans come in on stdin, a line each, and runs go out on stdout.

A process of its own lets each method run with the interpreter that has its package, and a crash cost little.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby

from benchmarks.search import real, simulated
from benchmarks.search.results import Plan, Run, as_json
from benchmarks.search.server import Server
from benchmarks.search.world import make_world

Setting = tuple[str, int, bool, bool, float]


def setting_of(plan: Plan) -> Setting:
    """What plans must share to share a server. A simulated world's number is its seed."""
    return plan.suite, plan.seed, plan.null, plan.veiled, plan.latency


def carry_out(plans: Iterable[Plan], options: real.Options) -> Iterator[Run]:
    """The runs of `plans`, one after the other."""
    for (suite, seed, null, veiled, latency), group in groupby(plans, key=setting_of):
        if suite == real.SUITE:
            for plan in group:
                yield attempt(plan, partial(real.run, options=options))
            continue
        world = make_world(seed, null=null, veiled=veiled)
        with Server(world, latency=latency) as server:
            for plan in group:
                yield attempt(plan, partial(simulated.run, world=world, server=server))


def attempt(plan: Plan, action: Callable[[Plan], Run]) -> Run:
    """What `action` makes of `plan`; what goes wrong is noted, so that the other runs go on."""
    try:
        return action(plan)
    except Exception as problem:
        return Run(plan=plan, error=f"{type(problem).__name__}: {problem}")


def main() -> None:
    """Read, carry out, print. What libraries print goes to stderr."""
    out, lines = sys.stdout, iter(sys.stdin)
    options = real.Options(**json.loads(next(lines)))
    plans = [Plan(**json.loads(line)) for line in lines]
    with contextlib.redirect_stdout(sys.stderr):
        for run in carry_out(plans, options):
            print(json.dumps(as_json(run)), file=out, flush=True)


if __name__ == "__main__":
    main()
