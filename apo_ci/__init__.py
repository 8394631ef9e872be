"""apo-ci: the pull-request check for prompts.

The Python API, importable from here:

- `evaluate(prompt, cases, model=…, scorer=…)` scores a prompt on cases: `EvaluationResult`.
- `optimize(prompt, cases, model=…, scorer=…)` searches for a better prompt: `SearchResult`.
- `ModelSettings`, `SearchSettings`, `Budget`, `Parameters`, `Price`, `SplitFractions`: the settings that they take.
- `ApoError`: the base of everything raised on purpose.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apo_ci.api import EvaluationResult, evaluate, optimize
    from apo_ci.config import Budget, ModelSettings, Parameters, Price, SearchSettings
    from apo_ci.errors import ApoError
    from apo_ci.inputs.splits import SplitFractions
    from apo_ci.search.result import SearchResult

__all__ = [
    "ApoError",
    "Budget",
    "EvaluationResult",
    "ModelSettings",
    "Parameters",
    "Price",
    "SearchResult",
    "SearchSettings",
    "SplitFractions",
    "evaluate",
    "optimize",
]

_HOMES = {
    "ApoError": "errors",
    "EvaluationResult": "api",
    "SearchResult": "search.result",
    "SplitFractions": "inputs.splits",
    "evaluate": "api",
    "optimize": "api",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for, so that `apo-ci --help` stays quick (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"apo_ci.{_HOMES.get(name, 'config')}"), name)
