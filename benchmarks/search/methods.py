"""What is compared: this search, its ablations, the paper's baselines, every selector, and the peers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from apo_ci.config import SearchSettings


@dataclass(frozen=True, slots=True)
class Method:
    """A way to search. Its `settings` are put over the defaults of `search:`.

    A peer has the name of its `package`, and its `settings` are those of its adapter.
    """

    name: str
    what: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    package: str | None = None


OWN = "apo"
REFERENCE = "protegi"
_LIST = (
    Method(OWN, "this search, default settings"),
    Method(REFERENCE, "the configuration of arXiv 2305.03495", {"preset": "protegi"}),
    Method("monte_carlo", "the paper's paraphrasing baseline", {"optimizer": "monte_carlo"}),
    Method("reinforce", "the paper's policy-gradient baseline", {"optimizer": "reinforce"}),
    Method("autogpt", "the paper's agent baseline", {"optimizer": "autogpt"}),
    Method("uniform", "every candidate gets the same cases", {"selector": "uniform"}),
    Method("no_demonstrations", "no worked examples", {"demonstrations": 0}),
    Method("successive_halving", "the default selector, by name", {"selector": "successive_halving"}),
    Method("ucb", "upper confidence bounds", {"selector": "ucb"}),
    Method("ucb_e", "UCB-E", {"selector": "ucb_e"}),
    Method("successive_rejects", "successive rejects", {"selector": "successive_rejects"}),
    Method("racing", "paired racing", {"selector": "racing"}),
    Method("gepa", "GEPA (arXiv 2507.19457), the best settings that were found", package="gepa"),
    Method("gepa_default", "GEPA, its own defaults", {"minibatch": 3, "validation": None}, package="gepa"),
    Method("capo", "CAPO (arXiv 2504.16005), of promptolution", package="promptolution"),
)
METHODS = {method.name: method for method in _LIST}
GROUPS = {
    "all": tuple(METHODS),
    "own": tuple(name for name, method in METHODS.items() if method.package is None),
    "baselines": (REFERENCE, "monte_carlo", "reinforce", "autogpt"),
    "selectors": ("successive_halving", "ucb", "ucb_e", "successive_rejects", "racing", "uniform"),
    "peers": tuple(name for name, method in METHODS.items() if method.package is not None),
}


def named(names: str) -> tuple[Method, ...]:
    """The methods of a comma-separated list of names and groups, each once; `ValueError` for an unknown name."""
    found: dict[str, Method] = {}
    for name in filter(None, (name.strip() for name in names.split(","))):
        if name not in METHODS and name not in GROUPS:
            raise ValueError(f"there is no method {name!r}; there are {', '.join((*METHODS, *GROUPS))}")
        found.update((each, METHODS[each]) for each in GROUPS.get(name, (name,)))
    return tuple(found.values())


def settings_of(method: Method, seed: int) -> SearchSettings:
    """The `search:` settings of `method`; pydantic's `ValidationError` where one of them does not exist."""
    return SearchSettings.model_validate({**method.settings, "seed": seed})


def obstacle(method: Method) -> str | None:
    """Why `method` cannot run here; `None` when it can."""
    if method.package is not None:
        absent = importlib.util.find_spec(method.package) is None
        return f"{method.package} is not installed (benchmarks/search/peers/requirements.txt)" if absent else None
    try:
        settings_of(method, 0)
    except ValidationError as problem:
        return "; ".join(f"search.{error['loc'][0]}: {error['msg']}" for error in problem.errors())
    return None
