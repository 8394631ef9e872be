"""The project's pages for people, and what stands in them: code blocks, code spans, tables, links."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md"),
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)
FENCE = re.compile(r"^(?P<fence>```+)(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def page(name: str) -> str:
    """The text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, *languages: str) -> list[str]:
    """The fenced blocks of these languages, in order."""
    return [found["text"] for found in FENCE.finditer(page(name)) if found["language"] in languages]


def file_after(name: str, path: str) -> str:
    """The block that follows the first mention of a file on a page."""
    text = page(name)
    found = FENCE.search(text, text.index(f"`{path}`"))
    assert found is not None, f"{name} does not show {path}"
    return found["text"]


def prose(name: str) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page(name))


def section(name: str, heading: str) -> str:
    """What stands between a heading of any level and the next heading."""
    found = re.search(rf"^#+ +{re.escape(heading)}\n(.*?)(?=^#+ |\Z)", page(name), re.DOTALL | re.MULTILINE)
    assert found is not None, f"{name} has no heading {heading}"
    return found[1]


def tables(text: str) -> list[list[tuple[str, ...]]]:
    """The tables of a text, each as its rows of cells without the header."""
    found = re.findall(r"(?:^\|.*\n)+", f"{text}\n", re.MULTILINE)
    return [
        [tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in table.splitlines()[2:]]
        for table in found
    ]


def anchors(name: str) -> set[str]:
    """What `#…` may follow a page's address: GitHub's names for its headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose(name)))
    return set(plain)
