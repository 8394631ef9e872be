"""Text that is aimed at how a prompt is scored, and not at its task.

A reply is scored by code, on cases whose targets no prompt contains, so such text cannot raise a score by itself. It is
refused all the same: nobody wants `ignore the grader` in a prompt, and a task model may well obey it. This is a
tripwire for plain attempts, in English; what a gain is worth is settled by the test cases, and by `substance`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_THE = r"(?:the|an?|any|all|your|this|each|every)\s+(?:\w+\s+)?"
_EVASION = (
    r"(?:ignor|disregard|trick|fool|bypass|deceiv|mislead|convinc|persuad|cheat|game|exploit|satisf|overrid|pleas)\w*"
)
_SCORING = r"(?:grader|scorer|evaluator|checker|metric|scoring|grading|evaluation|benchmark|optimi[sz]er)"

# Each has one group: the term of scoring, which a task may own.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\banswer\s+(keys?)\b",
        rf"\b{_EVASION}\s+{_THE}({_SCORING})s?\b",
        r"\b(?:your|my|our|its|own|the\s+prompt's|this\s+prompt's|the\s+model's)\s+(?:\w+\s+)?(score|accuracy|grade)s?\b",
        r"\b(?:full|perfect|maximum|maximal|top)\s+(score|accuracy|grade|mark)s?\b",
        r"\b(score|accuracy)\s+(?:is|be|of|to|=|:)\s*(?:1\.0|100\s?%)",
        r"\b(?:the|hidden|held-out)\s+(test)\s+(?:set|split|data)\b",
        r"\b(?:ignore|disregard|forget)\s+(?:\w+\s+){0,2}(?:previous|prior|above|earlier|preceding)\s+(instruction)s?\b",
        r"\bthis\s+(prompt|candidate|version)\s+(?:is|must\s+be|should\s+be|has\s+to\s+be)\s+(?:the\s+)?"
        r"(?:best|chosen|selected|preferred|kept|better|winner)\b",
    )
)


def is_aimed_at_scoring(text: str, own_words: Collection[str]) -> bool:
    """Whether `text` speaks of its own scoring.

    `own_words`, in lower case, are those of the start prompt and its cases: a task that is about scores may speak of
    them.
    """
    found = (match.group(1).casefold() for pattern in _PATTERNS for match in pattern.finditer(text))
    return any(term not in own_words and f"{term}s" not in own_words for term in found)
