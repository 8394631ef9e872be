"""The golden texts in `golden/`; `python -m tests.surface.golden` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from tests.surface.page import Piece
from tests.surface.situations import ALL

FOLDER = Path(__file__).parent / "golden"
STATE = re.compile(r"^<!-- apo-ci:state .* -->$", re.MULTILINE)
FENCED = re.compile(r"^(`{3,}\w*)\n(.*?)\n(`{3,})$", re.MULTILINE | re.DOTALL)
SHOWN_LINES = 20
NEXT = "\n<!-- the next text -->\n\n"


def path_of(situation: str) -> Path:
    """The file that holds the expected text."""
    return FOLDER / f"{situation}.md"


def _shortened(match: re.Match[str]) -> str:
    lines = match[2].split("\n")
    if len(lines) <= SHOWN_LINES:
        return match[0]
    return "\n".join([match[1], *lines[:SHOWN_LINES], f"({len(lines) - SHOWN_LINES} more lines)", match[3]])


def golden(pieces: tuple[Piece, ...]) -> str:
    """The texts of a situation as the file holds them: without the comment's memory, and with blocks cut short."""
    texts = (f"Title: {piece.text}\n" if piece.is_title else f"{piece.text.rstrip()}\n" for piece in pieces)
    return FENCED.sub(_shortened, STATE.sub("<!-- apo-ci:state … -->", NEXT.join(texts)))


if __name__ == "__main__":
    for situation, pieces in ALL.items():
        path_of(situation).write_text(golden(pieces), encoding="utf-8")
