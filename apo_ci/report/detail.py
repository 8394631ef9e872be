"""How much of a report a Markdown rendering shows, and what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is shown: numbers of rows, lines, nodes and characters; 0 leaves the thing out."""

    provenance: bool = True
    ledger: bool = True
    chart_nodes: int = 30
    whole_prompt: int = 8_000
    cases: int = 10
    excerpt: int = 90
    gradients: int = 6
    tradeoff: bool = True
    hunks: int = 8
    diff_lines: int = 120
    sections: int = 1_000
    full_sections: int = 1_000
    rows: int = 1_000
    notes: int = 100
    every_prompt: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What readers must know besides the report, each a piece of our own Markdown; empty is nothing.

    `origin` stands under the verdict: where the figures come from. `taking` stands after the suggestion: how to apply
    it, or what came of it. `account` ends the last line: what the pull request has spent.
    """

    origin: str = ""
    taking: str = ""
    account: str = ""


NOTHING_BESIDE = Beside()
