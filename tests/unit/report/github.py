"""What GitHub makes of Markdown: its own parser (cmark-gfm), then what its later filters would find in the text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]  # publishes no types
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]  # likewise

DEAD = {"code", "pre"}
LIVE_TEXT = {
    "mention": re.compile(r"(?<![\w`])@[A-Za-z0-9]"),
    "issue": re.compile(r"(?<!&)#\d|\bGH-\d", re.IGNORECASE),
    "commit": re.compile(r"[0-9a-f]{7,}", re.IGNORECASE),
    "address": re.compile(r"\w://\w|\bwww\.\w|\w@\w", re.IGNORECASE),
    "emoji": re.compile(r":[a-z0-9_+-]+:"),
    "security advisory": re.compile(r"\b(GHSA|CVE)-\w", re.IGNORECASE),
}


class Page(HTMLParser):
    """The tags of a page, its text, and the text that GitHub's filters look at."""

    def __init__(self, markdown: str):
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self.filtered = ""
        self._open: list[str] = []
        self.html: str = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"br", "img", "hr", "input"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.text += data
        dead = DEAD & set(self._open)
        self.filtered += " " if dead else data

    @property
    def live(self) -> list[str]:
        """What GitHub would turn into a mention, a reference, a link or an image."""
        found = [tag for tag in self.tags if tag in {"a", "img", "script", "iframe", "input", "form", "style"}]
        return found + [f"{kind}: {hit[0]}" for kind, rule in LIVE_TEXT.items() if (hit := rule.search(self.filtered))]
