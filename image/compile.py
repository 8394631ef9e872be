"""Import everything that a run can need and keep each module's bytecode. Used by the Dockerfile alone.

A container starts from the same files every time and cannot keep what it compiles, so what is missing here is compiled
anew at each start: without it the first request comes a second and a half later. The official Python images carry no
bytecode, not even the standard library's. The hashes are not checked again (PEP 552), so that copying may change times.
"""

from __future__ import annotations

import importlib
import pkgutil
import py_compile
import sys
from types import ModuleType

import apo_ci

ONLY_WITH_EXTRAS = frozenset({"apo_ci.lm.local"})
LATE = (  # what is imported at the first use, by apo-ci or by a library
    "aiohttp.connector",
    "asyncio.sslproto",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_8_sig",
    "genai_prices",
    "httpx2",
    "jsonschema",
    "openai.resources.chat.completions",
    "re2",
    "requests",
    "rich.progress",
    "rich.table",
    "rouge_score.rouge_scorer",
    "scipy.special",
    "sqlite3",
)


def main() -> None:
    """Import, then compile what was imported."""
    for found in pkgutil.walk_packages(apo_ci.__path__, "apo_ci."):
        if found.name not in ONLY_WITH_EXTRAS:
            importlib.import_module(found.name)
    for name in LATE:
        importlib.import_module(name)
    compiled = sum(keep_bytecode(module) for module in list(sys.modules.values()))
    sys.stdout.write(f"{compiled} modules compiled\n")


def keep_bytecode(module: ModuleType) -> bool:
    """Whether `module` came from a Python file, whose bytecode is then beside it."""
    source = getattr(module, "__file__", None)
    if source is None or not source.endswith(".py") or module.__name__ == "__main__":
        return False
    py_compile.compile(source, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return True


if __name__ == "__main__":
    main()
