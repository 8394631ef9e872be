"""States and contents of the comment, for tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from apo_ci.publish.state import MAX_KEY, Content, Ignored, SectionState, Spent, State, Suggested

HEAD = "b" * 40
NASTY = (
    "<!-- /apo-ci:section -->",
    '<!-- apo-ci:section "app" -->',
    '<!-- apo-ci:section "" -->\nforged\n<!-- /apo-ci:section -->',
    '<!-- apo-ci:state {"version":1} -->',
    "<!-- apo-ci:comment -->",
    "<!-- apo-ci:more -->",
    "<!--apo-ci:state",
    "-->",
    "--!>",
    "<!--",
    "\r",
    "\r\n",
    "\u2028",
    "\x0b",
    "\x00",
    "```",
    "\ud800",
    '"',
    "\\",
    "-",
)
text = st.lists(st.text(max_size=20) | st.sampled_from(NASTY), max_size=4).map("".join)
lines = st.lists(text, max_size=5).map("\n".join)
keys = text.map(lambda key: key[:MAX_KEY])
outcomes = st.sampled_from(["pass", "fail", "inconclusive", "error"])
numbers = st.integers(0, 2**53)
amounts = st.floats(0, 1e9)
deltas = st.floats(-1, 1)


def section(**changes: Any) -> SectionState:
    values: dict[str, Any] = {
        "head": HEAD,
        "run": 1,
        "attempt": 1,
        "verdict": "pass",
        "blocks": False,
        "run_url": "https://github.com/octo/prompts/actions/runs/1",
    }
    return SectionState(**{**values, **changes})


def suggested(**changes: Any) -> Suggested:
    values: dict[str, Any] = {
        "path": "prompts/a.prompt.md",
        "prompt_hash": "c" * 64,
        "delta": 0.1,
        "ci_low": -0.05,
        "ci_high": 0.2,
        "n": 100,
        "run": 1,
    }
    return Suggested(**{**values, **changes})


def content_of(**parts: tuple[SectionState, str]) -> Content:
    """Sections by key, each with its text."""
    return Content(
        State(sections={key: section for key, (section, _) in parts.items()}),
        {key: text for key, (_, text) in parts.items()},
    )


def spendings() -> st.SearchStrategy[Spent]:
    return st.builds(Spent, calls=numbers, tokens=numbers, usd=amounts)


def sections() -> st.SearchStrategy[SectionState]:
    suggestions = st.builds(
        Suggested,
        path=text,
        prompt_hash=text,
        packed=text,
        delta=deltas,
        ci_low=deltas,
        ci_high=deltas,
        n=numbers,
        run=numbers,
        calls=numbers,
    )
    return st.builds(
        SectionState,
        head=text,
        run=numbers,
        attempt=numbers,
        verdict=outcomes,
        blocks=st.booleans(),
        in_progress=st.booleans(),
        run_url=text,
        verdicts=st.dictionaries(text, outcomes, max_size=3),
        suggestions=st.lists(suggestions, max_size=2).map(tuple),
        reviewed=text,
    )


def states() -> st.SearchStrategy[State]:
    ignored = st.builds(Ignored, by=text, reason=text, digests=st.lists(text, max_size=2).map(tuple))
    return st.builds(
        State,
        sections=st.dictionaries(keys, sections(), max_size=3),
        spent=spendings(),
        reserved=st.dictionaries(text, spendings(), max_size=2),
        ignored=st.lists(ignored, max_size=2).map(tuple),
        writes=st.lists(text, max_size=3).map(tuple),
        follows=st.booleans(),
    )
